"""Over a real port: certificates of members, what is no HTTP, and a cosigned log."""

from __future__ import annotations

import datetime as dt
import socket
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from tests.forum.taxii.hub import SHARED, TAXII, TOKENS, asking, indicator, settings
from tests.forum.taxii.running import running

from stillwatch.cases import Signer
from stillwatch.forum.log import NoteKey, cosigned, key_text, read_note
from stillwatch.forum.taxii import Credentials, Inbox, Member, Remote, RemoteError, accept_all, pull


def certificate(
    folder: Path, name: str, by: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None
) -> tuple[Path, Path, x509.Name, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signing = by or (subject, key)
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(signing, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return *paths, subject, key


def test_a_member_is_known_by_its_certificate_and_no_other_is_let_in(tmp_path: Path) -> None:
    root, _, issuer, signing = certificate(tmp_path, "authority")
    shown, key, _, _ = certificate(tmp_path, "localhost", (issuer, signing))
    mine, mine_key, _, _ = certificate(tmp_path, "lab-a", (issuer, signing))
    strange, strange_key, _, _ = certificate(tmp_path, "lab-z", (issuer, signing))
    members = [Member(name="lab-a", certificate="CN=lab-a"), *settings(tmp_path).member[1:]]
    with running(settings(tmp_path, member=members), certificate=shown, key=key, clients=root) as port:
        address = f"https://localhost:{port}/forum/collections/{SHARED}/"
        one = Remote(address, Credentials(certificate=mine, key=mine_key), authorities=root)
        assert one.push(b'{"objects":[]}').total_count == 0
        one.close()
        two = Remote(address, Credentials(certificate=strange, key=strange_key), authorities=root)
        try:
            two.push(b'{"objects":[]}')
            status = 0
        except RemoteError as error:
            status = error.status
        two.close()
    assert status == 401


def test_what_is_no_http_gets_a_taxii_error(tmp_path: Path) -> None:
    with running(settings(tmp_path)) as port, socket.create_connection(("127.0.0.1", port), 5) as wire:
        wire.sendall(b"GET \x00 nonsense\r\n\r\n")
        told = wire.recv(4096)
    assert told.startswith(b"HTTP/1.1 400")
    assert TAXII.encode() in told
    assert b'"http_status":"400"' in told


def test_members_hold_the_hub_to_its_log(tmp_path: Path) -> None:
    witness = Signer(Ed25519PrivateKey.generate())
    key = NoteKey(name="lab-a", key=witness.public, witness=True)
    members = [
        Member(name="lab-a", token_sha256=TOKENS["lab-a"][1], witness_key=key_text(key)),
        *settings(tmp_path).member[1:],
    ]
    with asking(settings(tmp_path, member=members)) as ask:
        ask.push(indicator(1))
        note = read_note(ask("GET", "/log/checkpoint").body.decode())
        signed = cosigned(note, "lab-a", witness, at=1_700_000_000)
        assert ask("POST", "/log/cosign", body=str(signed).encode()).json == {
            "signatures": ["hub.example/log", "lab-a"]
        }
        assert "lab-a" in ask("GET", "/log/checkpoint").body.decode()
        assert ask("POST", "/log/cosign", body=str(note).encode()).status == 422
        assert ask("POST", "/log/cosign", as_="lab-b", body=str(signed).encode()).status == 403
        forged = cosigned(
            type(note)(text=note.text.replace("\n1\n", "\n0\n"), lines=note.lines), "lab-a", witness, at=1
        )
        assert ask("POST", "/log/cosign", body=str(forged).encode()).status == 422
        for old, new in (("\n1\n", "\n9\n"), ("hub.example/log\n1", "other.example/log\n1")):
            changed = cosigned(type(note)(text=note.text.replace(old, new), lines=note.lines), "lab-a", witness, at=1)
            assert ask("POST", "/log/cosign", body=str(changed).encode()).status == 422
        ask.push(indicator(2))
        assert len(ask("GET", "/log/consistency", query={"first": "1", "second": "2"}).json) == 1
        assert ask("GET", "/log/inclusion", query={"seq": "1", "size": "2"}).status == 200
        assert ask("GET", "/log/consistency", query={"first": "2", "second": "9"}).status == 400
        assert len(ask("GET", "/log/leaves", query={"start": "0", "end": "99"}).json) == 2
        for number in ("9" * 400, "9" * 16, "\u00b2", "-1", "1e3", ""):
            assert ask("GET", "/log/leaves", query={"start": number, "end": number}).status == 400
        assert ask("GET", "/log/mine", as_="lab-b", query={"start": "0"}).json["events"] == []


def test_a_pull_over_a_real_port_leaves_a_trace_of_who_has_what(tmp_path: Path) -> None:
    hub = settings(tmp_path)
    with asking(hub) as ask:
        ask.push(indicator(1))
    with running(hub) as port:
        box = Inbox(tmp_path / "inbox.sqlite")
        one = Remote(f"http://127.0.0.1:{port}/forum/collections/{SHARED}/", Credentials(token=TOKENS["lab-b"][0]))
        pull(one, box, accept=accept_all)
        one.close()
        box.close()
    with asking(hub) as ask:
        path = f"/forum/collections/{SHARED}/objects/{indicator(1)['id']}/holders/"
        assert [one["member"] for one in ask("GET", path).json["holders"]] == ["lab-b"]
