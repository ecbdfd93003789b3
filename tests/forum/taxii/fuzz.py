"""Requests that nobody sends in earnest, drawn from a seed: wrong methods, paths, filters and headers, and hostile STIX."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from tests.forum.taxii.hub import DROP, SECRET, SHARED, TAXII, Answered, Asking, indicator

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


def requests(rng: random.Random, ask: Asking, count: int) -> Iterator[tuple[Answered, list[str]]]:
    """Answers, each with the ids that it acknowledged."""
    for _ in range(count):
        as_ = rng.choice(["lab-a", "lab-b", "lab-c", None])
        if rng.random() < 0.4:
            body = _body(rng)
            path = f"/forum/collections/{rng.choice([SHARED, SHARED, DROP, SECRET])}/objects/"
            answer = ask("POST", path, as_=as_, body=body)
        else:
            path = "/" + "/".join(rng.choice(_WORDS) for _ in range(rng.randrange(1, 7)))
            if rng.random() < 0.6:
                tail = rng.choice(
                    [
                        "",
                        "objects/",
                        "manifest/",
                        f"objects/{indicator(rng.randrange(50))['id']}/",
                        "objects/x/versions/",
                    ]
                )
                path = f"/forum/collections/{SHARED}/{tail}"
            query = "&".join(f"{rng.choice(_NAMES)}={rng.choice(_VALUES)}" for _ in range(rng.randrange(4)))
            method = rng.choice(["GET", "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "PATCH"])
            odd = (
                {
                    rng.choice(["accept", "content_type", "content_length", "authorization", "x_taxii"]): rng.choice(
                        _HEADERS
                    )
                }
                if rng.random() < 0.3
                else {}
            )
            answer = ask(method, path, as_=as_, query=query, body=rng.choice([b"", b"{}", b"\xff"]), **odd)
        done = answer.json.get("successes", []) if answer.status == 202 else []
        yield answer, [one["id"] for one in done]


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
