"""The console as an application, and as a server on this machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route as Way
from starlette.types import ASGIApp

from stillwatch.console import pages as _pages
from stillwatch.console.calibrating import follow_labels
from stillwatch.console.door import PAGES, answer
from stillwatch.console.guard import Guard, hosts_of
from stillwatch.console.house import House
from stillwatch.console.roles import ROUTES, Route

__all__ = ["build", "serve"]


def build(house: House, *, bound: str = "127.0.0.1", hosts: Collection[str] = ()) -> ASGIApp:
    """The whole console over one installation.

    Args:
        house: the installation.
        bound: the address that it listens on.
        hosts: further names by which it is reached.
    """
    missing = [one.name for one in ROUTES if one.name not in PAGES]
    if missing:
        raise RuntimeError(f"{_pages.__name__}: no page for {', '.join(missing)}")
    app = Starlette(routes=[_way(house, one) for one in ROUTES], exception_handlers={HTTPException: _elsewhere})
    return Guard(app, hosts_of(bound, hosts), secure=house.secure)


def serve(house: House, *, bound: str, port: int, hosts: Collection[str] = (), proxies: Collection[str] = ()) -> None:
    """Serve the console until it is stopped.

    Args:
        house: the installation.
        bound: the address to listen on.
        port: the port.
        hosts: further names by which it is reached.
        proxies: addresses of proxies in front, whose word is taken for who a visitor is; anybody else's is not.
    """
    house.scan()
    follow_labels(house)
    uvicorn.run(
        build(house, bound=bound, hosts=hosts),
        host=bound,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=sorted(proxies),
        timeout_keep_alive=20,
        limit_concurrency=200,
        h11_max_incomplete_event_size=32 * 1024,
    )


def _way(house: House, one: Route) -> Way:
    return Way(one.path, _endpoint(house, one), methods=[one.method], name=one.name)


def _endpoint(house: House, one: Route) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await answer(house, one, request)

    return endpoint


async def _elsewhere(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = {404: "nothing here", 405: "not this way"}.get(status, "not possible")
    return PlainTextResponse(said + "\n", status)
