"""A gateway without rules and capture on a server and a client: `python bench/gateway_stack.py PORT UPSTREAM SERVER CLIENT`."""

from __future__ import annotations

import sys
from typing import Any

import uvloop

from stillwatch.core import Pseudonymiser
from stillwatch.gateway.observe import UnsafeObserveOnly
from stillwatch.gateway.options import Listen
from stillwatch.gateway.relay import Gateway
from stillwatch.gateway.serving import Admin, serve
from stillwatch.gateway.upstream import Upstream
from stillwatch.gateway.who import Identities

__all__ = ["upstream_by"]


def upstream_by(client: str, url: str, *, connect_seconds: float = 10.0, silence_seconds: float = 600.0) -> Upstream:
    """The upstream, asked by `aiohttp` or `pyreqwest`."""
    made: Any = Upstream
    if client == "pyreqwest":
        from gateway_pyreqwest import PyreqwestUpstream

        made = PyreqwestUpstream
    found: Upstream = made(url, connect_seconds=connect_seconds, silence_seconds=silence_seconds)
    return found


if __name__ == "__main__":
    port, url, server, client = sys.argv[1:]
    gateway = Gateway(upstream_by(client, url), UnsafeObserveOnly(), Identities(Pseudonymiser(b"b" * 32)))
    admin = Admin(gateway.metrics, None, pathway="gateway")
    listen = Listen(port=int(port), admin_port=None, drain_seconds=1.0)
    uvloop.run(serve(gateway, admin, listen, server="granian" if server == "granian" else "uvicorn"))
