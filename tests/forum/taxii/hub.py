"""A hub with three labs for tests, asked in process: no sockets, no waiting."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.cases import Signer
from stillwatch.forum.taxii import Accept, ApiRoot, Collection, Group, Hub, HubApp, Member, accept_all
from stillwatch.forum.taxii.doorkeeper import new_token

TAXII = "application/taxii+json;version=2.1"
SHARED = "11111111-1111-4111-8111-111111111111"
DROP = "22222222-2222-4222-8222-222222222222"
SECRET = "33333333-3333-4333-8333-333333333333"
SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))

TOKENS = {name: new_token() for name in ("lab-a", "lab-b", "lab-c", "stranger")}


def settings(folder: Path, **changed: Any) -> Hub:
    """Labs a and b share; lab c may only drop; the third collection is lab b's alone."""
    plain: dict[str, Any] = {
        "title": "Forum",
        "url": "https://hub.example",
        "origin": "hub.example/log",
        "database": str(folder / "hub.sqlite"),
        "member": [
            Member(name=name, token_sha256=digest) for name, (_, digest) in TOKENS.items() if name != "stranger"
        ],
        "group": [Group(name="finders", members=["lab-a", "lab-b"])],
        "api_root": [ApiRoot(name="forum", title="Distillation")],
        "collection": [
            Collection(
                id=SHARED, api_root="forum", title="Shared", alias="shared", read=["@finders"], write=["@finders"]
            ),
            Collection(id=DROP, api_root="forum", title="Drop", read=["lab-a"], write=["lab-c"]),
            Collection(id=SECRET, api_root="forum", title="Secret", read=["lab-b"], write=["lab-b"]),
        ],
    }
    return Hub(**(plain | changed))


class Answered:
    """What came back."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.json.get("objects", [])]


class Asking:
    """Asks a hub as one of its members; `then` is what comes of a body after all that there is of it, in place of its end."""

    def __init__(self, app: HubApp, loop: asyncio.AbstractEventLoop) -> None:
        self.app, self._loop = app, loop

    def __call__(
        self,
        method: str,
        path: str,
        *,
        as_: str | None = "lab-a",
        query: Mapping[str, str] | str = "",
        body: bytes | Any = b"",
        subject: str = "",
        peer: str = "192.0.2.1",
        then: Callable[[], Awaitable[Any]] | None = None,
        **headers: str | None,
    ) -> Answered:
        given: dict[str, str | None] = {"accept": TAXII}
        if as_ is not None:
            given["authorization"] = f"Bearer {TOKENS[as_][0]}"
        if method == "POST":
            given["content-type"] = TAXII
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        text = query if isinstance(query, str) else urlencode(query)
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": text.encode(),
            "client": (peer, 4711),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items() if value is not None],
            "extensions": {"stillwatch.subject": {"subject": subject}},
        }
        return self._loop.run_until_complete(self.answered(scope, raw, then))

    async def answered(
        self, scope: dict[str, Any], body: bytes, then: Callable[[], Awaitable[Any]] | None = None
    ) -> Answered:
        """The same from within the loop, for a request that is spelt out."""
        sent: list[Any] = []
        parts = [body[at : at + 65_536] for at in range(0, len(body), 65_536)] or [b""]
        waiting = iter(
            [
                {"type": "http.request", "body": one, "more_body": then is not None or n < len(parts) - 1}
                for n, one in enumerate(parts)
            ]
        )

        async def receive() -> Any:
            part = next(waiting, None)
            if part is None and then is not None:
                return await then()
            return part or {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answered(sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent[1:]))

    def push(self, *objects: Any, to: str = SHARED, as_: str = "lab-a") -> Any:
        """The status of a push."""
        answer = self("POST", f"/forum/collections/{to}/objects/", as_=as_, body={"objects": list(objects)})
        assert answer.status == 202, answer.body
        return answer.json

    def objects(self, of: str = SHARED, as_: str = "lab-a", **query: str) -> Answered:
        """A page of a collection."""
        named = {
            name.replace("match_", "match[") + ("]" if name.startswith("match_") else ""): value
            for name, value in query.items()
        }
        return self("GET", f"/forum/collections/{of}/objects/", as_=as_, query=named)


@contextlib.contextmanager
def asking(hub: Hub, accept: Accept = accept_all, **more: Any) -> Iterator[Asking]:
    """A hub that answers, closed at the end."""
    loop = asyncio.new_event_loop()
    app = HubApp(hub, accept=accept, signer=SIGNER, **more)
    try:
        yield Asking(app, loop)
    finally:
        app.close()
        loop.close()


_NUMBERS = itertools.count(1)


def indicator(number: int | None = None, modified: str = "2026-11-01T00:00:00.000Z", **more: Any) -> dict[str, Any]:
    """A plain indicator; equal numbers are equal ids."""
    name = uuid.UUID(
        int=next(_NUMBERS) + (4 << 76) + (1 << 63) if number is None else number + (4 << 76) + (1 << 63) + (1 << 100)
    )
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{name}",
        "created": "2026-11-01T00:00:00.000Z",
        "modified": modified,
        "pattern": "[autonomous-system:number = 64500]",
        "pattern_type": "stix",
        "valid_from": "2026-11-01T00:00:00Z",
    } | more
