"""The least that a relay can be on the same server and client: no policy, no capture, no limits. `python bench/gateway_bare.py PORT UPSTREAM`."""

from __future__ import annotations

import sys
from typing import Any

import aiohttp
from gateway_run import run

SESSION: Any = None
_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade"}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Pass one request on."""
    global SESSION
    if scope["type"] == "lifespan":
        await receive()
        SESSION = aiohttp.ClientSession(auto_decompress=False, connector=aiohttp.TCPConnector(limit=0))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await SESSION.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = [
        (k.decode("latin-1"), v.decode("latin-1"))
        for k, v in scope["headers"]
        if k not in _HOP and k not in (b"host", b"content-length")
    ]
    async with SESSION.request(scope["method"], sys.argv[2] + scope["path"], headers=headers, data=body) as answer:
        kept = [(k.lower(), v) for k, v in answer.raw_headers if k.lower() not in _HOP]
        await send({"type": "http.response.start", "status": answer.status, "headers": kept})
        async for piece in answer.content.iter_any():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    run(app, int(sys.argv[1]), server_header=False, date_header=False)
