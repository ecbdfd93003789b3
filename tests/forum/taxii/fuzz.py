"""Requests that nobody sends in earnest, drawn from a seed: wrong methods, paths, filters and headers, and hostile STIX.

One in ten pushes an object that nobody sent before, half of the time among hostile ones, so that there is something to lose.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.forum.taxii.hub import DROP, SECRET, SHARED, TAXII, Answered, Asking, indicator

__all__ = ["Kept", "Sent", "fresh", "hostile", "lost", "requests"]

_HONEST = 0.1
"""Share of the requests that push a fresh object."""

Kept = tuple[str, str]
"""An id and a version, as the hub shows them."""

_WORDS = [
    "forum",
    "collections",
    "objects",
    "manifest",
    "versions",
    "status",
    "log",
    "taxii2",
    SHARED,
    DROP,
    SECRET,
    "",
    "..",
    "%2e",
    "\0",
    "é" * 40,
    "x" * 3000,
    "mine",
    "leaves",
    "checkpoint",
    "cosign",
    "holders",
]
_VALUES = [
    "0",
    "-1",
    "1",
    "9" * 400,
    "last",
    "all",
    "first",
    "1e3",
    "2026-11-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "0001-01-01T00:00:00Z",
    "%00",
    "%ff",
    ",,",
    "a|b",
    "2.0",
    "3.0",
    "indicator",
    "'; DROP TABLE objects; --",
    "%F0%9F%90%9F",
    "NaN",
    "AAZg4FxQCjwGbKYaNCmFTugSWD0_",
]
_NAMES = [
    "limit",
    "next",
    "added_after",
    "match[id]",
    "match[type]",
    "match[version]",
    "match[spec_version]",
    "match[]",
    "match[x]",
    "start",
    "end",
    "size",
    "seq",
    "first",
    "second",
    "",
    "&",
]
_HEADERS = [
    "",
    TAXII,
    "*/*",
    "application/json",
    "a" * 5000,
    ";;;=",
    "\xff\xfe",
    "application/taxii+json;version=9",
    "5",
    "-5",
    "chunked",
    "Bearer x",
    "Basic Og==",
]


def hostile(rng: random.Random) -> Any:
    """One object that means harm, or is merely broken."""
    honest = indicator(rng.randrange(50))
    match rng.randrange(12):
        case 0:
            deep: Any = 0
            for _ in range(rng.choice([10, 70, 900])):
                deep = {"a": deep} if rng.random() < 0.5 else [deep]
            return honest | {"x_deep": deep}
        case 1:
            return honest | {"description": "x" * rng.choice([10, 200_000, 300_000])}
        case 2:
            return honest | {"name": str(rng.random())}
        case 3:
            return honest | {"spec_version": rng.choice(["2.2", "3.0", "", None, 2])}
        case 4:
            return honest | {"pattern": "[a:b = '" + "(" * 20_000 + "']"}
        case 5:
            return honest | {
                rng.choice(list(honest)): rng.choice([None, 0, -1, 1e308, [], {}, True, "\ud800", "\0", 10**30])
            }
        case 6:
            return {name: value for name, value in honest.items() if rng.random() < 0.8}
        case 7:
            return rng.choice([None, 0, "", [], {}, [[[]]], {"id": {}}])
        case 8:
            return honest | {
                "modified": rng.choice(
                    ["9999-12-31T23:59:59.999999999Z", "0000-01-01T00:00:00Z", "2026-11-01T00:00:00.0000001Z"]
                )
            }
        case 9:
            return honest | {"revoked": True, "modified": "2026-11-02T00:00:00.000Z"}
        case 10:
            return honest | {"id": rng.choice(["indicator--" + "0" * 36, "--", "a--b", "INDICATOR--x", "x" * 100_000])}
        case _:
            return honest


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """An answer, what it acknowledged, and the number of the fresh object that was among it, if one was acknowledged."""

    answer: Answered
    acknowledged: list[Kept] = field(default_factory=list)
    number: int | None = None


def fresh(number: int) -> dict[str, Any]:
    """An object that is sent once, in earnest; equal numbers are equal objects."""
    return indicator(1_000 + number, name=f"Fresh {number}", pattern=f"[autonomous-system:number = {1 + number}]")


def requests(rng: random.Random, ask: Asking, count: int) -> Iterator[Sent]:
    """What became of so many requests, one after the other."""
    for number in range(count):
        if rng.random() < _HONEST:
            yield _earnest(rng, ask, number)
            continue
        as_ = rng.choice(["lab-a", "lab-b", "lab-c", None])
        if rng.random() < 0.4:
            path = f"/forum/collections/{rng.choice([SHARED, SHARED, DROP, SECRET])}/objects/"
            answer = ask("POST", path, as_=as_, body=_body(rng))
        else:
            answer = _odd(rng, ask, as_)
        yield Sent(answer=answer, acknowledged=_acknowledged(answer))


def lost(ask: Asking, acknowledged: set[Kept], numbers: list[int]) -> list[Kept]:
    """What was acknowledged and is not given out, page by page, to whoever may read; a fresh object that differs is lost too."""
    held: dict[Kept, Any] = {}
    for collection, as_ in ((SHARED, "lab-a"), (DROP, "lab-a"), (SECRET, "lab-b")):
        told, whole = (_walked(ask, collection, what, as_) for what in ("manifest", "objects"))
        held |= {(one["id"], one["version"]): stix for one, stix in zip(told, whole, strict=True)}
    changed = [one for one in map(fresh, numbers) if held.get((one["id"], one["modified"])) != one]
    return sorted((acknowledged - held.keys()) | {(one["id"], one["modified"]) for one in changed})


def _walked(ask: Asking, collection: str, what: str, as_: str) -> list[Any]:
    """Everything of a collection, every version, in the order of addition."""
    found: list[Any] = []
    query = {"match[version]": "all", "match[spec_version]": "2.0,2.1"}
    while True:
        page = ask("GET", f"/forum/collections/{collection}/{what}/", as_=as_, query=query).json
        found += page.get("objects", [])
        if not page.get("more"):
            return found
        query["next"] = page["next"]


def _acknowledged(answer: Answered) -> list[Kept]:
    done = answer.json.get("successes", []) if answer.status == 202 else []
    return [(one["id"], one["version"]) for one in done]


def _earnest(rng: random.Random, ask: Asking, number: int) -> Sent:
    beside = [hostile(rng) for _ in range(rng.randrange(4))] if rng.random() < 0.5 else []
    objects = [*beside, fresh(number)]
    rng.shuffle(objects)
    answer = ask("POST", f"/forum/collections/{SHARED}/objects/", body={"objects": objects})
    done = _acknowledged(answer)
    there = fresh(number)["id"] in {name for name, _ in done}
    return Sent(answer=answer, acknowledged=done, number=number if there else None)


def _odd(rng: random.Random, ask: Asking, as_: str | None) -> Answered:
    """Anything but a push: words for a path, filters that do not fit, methods and headers that nobody expects."""
    path = "/" + "/".join(rng.choice(_WORDS) for _ in range(rng.randrange(1, 7)))
    if rng.random() < 0.6:
        named = f"objects/{indicator(rng.randrange(50))['id']}/"
        path = f"/forum/collections/{SHARED}/{rng.choice(['', 'objects/', 'manifest/', named, 'objects/x/versions/'])}"
    query = "&".join(f"{rng.choice(_NAMES)}={rng.choice(_VALUES)}" for _ in range(rng.randrange(4)))
    method = rng.choice(["GET", "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "PATCH"])
    names = ["accept", "content_type", "content_length", "authorization", "x_taxii"]
    odd: dict[str, Any] = {rng.choice(names): rng.choice(_HEADERS)} if rng.random() < 0.3 else {}
    return ask(method, path, as_=as_, query=query, body=rng.choice([b"", b"{}", b"\xff"]), **odd)


def _body(rng: random.Random) -> bytes:
    raw = json.dumps({"objects": [hostile(rng) for _ in range(rng.randrange(4))]}).encode()
    match rng.randrange(8):
        case 0:
            return raw[: rng.randrange(len(raw))]
        case 1:
            at = rng.randrange(len(raw))
            return raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]
        case 2:
            return rng.choice(
                [b"[" * 50_000, b'{"objects":[1e999]}', b'{"objects":[{"id":1,"id":2}]}', b"\x00", b'"' * 1000]
            )
        case _:
            return raw
