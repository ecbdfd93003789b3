"""Carry the hub on a port: uvicorn over uvloop, with TLS 1.2 or newer and clients' certificates when files for them are given."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stillwatch.forum.taxii.wire import MEDIA, Refusal

__all__ = ["SUBJECT", "serve", "server"]

SUBJECT = "stillwatch.subject"
"""Where the scope of a request names the subject of the client's certificate (RFC 4514)."""


class _Protocol(HttpToolsProtocol):
    """Tells the app whose certificate the connection showed, and answers what is no HTTP as TAXII answers errors."""

    _subject = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        shown = tls.getpeercert(binary_form=True) if tls is not None else None
        if shown:
            self._subject = x509.load_der_x509_certificate(shown).subject.rfc4514_string()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {SUBJECT: {"subject": self._subject}}

    def send_400_response(self, msg: str) -> None:
        body = Refusal(400, "this is no HTTP that can be read").body()
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        self.transport.close()


def server(
    app: Any,
    *,
    host: str,
    port: int,
    certificate: Path | None = None,
    key: Path | None = None,
    clients: Path | None = None,
) -> uvicorn.Server:
    """A server that has not started yet; `clients` holds the authorities whose client certificates are believed."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=_Protocol,
        ws="none",
        loop="uvloop",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_ca_certs=None if clients is None else str(clients),
        ssl_cert_reqs=ssl.CERT_NONE if clients is None else ssl.CERT_OPTIONAL,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return uvicorn.Server(config)


def serve(
    app: Any,
    *,
    host: str,
    port: int,
    certificate: Path | None = None,
    key: Path | None = None,
    clients: Path | None = None,
) -> None:
    """Serve until a signal ends it."""
    server(app, host=host, port=port, certificate=certificate, key=key, clients=clients).run()
