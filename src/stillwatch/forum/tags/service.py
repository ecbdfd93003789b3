"""A custodian on the network, as an ASGI application: it survives whatever is sent, and says nothing that a member does not know.

    GET  /keys        the statements of public keys; open to everybody, the same for everybody
    POST /evaluate    a batch (`wire`), by a member with its token
    GET  /usage       what the member has used in the open epochs
    GET  /health      that it runs

Run it behind TLS. Bodies are read up to a bound and within a time; batches are evaluated off the event loop, a few at a time, and more
wait or are told to come back. No error repeats what was sent.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from stillwatch.core.errors import Error
from stillwatch.forum.tags.custodian import Custodian
from stillwatch.forum.tags.kinds import Kind
from stillwatch.forum.tags.refusals import Refusal, RequestRefused
from stillwatch.forum.tags.wire import MEDIA_TYPE, MOST_BYTES, Refused

__all__ = ["custodian_app"]

_log = logging.getLogger(__name__)

_STATUS = {
    Refusal.MALFORMED: 400,
    Refusal.UNKNOWN_MEMBER: 401,
    Refusal.NOT_FOUND: 404,
    Refusal.SLOW: 408,
    Refusal.UNKNOWN_EPOCH: 409,
    Refusal.TOO_LARGE: 413,
    Refusal.NO_POINT: 422,
    Refusal.OVER_QUOTA: 429,
    Refusal.BUSY: 503,
}


def custodian_app(
    custodian: Custodian, *, seconds_to_send: float = 20.0, at_once: int = 2, waiting: int = 32, of_one_member: int = 8
) -> Starlette:
    """The application of one custodian.

    Args:
        custodian: whose keys it uses.
        seconds_to_send: how long a member may take to send a batch.
        at_once: batches that are evaluated at the same time.
        waiting: batches that may wait for that; further ones are refused as `busy`.
        of_one_member: batches that one member may have inside, so that none keeps the others out.
    """
    free = asyncio.Semaphore(at_once)
    inside: Counter[str] = Counter()

    async def keys(_: Request) -> Response:
        return _json(await run_in_threadpool(custodian.statements))

    async def health(_: Request) -> Response:
        return _json({"open": len(await run_in_threadpool(custodian.statements))})

    async def usage(request: Request) -> Response:
        member = await run_in_threadpool(custodian.member, _token(request))
        epochs = await run_in_threadpool(custodian.statements)
        used = {s.epoch: {kind.value: custodian.used(member, kind, s.epoch) for kind in Kind} for s in epochs}
        return _json(used)

    async def evaluate(request: Request) -> Response:
        member = await run_in_threadpool(custodian.member, _token(request))
        if inside.total() >= at_once + waiting or inside[member] >= of_one_member:
            raise RequestRefused(Refusal.BUSY, "too many batches at once; come back in a few seconds")
        inside[member] += 1
        try:
            body = await _body(request, seconds_to_send)
            async with free:
                made = await run_in_threadpool(custodian.answer, member, body)
        finally:
            inside[member] -= 1
        return Response(made, media_type=MEDIA_TYPE)

    routes = [
        Route("/keys", _guarded(keys), methods=["GET"]),
        Route("/health", _guarded(health), methods=["GET"]),
        Route("/usage", _guarded(usage), methods=["GET"]),
        Route("/evaluate", _guarded(evaluate), methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _other, 404: _other, 405: _other})


def _guarded(work: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose refusals are answers, and whose failures are told without what was sent."""

    async def run(request: Request) -> Response:
        try:
            return await work(request)
        except RequestRefused as refused:
            return _refused(refused)
        except ClientDisconnect:
            return Response(status_code=400)
        except (Error, OSError, sqlite3.Error) as error:
            _log.error("a request could not be answered", extra={"error": type(error).__name__})
            return _refused(RequestRefused(Refusal.BUSY, "the custodian cannot answer now"))

    return run


async def _body(request: Request, seconds: float) -> bytes:
    """The whole body, within bounds of size and time."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > MOST_BYTES:
        raise RequestRefused(Refusal.TOO_LARGE, f"got {int(said)} bytes, expected at most {MOST_BYTES}")
    parts, size = [], 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > MOST_BYTES:
                    raise RequestRefused(Refusal.TOO_LARGE, f"got more than {MOST_BYTES} bytes")
                parts.append(part)
    except TimeoutError as error:
        raise RequestRefused(Refusal.SLOW, f"the batch did not arrive within {seconds:g} s") from error
    return b"".join(parts)


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= 200:
        raise RequestRefused(Refusal.UNKNOWN_MEMBER, "expected the header Authorization: Bearer TOKEN")
    return token


async def _other(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    refusal = Refusal.NOT_FOUND if status in (404, 405) else Refusal.MALFORMED
    body = Refused(refusal=refusal, message="there is GET /keys, GET /usage, GET /health and POST /evaluate")
    return _json(body, status)


def _refused(refused: RequestRefused) -> Response:
    response = _json(Refused(refusal=refused.refusal, message=str(refused)), _STATUS[refused.refusal])
    if refused.refusal is Refusal.UNKNOWN_MEMBER:
        response.headers["www-authenticate"] = "Bearer"
    if refused.refusal is Refusal.BUSY:
        response.headers["retry-after"] = "2"
    return response


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
