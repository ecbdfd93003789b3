"""The OpenAPI document says what the hub does: every path and answer is documented, and requests drawn from it make nothing fail."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

from tests.forum.taxii.hub import DROP, SECRET, SHARED, Answered, Asking, asking, indicator, settings

NUMBERS = {"first": "0", "second": "1", "seq": "0", "size": "1", "start": "0", "end": "1"}
ODD = [
    "",
    "0",
    "-1",
    "9" * 30,
    "\u00e9",
    "a" * 500,
    "%00",
    "2026-11-01T00:00:00Z",
    "last",
    "2.1",
    "null",
    "[]",
    "indicator--x",
]


def names_of(operation: dict[str, Any]) -> list[str]:
    return [one["$ref"].rpartition("/")[2] for one in operation["parameters"]]


def faults(document: dict[str, Any], operation: dict[str, Any], answer: Answered) -> list[str]:
    """How an answer differs from what the document says of it."""
    told = operation["responses"].get(str(answer.status))
    if told is None:
        return [f"status {answer.status} is not documented"]
    kind = answer.headers["content-type"].partition("; charset")[0]
    if not answer.body:
        return []
    if kind not in told["content"]:
        return [f"{answer.status} as {kind}"]
    return [] if kind == "text/plain" else list(differs(document, told["content"][kind]["schema"], answer.json, ""))


def differs(document: dict[str, Any], schema: dict[str, Any], value: Any, path: str) -> list[str]:
    """A JSON Schema validator of the few words that the document uses."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return [f"{path}: {type(value).__name__}"]
    if isinstance(value, dict):
        found = [f"{path}.{one} is missing" for one in schema.get("required", ()) if one not in value]
        inner = (
            (f"{path}.{name}", schema["properties"][name], value[name])
            for name in value.keys() & schema.get("properties", {}).keys()
        )
        return found + [fault for at, of, one in inner for fault in differs(document, of, one, at)]
    if isinstance(value, list):
        return [fault for one in value for fault in differs(document, schema["items"], one, f"{path}[]")]
    return []  # fmt: skip


def asked(ask: Asking, path: str, operation: dict[str, Any], method: str, given: dict[str, str]) -> Answered:
    filled = re.sub(r"\{(\w+)\}", lambda found: given[found[1]], path)
    query = {name: given[name] for name in names_of(operation) if f"{{{name}}}" not in path and name in given}
    body = {"objects": [indicator()]} if path.endswith("objects/") else {"keys": [], "lines": []}
    return ask(method.upper(), filled, query=query, body=body if method == "post" else b"")


def test_every_documented_path_answers_as_documented(tmp_path: Path) -> None:
    with asking(settings(tmp_path)) as ask:
        document = ask("GET", "/openapi.json").json
        status = ask.push(indicator(1), {"id": 3})
        here = NUMBERS | {"root": "forum", "collection": SHARED, "id": indicator(1)["id"], "status": status["id"]}
        order = sorted(document["paths"].items(), key=lambda one: "delete" in one[1])
        seen = {}
        for path, operations in order:
            for method, operation in operations.items():
                answer = asked(ask, path, operation, method, here)
                assert faults(document, operation, answer) == [], (method, path, answer.body[:200])
                seen[method, path] = answer.status
        assert {pair for pair, status in seen.items() if status >= 400} == {
            ("post", "/log/cosign"),
            ("post", "/log/evaluations"),
        }, "these two are for witnesses and custodians"
        assert ask("GET", "/openapi.json", as_=None).status == 401
        assert DROP in str(document), "lab a reads it"
        assert SECRET not in str(document), "a collection that a member does not see is not named"
        for method, page in (("POST", "checkpoint"), ("GET", "cosign"), ("TRACE", "mine")):
            assert ask(method, f"/log/{page}").status == 405


def test_requests_drawn_from_the_document_get_documented_answers(tmp_path: Path) -> None:
    rng = random.Random(9)
    with asking(settings(tmp_path)) as ask:
        document = ask("GET", "/openapi.json").json
        ask.push(*(indicator(number) for number in range(5)))
        right = NUMBERS | {"root": "forum", "collection": SHARED, "id": indicator(1)["id"], "status": "x", "limit": "2"}
        operations = [(path, method, one) for path, all_ in document["paths"].items() for method, one in all_.items()]
        for _ in range(400):
            path, method, operation = rng.choice(operations)
            given = {
                name: right[name] if name in right and rng.random() < 0.7 else rng.choice(ODD)
                for name in names_of(operation)
            }
            answer = asked(ask, path, operation, method, given)
            assert answer.status < 500, (method, path, given, answer.body)
            undocumented_place = answer.status == 404 or any(not given[name] for name in given if f"{{{name}}}" in path)
            assert undocumented_place or faults(document, operation, answer) == [], (method, path, given, answer.body)


def test_the_document_says_the_largest_limit_that_the_hub_reads(tmp_path: Path) -> None:
    with asking(settings(tmp_path)) as ask:
        document = ask("GET", "/openapi.json").json
        most = document["components"]["parameters"]["limit"]["schema"]["maximum"]
        assert ask.objects(limit=str(most)).status == 200
        refused = ask.objects(limit=str(most + 1))
    assert refused.status == 400
    assert refused.json["description"].startswith("limit:")


def test_an_envelope_is_taken_and_what_is_no_stix_object_refused_by_itself_as_the_document_says(tmp_path: Path) -> None:
    with asking(settings(tmp_path)) as ask:
        document = ask("GET", "/openapi.json").json
        items = document["components"]["schemas"]["Objects"]["properties"]["objects"]["items"]["anyOf"]
        told = ask.push({"id": "x"}, indicator(1), "text")
    assert items[-1].keys() == {"description"}, "anything may stand there"
    assert (told["success_count"], told["failure_count"]) == (1, 2)
