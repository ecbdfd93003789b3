"""A browser without a screen over a console in this process: keeps cookies, sends forms with the token of the page it is on."""

from __future__ import annotations

import asyncio
import datetime as dt
import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
from argon2 import PasswordHasher
from starlette.types import ASGIApp, Message

from stillwatch.console import House, Role, build
from stillwatch.engine import Workspace

__all__ = ["PASSWORD", "Browser", "Clock", "house_in"]

PASSWORD = "correct horse battery"
_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


class _Inside(httpx.BaseTransport):
    """Carries requests to an application in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the application and wait for its whole answer."""
        sent = [{"type": "http.request", "body": request.read(), "more_body": False}]
        got: list[Message] = []

        async def receive() -> Message:
            return sent.pop() if sent else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            got.append(message)

        path, _, query = request.url.raw_path.partition(b"?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(path.decode()),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("203.0.113.9", 1),
            "server": ("localhost", 80),
        }

        async def asked() -> None:
            await self._app(scope, receive, send)

        asyncio.run(asked())
        body = b"".join(message.get("body", b"") for message in got[1:])
        return httpx.Response(got[0]["status"], headers=got[0]["headers"], content=body)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        self.now += dt.timedelta(milliseconds=1)
        return self.now


def house_in(workspace: Workspace | Path, clock: Clock | None = None) -> House:
    """A house in which there is one person of each role, called as the role."""
    space = Workspace(workspace) if isinstance(workspace, Path) else workspace
    house = House(space, clock or Clock(), _QUICK)
    for role in Role:
        if house.people.named(role.value) is None:
            house.people.add(role.value, role, PASSWORD, at="2026-11-01", given=False)
    return house


class Browser:
    """One person's browser; without a name, a stranger's."""

    def __init__(self, house: House, name: str | None = None, *, app: ASGIApp | None = None) -> None:
        self.client = httpx.Client(transport=_Inside(app or build(house)), base_url="http://localhost")
        self.token = ""
        if name is not None:
            answer = self.client.post("/login", data={"name": name, "password": PASSWORD, "next": "/me"})
            assert answer.status_code == 303, answer.text
            self.see("/me")

    def see(self, path: str, status: int = 200) -> str:
        """A page as text."""
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:400])
        found = _TOKEN.search(answer.text)
        self.token = found[1] if found else self.token
        return answer.text

    def send(self, path: str, status: int = 303, **fields: Any) -> httpx.Response:
        """A form, with the token of the last page unless another is given."""
        answer = self.client.post(path, data={"csrf": self.token, **fields})
        assert answer.status_code == status, (path, answer.status_code, html.unescape(answer.text)[:600])
        return answer

    def sent_on_to(self, path: str, **fields: Any) -> str:
        """A form, and the path (without what is asked) that it leads to."""
        return urlsplit(self.send(path, **fields).headers["location"]).path
