"""TLS on both sides: clients with a certificate are served, others are not, and an upstream must show one that is trusted."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import signal
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stillwatch.core import Pseudonymiser
from stillwatch.gateway.choosing import Server
from stillwatch.gateway.relay import Gateway
from stillwatch.gateway.serving import Admin, Listen, serve
from stillwatch.gateway.upstream import Unreachable, Upstream
from stillwatch.gateway.who import Identities

from .serving import KEY, Model, Rules, aiohttp, listening, played, says

NOW = dt.datetime.now(dt.UTC)


def certify(folder: Path, name: str, by: str | None = None) -> None:
    """NAME.pem and NAME.key in a folder: a certificate authority, or what the authority `by` vouches for, as server and client."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate((folder / f"{by}.pem").read_bytes()).subject if by else None
    signer = serialization.load_pem_private_key((folder / f"{by}.key").read_bytes(), None) if by else key
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=1))
        .not_valid_after(NOW + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def test_only_clients_with_a_certificate_are_served(tmp_path: Path, server: Server) -> None:
    certify(tmp_path, "house")
    certify(tmp_path, "stranger")
    for name, by in (("port", "house"), ("client", "house"), ("other", "stranger")):
        certify(tmp_path, name, by)

    def showing(name: str | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=tmp_path / "house.pem")
        if name is not None:
            context.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        return context

    async def asked(port: int, context: ssl.SSLContext) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"https://127.0.0.1:{port}/v1/messages", data=b"{}", ssl=context) as answer,
        ):
            return int(answer.status)

    async def scenario() -> None:
        async with listening(Model(says(b"{}"))) as behind:
            upstream = Upstream(f"http://127.0.0.1:{behind}", connect_seconds=2, silence_seconds=2)
            gateway = Gateway(upstream, Rules(), Identities(Pseudonymiser(KEY)))
            port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            listen = Listen(
                port=0,
                admin_port=None,
                drain_seconds=1,
                tls_cert=str(tmp_path / "port.pem"),
                tls_key=str(tmp_path / "port.key"),
                client_ca=str(tmp_path / "house.pem"),
            )
            admin = Admin(gateway.metrics, None, pathway="gateway")
            serving = asyncio.create_task(
                serve(gateway, admin, listen, server=server, started=lambda one, _: port.set_result(one))
            )
            old = showing("client")
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            assert await asked(await port, old) == 200
            assert await asked(await port, showing("client")) == 200
            for name in (None, "other"):
                with pytest.raises(aiohttp.ClientError):
                    await asked(await port, showing(name))
            signal.raise_signal(signal.SIGTERM)
            await serving

    played(scenario)


def test_an_upstream_is_trusted_by_the_certificates_that_were_named_and_by_no_other(tmp_path: Path) -> None:
    certify(tmp_path, "house")
    certify(tmp_path, "stranger")
    certify(tmp_path, "upstream", "house")

    async def scenario() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "upstream.pem", tmp_path / "upstream.key")

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
            await writer.drain()
            writer.close()

        behind = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        url = f"https://127.0.0.1:{behind.sockets[0].getsockname()[1]}"
        for trusted, arrives in (("house", True), ("stranger", False)):
            upstream = Upstream(url, connect_seconds=2, silence_seconds=2, ca=str(tmp_path / f"{trusted}.pem"))
            await upstream.start()
            if arrives:
                assert await (await upstream.send("GET", b"/v1/models", b"", [], None)).read() == b"{}"
            else:
                with pytest.raises(Unreachable):
                    await upstream.send("GET", b"/v1/models", b"", [], None)
            await upstream.stop()
        behind.close()

    played(scenario)
