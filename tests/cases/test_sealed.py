"""A sealed file says one thing in one form: whatever is changed in it is found, and what was taken out was told."""

from __future__ import annotations

import io
import json
import random
import subprocess
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.cases import Desk, PublicKey, Signer, export, make_key, read_public, read_signer, redact, seal, verified
from stillwatch.cases.archive import pack, unpack
from stillwatch.cases.canonical import canonical, read_canonical
from stillwatch.cases.dsse import envelope
from stillwatch.cases.sealing import ENVELOPE, FORM, MANIFEST, REDACTION
from stillwatch.core import CaseError, TamperingFound

from .desk import desk, opening

REVIEWER = Signer(Ed25519PrivateKey.from_private_bytes(b"r" * 32))


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """A desk with one case of two members."""
    made = desk(tmp_path)
    made.open(opening(members=2), by="mary")
    return made


@pytest.fixture
def sealed(at: Desk) -> Path:
    """That case, sealed by the collector and a reviewer."""
    return seal(at, next(iter(at.cases())), by="mary", why="for counsel", reviewer=REVIEWER)


def keys(at: Desk) -> list[PublicKey]:
    return [at.signer.public, REVIEWER.public]


def test_a_sealed_file_holds_the_whole_case(at: Desk, sealed: Path) -> None:
    told = verified(sealed.read_bytes(), keys(at))
    kinds = [item.kind for item in told.items]
    assert {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)} == {
        "case": 1,
        "finding": 1,
        "exculpatory": 2,
        "statement": 2,
        "test": 1,
        "factor": 4,
        "family": 1,
        "link": 1,
        "timeline": 1,
        "member": 2,
        "event": 1,
    }
    assert told.signed == (at.signer.public.id, REVIEWER.public.id)
    assert told.seal["journal"]["seq"] == 1
    assert told.removed == {}


def test_families_links_and_the_timeline_are_items_that_can_be_taken_out_alone(at: Desk, sealed: Path) -> None:
    kinds = Counter(item.kind for item in verified(sealed.read_bytes(), keys(at)).items)
    assert (kinds["family"], kinds["link"], kinds["timeline"]) == (1, 1, 1)
    copy = redact(at, sealed, {"family": "third party"}, by="mary", why="x", keys=keys(at))
    assert b"step by step" in sealed.read_bytes()
    assert b"step by step" not in copy.read_bytes()


def test_the_same_case_seal_and_salts_give_the_same_bytes(at: Desk) -> None:
    from stillwatch.cases.sealing import Seal, sealed_case

    (case,) = at.cases().values()
    told = Seal(at="2026-11-01T00:00:00Z", reviewer="mary", version="0", journal=at.journal.head())
    one, other = (sealed_case(case, told, [REVIEWER], salt=iter(map(str, range(99))).__next__) for _ in range(2))
    assert one == other
    assert sealed_case(case, told, [REVIEWER]) != one


def test_every_changed_byte_of_a_sealed_file_is_found(at: Desk, sealed: Path) -> None:
    assert_all_found(sealed.read_bytes(), keys(at), 250)


def test_every_changed_byte_of_a_redacted_copy_is_found(at: Desk, sealed: Path) -> None:
    copy = redact(at, sealed, {"000011": "a bystander"}, by="mary", why="peer", keys=keys(at))
    assert_all_found(copy.read_bytes(), keys(at), 250)


def assert_all_found(whole: bytes, known: list[PublicKey], changes: int) -> None:
    rng = random.Random(8)  # noqa: S311 - places of changes, no secret
    for _ in range(changes):
        changed = bytearray(whole)
        place = rng.randrange(len(whole))
        changed[place] ^= rng.randrange(1, 256)
        with pytest.raises(TamperingFound):
            verified(bytes(changed), known)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data + b"\0", "packed again"),
        (lambda data: data[:-512], r"."),
        (lambda data: data[:700], r"."),
        (lambda data: b"", r"."),
        (lambda data: data[:-1024] + data, "packed again"),
    ],
)
def test_bytes_added_or_cut_are_found(at: Desk, sealed: Path, change: Callable[[bytes], bytes], message: str) -> None:
    with pytest.raises(TamperingFound, match=message):
        verified(change(sealed.read_bytes()), keys(at))


def repacked(sealed: Path, change: Callable[[dict[str, bytes]], None]) -> bytes:
    files = unpack(sealed.read_bytes())
    change(files)
    return pack(files)


def without(name: str) -> Callable[[dict[str, bytes]], None]:
    def leave_out(files: dict[str, bytes]) -> None:
        del files[name]

    return leave_out


def test_an_item_that_is_quietly_left_out_is_missed(at: Desk, sealed: Path) -> None:
    data = repacked(sealed, without("items/000003.json"))
    with pytest.raises(TamperingFound, match="item 000003 is missing, and no redaction"):
        verified(data, keys(at))


def test_an_item_that_is_put_in_is_found(at: Desk, sealed: Path) -> None:
    data = repacked(sealed, lambda files: files.update({"items/000099.json": b"{}"}))
    with pytest.raises(TamperingFound, match="manifest does not know"):
        verified(data, keys(at))


def test_another_case_under_the_same_envelope_is_found(at: Desk, sealed: Path) -> None:
    def swap(files: dict[str, bytes]) -> None:
        told = read_canonical(files[MANIFEST])
        files[MANIFEST] = canonical(told | {"case": "C-0000000000000"})

    with pytest.raises(TamperingFound, match="vouches for something else"):
        verified(repacked(sealed, swap), keys(at))


def test_a_seal_by_a_stranger_is_refused(at: Desk, sealed: Path) -> None:
    stranger = Signer(Ed25519PrivateKey.generate())

    def swap(files: dict[str, bytes]) -> None:
        import hashlib

        files[ENVELOPE] = envelope(FORM, hashlib.sha256(files[MANIFEST]).hexdigest(), MANIFEST, {}, [stranger])

    with pytest.raises(TamperingFound, match="whose public key was not given"):
        verified(repacked(sealed, swap), keys(at))


def test_a_signature_whose_key_is_not_given_is_not_passed_over(at: Desk, sealed: Path) -> None:
    with pytest.raises(TamperingFound, match="public key was not given"):
        verified(sealed.read_bytes(), [at.signer.public])


def test_a_signature_that_is_taken_off_is_missed(at: Desk, sealed: Path) -> None:
    """DSSE signs no list of signers; the seal does."""

    def strip(files: dict[str, bytes]) -> None:
        told = read_canonical(files[ENVELOPE])
        files[ENVELOPE] = canonical(told | {"signatures": told["signatures"][:1]})

    with pytest.raises(TamperingFound, match="the seal names 2 keys"):
        verified(repacked(sealed, strip), keys(at))


def test_a_redacted_copy_proves_what_is_left_and_tells_what_is_gone(at: Desk, sealed: Path) -> None:
    whole = verified(sealed.read_bytes(), keys(at))
    member = next(item.number for item in whole.items if item.kind == "member")
    copy = redact(at, sealed, {member: "a bystander"}, by="mary", why="peer", keys=keys(at))
    told = verified(copy.read_bytes(), keys(at))
    assert told.removed == {member: ("member", "a bystander")}
    assert told.items == tuple(item for item in whole.items if item.number != member)
    assert told.files[MANIFEST] == whole.files[MANIFEST]
    assert told.files[ENVELOPE] == whole.files[ENVELOPE]
    twice = redact(at, copy, {told.items[-1].number: "later"}, by="mary", why="peer", keys=keys(at))
    assert set(verified(twice.read_bytes(), keys(at)).removed) == {member, told.items[-1].number}


def test_nothing_of_a_removed_item_is_left_and_its_hash_is_salted(at: Desk, sealed: Path) -> None:
    whole = verified(sealed.read_bytes(), keys(at))
    item = next(item for item in whole.items if item.kind == "member")
    copy = redact(at, sealed, {item.number: "a bystander"}, by="mary", why="peer", keys=keys(at))
    assert item.content["handle"].encode() not in copy.read_bytes()
    salts = {json.loads(data)["salt"] for name, data in whole.files.items() if name.startswith("items/")}
    assert len(salts) == len(whole.items)
    assert {len(salt) for salt in salts} == {64}


@pytest.mark.parametrize("kind", ["case", "exculpatory"])
def test_what_speaks_for_the_accused_stays_in_every_copy(at: Desk, sealed: Path, kind: str) -> None:
    number = next(i.number for i in verified(sealed.read_bytes(), keys(at)).items if i.kind == kind)
    with pytest.raises(CaseError, match="stays in every copy"):
        redact(at, sealed, {number: "awkward"}, by="mary", why="", keys=keys(at))


def test_a_redaction_that_is_forged_is_refused(at: Desk, sealed: Path) -> None:
    copy = redact(at, sealed, {"000011": "a bystander"}, by="mary", why="peer", keys=keys(at))
    with pytest.raises(TamperingFound, match="item 000011 is missing"):
        verified(repacked(copy, without(REDACTION)), keys(at))


def test_sealing_redacting_and_exporting_are_recorded_with_digests(at: Desk, sealed: Path, tmp_path: Path) -> None:
    import hashlib

    out = tmp_path / "out.tar"
    copy = redact(at, sealed, {"000011": "a bystander"}, by="mary", why="peer", keys=keys(at))
    export(at, copy, out, recipient="Example Lab", by="joe", why="warning", keys=keys(at))
    assert out.read_bytes() == copy.read_bytes()
    records = [t.record for t in at.journal.history()][-3:]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (sealed, copy, copy)]
    assert [(r.kind, r.body["sha256"]) for r in records] == [
        ("case.sealed", digests[0]),
        ("case.redacted", digests[1]),
        ("case.exported", digests[2]),
    ]
    assert at.case(records[0].case or "").history[-1].note == "to Example Lab: warning"
    with pytest.raises(CaseError, match="is there already"):
        export(at, copy, out, recipient="Example Lab", by="joe", why="", keys=keys(at))


def test_a_tampered_file_is_not_exported(at: Desk, sealed: Path, tmp_path: Path) -> None:
    data = bytearray(sealed.read_bytes())
    data[2000] ^= 1
    sealed.write_bytes(data)
    with pytest.raises(TamperingFound):
        export(at, sealed, tmp_path / "out.tar", recipient="x", by="joe", why="", keys=keys(at))
    assert not (tmp_path / "out.tar").exists()


@pytest.mark.parametrize("name", ["../x.json", "/etc/x.json", "items/../x.json", "a/b/c.json"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(ValueError, match="something else"):
        unpack(out.getvalue())


def test_openssl_agrees_about_the_signature(at: Desk, sealed: Path, tmp_path: Path) -> None:
    """The envelope is DSSE as others write it: OpenSSL checks it from the file and the PEM alone."""
    import base64

    told = json.loads(unpack(sealed.read_bytes())[ENVELOPE])
    payload = base64.b64decode(told["payload"])
    kind = told["payloadType"].encode()
    (tmp_path / "pae").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    (tmp_path / "sig").write_bytes(base64.b64decode(told["signatures"][0]["sig"]))
    public = at.workspace.root / "keys" / "collector.pub.pem"
    command: list[str | Path] = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        public,
        "-rawin",
        "-in",
        "pae",
        "-sigfile",
        "sig",
    ]
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no openssl here")
    assert "Signature Verified Successfully" in done.stdout, done.stderr


def test_keys_are_kept_from_others_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "mary.pem"
    public = make_key(path)
    assert path.stat().st_mode & 0o077 == 0
    assert read_signer(path).public == read_public(tmp_path / "mary.pub.pem") == public
    with pytest.raises(CaseError, match="is there already"):
        make_key(path)
    for read in (read_signer, read_public):
        (tmp_path / "x.pem").write_text("no key")
        with pytest.raises(CaseError, match="expected an Ed25519"):
            read(tmp_path / "x.pem")


def forged(at: Desk, by: Signer, case_id: str) -> bytes:
    """A whole sealed file of a made-up case, by a key of somebody else."""
    from dataclasses import replace

    from stillwatch.cases.sealing import Seal, sealed_case

    (case,) = at.cases().values()
    told = Seal(at="2026-11-01T00:00:00Z", reviewer="eve", version="0", journal=at.journal.head())
    return sealed_case(replace(case, id=case_id), told, [by])


@pytest.mark.parametrize("case_id", ["../../escaped", "C-0000000000000", None])
def test_a_file_that_this_house_did_not_seal_is_neither_redacted_nor_exported(
    at: Desk, tmp_path: Path, case_id: str | None
) -> None:
    (case,) = at.cases()
    path = tmp_path / "forged.tar"
    path.write_bytes(forged(at, REVIEWER, case_id or case))
    before = len(at.journal.history())
    with pytest.raises(
        (CaseError, TamperingFound), match=r"not sealed by this installation|no handle|expected a handle"
    ):
        redact(at, path, {"000011": "x"}, by="eve", why="", keys=keys(at))
    with pytest.raises(
        (CaseError, TamperingFound), match=r"not sealed by this installation|no handle|expected a handle"
    ):
        export(at, path, tmp_path / "out.tar", recipient="eve", by="eve", why="", keys=keys(at))
    assert len(at.journal.history()) == before
    assert sorted(tmp_path.rglob("*.tar")) == [path]


def test_a_case_that_is_not_here_is_not_written_even_under_our_own_seal(at: Desk, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.tar"
    path.write_bytes(forged(at, at.signer, "C-0000000000009"))
    with pytest.raises(CaseError, match="no such case"):
        redact(at, path, {"000011": "x"}, by="eve", why="", keys=keys(at))
    assert not at.sealed.exists()


def test_a_sealed_file_is_read_once_so_that_what_leaves_is_what_was_checked(
    at: Desk, sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Path] = []
    read = Path.read_bytes

    def counted(path: Path) -> bytes:
        reads.append(path)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    redact(at, sealed, {"000011": "a bystander"}, by="mary", why="peer", keys=keys(at))
    assert reads.count(sealed) == 1
    export(at, sealed, tmp_path / "out.tar", recipient="Example Lab", by="joe", why="", keys=keys(at))
    assert reads.count(sealed) == 2


def redacted_by(sealed: Path, signer: Signer, *numbers: str) -> bytes:
    """A copy as a tool other than ours would make it."""
    import hashlib

    from stillwatch.cases.verifying import REDACTION_FORM

    def take_out(files: dict[str, bytes]) -> None:
        for number in numbers:
            del files[f"items/{number}.json"]
        told = {"at": "2026-11-01T00:00:00Z", "removed": [{"item": number, "why": "awkward"} for number in numbers]}
        digest = hashlib.sha256(files[MANIFEST]).hexdigest()
        files[REDACTION] = envelope(REDACTION_FORM, digest, MANIFEST, told, [signer])

    return repacked(sealed, take_out)


def test_a_copy_without_what_speaks_for_the_accused_is_refused_whoever_made_it(at: Desk, sealed: Path) -> None:
    whole = verified(sealed.read_bytes(), keys(at))
    for item in whole.items:
        copy = redacted_by(sealed, REVIEWER, item.number)
        if item.kind in ("case", "exculpatory"):
            with pytest.raises(TamperingFound, match="stays in every copy"):
                verified(copy, keys(at))
        else:
            assert verified(copy, keys(at)).removed == {item.number: (item.kind, "awkward")}


def test_a_statement_that_speaks_for_the_accused_stays_too(at: Desk) -> None:
    from stillwatch.cases import Confidence, Statement
    from stillwatch.core import Part

    (case,) = at.cases()
    said = Statement(
        part=Part.EXCULPATORY, confidence=Confidence.HIGH, sentence="they showed a contract", ground="a letter"
    )
    at.state(case, said, by="mary")
    whole = seal(at, case, by="mary", why="")
    (item,) = [
        one
        for one in verified(whole.read_bytes(), keys(at)).items
        if "showed a contract" in str(one.content) and one.kind != "event"
    ]
    with pytest.raises(CaseError, match="stays in every copy"):
        redact(at, whole, {item.number: "awkward"}, by="mary", why="", keys=keys(at))


def test_only_who_signed_the_seal_may_redact(at: Desk, sealed: Path) -> None:
    stranger = Signer(Ed25519PrivateKey.generate())
    with pytest.raises(TamperingFound, match="did not sign the seal"):
        verified(redacted_by(sealed, stranger, "000011"), [*keys(at), stranger.public])


def test_a_public_half_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    public = tmp_path / "mary.pub.pem"
    public.write_text("what others know mary by")
    with pytest.raises(CaseError, match=r"mary\.pub\.pem: is there already"):
        make_key(tmp_path / "mary.pem")
    assert public.read_text() == "what others know mary by"
    assert not (tmp_path / "mary.pem").exists()


def test_first_starts_at_once_get_one_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both see that there is no key before either has made one, unless one of them has to wait."""
    import contextlib
    import threading

    from stillwatch.cases import signing
    from stillwatch.cases.signing import collector
    from stillwatch.engine import Workspace

    at = Workspace(tmp_path / "w")
    both = threading.Barrier(2)
    make = signing.make_key

    def together(path: Path) -> PublicKey:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(timeout=0.3)
        return make(path)

    monkeypatch.setattr(signing, "make_key", together)
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(collector(at).public.raw)) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 2
    assert set(found) == {read_public(at.root / "keys" / "collector.pub.pem").raw}


def test_a_collector_key_that_is_gone_is_not_made_anew(at: Desk) -> None:
    from stillwatch.cases.signing import collector

    keys_of = at.workspace.root / "keys"
    public = (keys_of / "collector.pub.pem").read_bytes()
    (keys_of / "collector.pub.pem").unlink()
    collector(at.workspace)
    assert (keys_of / "collector.pub.pem").read_bytes() == public
    (keys_of / "collector.pem").unlink()
    with pytest.raises(CaseError, match=r"collector\.pem: is gone"):
        collector(at.workspace)
