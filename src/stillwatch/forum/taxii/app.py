"""The hub as an ASGI app: every endpoint of TAXII 2.1, the holders of an object, and the transparency log.

Whoever asks is known before anything else is looked at, and what a member may neither read nor write is not there. A page is given out
only after it was noted who got it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from stillwatch.cases import Signer
from stillwatch.forum.log import Ledger
from stillwatch.forum.taxii.answering import (
    SAFE,
    Answer,
    Asked,
    Receive,
    allow,
    as_json,
    body_if,
    body_of,
    only_id,
    spent,
    written,
)
from stillwatch.forum.taxii.database import Connection, connector, make_tables
from stillwatch.forum.taxii.doorkeeper import Doorkeeper
from stillwatch.forum.taxii.envelope import Accept, read_envelope, read_object
from stillwatch.forum.taxii.hub import ApiRoot, Collection, Hub, Member
from stillwatch.forum.taxii.log_pages import LogPages
from stillwatch.forum.taxii.openapi import openapi
from stillwatch.forum.taxii.reads import holders, note_read
from stillwatch.forum.taxii.serving import SUBJECT
from stillwatch.forum.taxii.store import (
    Page,
    add_objects,
    delete_object,
    drop_statuses,
    exists,
    hub_clock,
    page,
    read_status,
    secret,
    spend,
)
from stillwatch.forum.taxii.wanted import Wanted, next_mark, read_wanted
from stillwatch.forum.taxii.wire import MEDIA, Refusal, accepts, is_taxii, stamp
from stillwatch.forum.taxii.writer import Readers, Writer

__all__ = ["HubApp"]

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_KEPT_STATUSES = 7 * 86_400_000_000
_MATCHES = ("id", "type", "version", "spec_version")
_ONE_OBJECT = ("version", "spec_version")
_log = logging.getLogger(__name__)


class HubApp:
    """One hub. `accept` holds the sharing rules; without them only what is malformed is refused."""

    def __init__(self, hub: Hub, *, accept: Accept, signer: Signer, clock: Callable[[], int] = hub_clock) -> None:
        connect = connector(hub.database)
        first = connect()
        make_tables(first)
        first.begin()
        self._key = secret(first, "next")
        drop_statuses(first, before=clock() - _KEPT_STATUSES)
        first.do("COMMIT")
        first.close()
        self._hub, self._accept, self._clock = hub, accept, clock
        self._door = Doorkeeper(hub)
        self._write, self._read = Writer(connect), Readers(connect)
        self._slow = asyncio.Semaphore(2)
        self._roots = {one.name: one for one in hub.api_root}
        self._collections = {(one.api_root, one.id): one for one in hub.collection}
        self._collections |= {(one.api_root, one.alias): one for one in hub.collection if one.alias}
        self._readers = {one.id: hub.named(one.read) for one in hub.collection}
        self._writers = {one.id: hub.named(one.write) for one in hub.collection}
        self._log = LogPages(hub, signer, clock=clock)
        self._open = 0

    def close(self) -> None:
        """Finish what waits to be written, then stop."""
        self._write.close()
        self._read.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        self._open += 1
        try:
            answer = await self._answered(scope, receive)
        finally:
            self._open -= 1
        headers = [("content-type", answer.media), ("content-length", str(len(answer.body))), *SAFE, *answer.headers]
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    async def _answered(self, scope: Scope, receive: Receive) -> Answer:
        try:
            if self._open > self._hub.max_at_once:
                raise Refusal(503, "too many requests at once", headers=(("retry-after", "1"),))
            return await self._routed(await self._known(scope, receive))
        except Refusal as refusal:
            return Answer(body=refusal.body(), status=refusal.status, headers=refusal.headers)
        except Exception:
            failed = Refusal(500, "the hub failed; its operator finds the reason in the hub's own log")
            _log.exception("a request failed: %s of %d parts", scope["method"], scope["path"].count("/"))
            return Answer(body=failed.body(), status=500)

    async def _known(self, scope: Scope, receive: Receive) -> Asked:
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        subject = scope.get("extensions", {}).get(SUBJECT, {}).get("subject", "")
        peer = (scope.get("client") or ("",))[0]
        member = self._door.quick(headers, subject=subject, peer=peer)
        if member is None:
            async with self._slow:
                member = await self._read.apart(lambda: self._door.slow(headers, peer=peer))
        if not accepts(headers.get("accept")) and not scope["path"].startswith("/log/"):
            raise Refusal(406, f"accept: expected {MEDIA}")
        path = tuple(scope["path"].removesuffix("/").split("/")[1:])
        return Asked(
            method=scope["method"],
            path=path,
            query=scope["query_string"],
            headers=headers,
            member=member,
            receive=receive,
        )

    async def _routed(self, asked: Asked) -> Answer:
        match asked.path:
            case () | ("",) | ("taxii2",):
                return self._only(asked, self._discovery)
            case ("log", *rest):
                job = self._log.job(
                    asked.method, tuple(rest), asked.query, asked.member, await body_if(asked, self._hub)
                )
                done = await (self._write.do(job) if asked.method == "POST" else self._read.do(job))
                return Answer(
                    body=done, media="text/plain; charset=utf-8" if rest == ["checkpoint"] else "application/json"
                )
            case ("openapi.json",):
                return self._only(asked, self._document)
            case (root,):
                return self._only(asked, lambda one: self._root(one, self._root_named(root)))
            case (root, "collections"):
                return self._only(asked, lambda one: self._listed(one, self._root_named(root)))
            case (root, "status", name):
                allow(asked, "GET")
                return await self._status(asked, self._root_named(root), name)
            case (root, "collections", name, *rest):
                collection = self._collection(asked.member, self._root_named(root), name)
                return await self._within(asked, collection, tuple(rest))
        raise Refusal(404, "there is nothing under this address")

    async def _within(self, asked: Asked, collection: Collection, rest: tuple[str, ...]) -> Answer:
        match rest:
            case ():
                return self._only(asked, lambda one: as_json(self._told(one.member, collection)))
            case ("manifest",):
                allow(asked, "GET")
                return await self._page(asked, collection, "manifest")
            case ("objects",) if asked.method == "POST":
                return await self._push(asked, collection)
            case ("objects",):
                allow(asked, "GET", "POST")
                return await self._page(asked, collection, "objects")
            case ("objects", name) if asked.method == "DELETE":
                return await self._delete(asked, collection, name)
            case ("objects", name):
                allow(asked, "GET", "DELETE")
                return await self._page(asked, collection, "object", name)
            case ("objects", name, "versions"):
                allow(asked, "GET")
                return await self._page(asked, collection, "versions", name)
            case ("objects", name, "holders"):
                allow(asked, "GET")
                return await self._holders(asked, collection, name)
        raise Refusal(404, "there is nothing under this address")

    def _only(self, asked: Asked, answer: Callable[[Asked], Answer]) -> Answer:
        allow(asked, "GET")
        return answer(asked)

    def _discovery(self, asked: Asked) -> Answer:
        roots = [self._address(one) for one in self._hub.api_root]
        told: dict[str, Any] = {"title": self._hub.title}
        told |= {name: text for name in ("description", "contact") if (text := getattr(self._hub, name))}
        return as_json(told | ({"default": roots[0]} if roots else {}) | {"api_roots": roots})

    def _document(self, asked: Asked) -> Answer:
        seen = [one.id for one in self._hub.collection if self._sees(asked.member, one)]
        return Answer(body=msgspec.json.encode(openapi(self._hub, seen)), media="application/json")

    def _root(self, asked: Asked, root: ApiRoot) -> Answer:
        told = {"title": root.title} | ({"description": root.description} if root.description else {})
        return as_json(told | {"versions": [MEDIA], "max_content_length": self._hub.max_content_length})

    def _listed(self, asked: Asked, root: ApiRoot) -> Answer:
        mine = [
            self._told(asked.member, one)
            for one in self._hub.collection
            if one.api_root == root.name and self._sees(asked.member, one)
        ]
        return as_json({"collections": mine} if mine else {})

    def _told(self, member: Member, one: Collection) -> dict[str, Any]:
        told: dict[str, Any] = {"id": one.id, "title": one.title}
        told |= {name: text for name in ("description", "alias") if (text := getattr(one, name))}
        may = {"can_read": member.name in self._readers[one.id], "can_write": member.name in self._writers[one.id]}
        return told | may | {"media_types": one.media_types}

    async def _status(self, asked: Asked, root: ApiRoot, name: str) -> Answer:
        found = await self._read.do(lambda read: read_status(read, root.name, asked.member.name, name))
        if found is None:
            raise Refusal(404, "there is no push of yours with this id")
        return Answer(body=found)

    async def _page(self, asked: Asked, collection: Collection, what: str, name: str = "") -> Answer:
        """A page of objects, of a manifest or of versions; noted and counted before it is given out."""
        self._may(asked.member, collection, read=True)
        scope = f"{collection.id}|{what}|{name}"
        filters = read_wanted(
            asked.query,
            most=self._hub.max_page,
            key=self._key,
            scope=scope,
            allowed={"object": _ONE_OBJECT, "versions": ("spec_version",)}.get(what, _MATCHES),
            versions="all" if what == "versions" else "last",
        )
        wanted = only_id(filters, name) if name else filters
        bodies = what in ("objects", "object")

        def look(read: Connection) -> Page:
            if name and not exists(read, collection.id, name):
                raise Refusal(404, "there is no object with this id here")
            return page(read, collection.id, wanted, bodies=bodies, most_bytes=self._hub.max_page_bytes)

        found = await self._read.do(look)
        await self._write.do(lambda tx: self._noted(tx, asked.member, collection, what, wanted, found))
        if not found.rows:
            return Answer(body=b"{}")
        mark = next_mark(found.rows[-1].added, self._key, scope, filters) if found.more else None
        first, last = stamp(found.rows[0].added), stamp(found.rows[-1].added)
        headers = (("x-taxii-date-added-first", first), ("x-taxii-date-added-last", last))
        return Answer(body=written(what, found, mark), headers=headers)

    def _noted(
        self, tx: Connection, member: Member, collection: Collection, what: str, wanted: Wanted, found: Page
    ) -> None:
        at = self._clock()
        if not spend(tx, member.name, "reads", 1, member.reads_per_day, at=at):
            raise spent("reads", at)
        event = {
            "kind": "read",
            "what": what,
            "member": member.name,
            "collection": collection.id,
            "match": wanted.match,
            "count": len(found.rows),
        }
        if found.rows:
            event |= {"first": found.rows[0].added, "last": found.rows[-1].added}
            if what in ("objects", "object"):
                note_read(tx, collection.id, member.name, wanted, through=found.rows[-1].added, at=at)
        Ledger(tx).add([event], at=at)

    async def _push(self, asked: Asked, collection: Collection) -> Answer:
        self._may(asked.member, collection, write=True)
        if not is_taxii(asked.headers.get("content-type")):
            raise Refusal(415, f"content-type: expected {MEDIA}")
        body = await body_of(asked, self._hub)
        member = asked.member

        def read() -> list[Any]:
            return [
                read_object(
                    one, collection, most_bytes=self._hub.max_object_bytes, member=member.name, accept=self._accept
                )
                for one in read_envelope(body)
            ]

        incoming = await self._read.apart(read)

        def store(tx: Connection) -> dict[str, Any]:
            at = self._clock()
            if not spend(tx, member.name, "objects", len(incoming), member.objects_per_day, at=at):
                raise spent("objects", at)
            status, told = add_objects(
                tx, collection.id, incoming, api_root=collection.api_root, member=member.name, clock=self._clock
            )
            Ledger(tx).add(told, at=at)
            return status

        return as_json(await self._write.do(store), status=202)

    async def _delete(self, asked: Asked, collection: Collection, name: str) -> Answer:
        self._may(asked.member, collection, read=True, write=True)
        wanted = read_wanted(asked.query, most=1 << 30, key=self._key, scope="", allowed=_ONE_OBJECT, versions="all")

        def erase(tx: Connection) -> list[int] | None:
            gone = delete_object(tx, collection.id, name, only_id(wanted, name), member=asked.member.name)
            if gone:
                event = {
                    "kind": "erasure",
                    "member": asked.member.name,
                    "collection": collection.id,
                    "id": name,
                    "added": gone,
                }
                Ledger(tx).add([event], at=self._clock())
            return gone

        gone = await self._write.do(erase)
        if gone is None:
            raise Refusal(403, "only the member that shared an object may erase it; retract yours with revoked: true")
        if not gone:
            raise Refusal(404, "there is no such version of this object here")
        return Answer(body=b"")

    async def _holders(self, asked: Asked, collection: Collection, name: str) -> Answer:
        """Who has an object, for the member that shared it."""
        owned = "SELECT 1 FROM objects WHERE collection = ? AND id = ? AND owner = ? LIMIT 1"

        def look(read: Connection) -> list[dict[str, Any]]:
            if not read.rows(owned, collection.id, name, asked.member.name):
                raise Refusal(404, "there is no object of yours with this id here")
            return [
                {"member": one.member, "given": stamp(one.given)}
                | ({} if one.told is None else {"told_of_retraction": stamp(one.told)})
                for one in holders(read, collection.id, name)
            ]

        return as_json({"holders": await self._read.do(look)})

    def _address(self, root: ApiRoot) -> str:
        return f"{self._hub.url.rstrip('/')}/{root.name}/"

    def _root_named(self, name: str) -> ApiRoot:
        if name not in self._roots:
            raise Refusal(404, "there is no such API root")
        return self._roots[name]

    def _collection(self, member: Member, root: ApiRoot, name: str) -> Collection:
        found = self._collections.get((root.name, name))
        if found is None or not self._sees(member, found):
            raise Refusal(404, "there is no such collection")
        return found

    def _sees(self, member: Member, one: Collection) -> bool:
        return member.name in self._readers[one.id] or member.name in self._writers[one.id]

    def _may(self, member: Member, one: Collection, *, read: bool = False, write: bool = False) -> None:
        if read and member.name not in self._readers[one.id]:
            raise Refusal(403, "you may write this collection, not read it")
        if write and member.name not in self._writers[one.id]:
            raise Refusal(403, "you may read this collection, not write it")
