"""Envoy's external authorisation over gRPC: the same service as over HTTP, asked by `envoy.service.auth.v3.Authorization/Check`.

A call becomes the one that Envoy would have made over HTTP, and the webhook answers it; so both ways decide alike by construction. The
secret is shown in the call's metadata (`initial_metadata` of Envoy's `grpc_service`).
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from stillwatch.core import Error
from stillwatch.gateway.adapters.ext_authz_messages import CheckRequest, CheckResponse
from stillwatch.gateway.adapters.webhook import SECRET, Webhook
from stillwatch.gateway.wire import MARK, Headers

__all__ = ["answered", "listening"]

_METHOD = "/envoy.service.auth.v3.Authorization/Check"
_PERMISSION_DENIED = 7
_OVERWRITE = 2
"""`OVERWRITE_IF_EXISTS_OR_ADD`: whatever a client sent under one of our names never reaches the model."""
_NOT_CLIENTS = (b"content-length", b"connection")
_TO_CLIENT = frozenset((b"x-stillwatch-policy", b"x-stillwatch-step", b"x-stillwatch-code"))
"""Headers of a pass that the client reads too, as over HTTP."""
_MOST = 40 << 20


async def answered(webhook: Webhook, asked: bytes, secret: bytes | None) -> bytes:
    """The answer to one `CheckRequest`, both as they cross the wire.

    Raises:
        ValueError: when it is no `CheckRequest`.
    """
    scope, body = _call(asked, secret)
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    await webhook(scope, receive, send)
    start, last = said
    return _reply(start["status"], start["headers"], last["body"])


def _call(asked: bytes, secret: bytes | None) -> tuple[dict[str, Any], bytes]:
    try:
        http = CheckRequest.FromString(asked).attributes.request.http
    except DecodeError as error:
        raise ValueError("no CheckRequest") from error
    path, _, query = http.path.partition("?")
    headers: Headers = [
        (one.key.lower().encode("latin-1", "replace"), one.raw_value or one.value.encode("utf-8"))
        for one in http.header_map.headers
    ] or [(one.key.lower().encode("latin-1", "replace"), one.value.encode("utf-8")) for one in http.headers]
    # Pseudo-headers are said apart, and what vouches for the asker must come from the asker.
    headers = [(name, value) for name, value in headers if not name.startswith(b":") and name != SECRET]
    if secret is not None:
        headers.append((SECRET, secret))
    scope = {
        "type": "http",
        "method": http.method,
        "path": f"/envoy{path}" if path.startswith("/") else f"/envoy/{path}",
        "query_string": query.encode("utf-8"),
        "headers": headers,
    }
    return scope, http.raw_body or http.body.encode("utf-8")


def _reply(status: int, headers: Headers, body: bytes) -> bytes:
    reply = CheckResponse()
    if status == 200:
        reply.status.code = 0
        for name, value in headers:
            if name.startswith(MARK):
                _option(reply.ok_response.headers, name, value)
                if name in _TO_CLIENT:
                    _option(reply.ok_response.response_headers_to_add, name, value)
    else:
        reply.status.code = _PERMISSION_DENIED
        reply.denied_response.status.code = status
        reply.denied_response.body = body.decode("utf-8", "replace")
        for name, value in headers:
            if name not in _NOT_CLIENTS:
                _option(reply.denied_response.headers, name, value)
    made: bytes = reply.SerializeToString()
    return made


def _option(options: Any, name: bytes, value: bytes) -> None:
    option = options.add()
    option.header.key, option.header.value = name.decode("latin-1"), value.decode("latin-1")
    option.append_action = _OVERWRITE


@contextlib.asynccontextmanager
async def listening(
    webhook: Webhook, host: str, port: int, *, tls: tuple[Path, Path] | None = None, client_ca: Path | None = None
) -> AsyncIterator[int]:
    """Serve until the end of the block, in this event loop; gives the port.

    Raises:
        Error: when the port cannot be had.
    """

    async def check(asked: bytes, context: Any) -> bytes:
        secret = _shown(context.invocation_metadata() or ())
        try:
            return await answered(webhook, asked, secret)
        except ValueError:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no CheckRequest")
            raise

    service, _, method = _METHOD[1:].rpartition("/")
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", _MOST), ("grpc.so_reuseport", 0)])
    handler = grpc.unary_unary_rpc_method_handler(check)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    try:
        if tls is None:
            taken = server.add_insecure_port(f"{host}:{port}")
        else:
            taken = server.add_secure_port(f"{host}:{port}", _credentials(tls, client_ca))
    except RuntimeError as error:
        raise Error(f"{host}:{port}: cannot listen there for gRPC") from error
    await server.start()
    try:
        yield taken
    finally:
        await server.stop(grace=5.0)


def _shown(metadata: Iterable[tuple[str, str | bytes]]) -> bytes | None:
    for name, value in metadata:
        if name == SECRET.decode():
            return value if isinstance(value, bytes) else value.encode()
    return None


def _credentials(tls: tuple[Path, Path], client_ca: Path | None) -> Any:
    cert, key = tls
    return grpc.ssl_server_credentials(
        [(key.read_bytes(), cert.read_bytes())],
        root_certificates=None if client_ca is None else client_ca.read_bytes(),
        require_client_auth=client_ca is not None,
    )
