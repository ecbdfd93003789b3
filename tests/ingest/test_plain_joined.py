"""Plain lines whose exchanges are joined over records are read faster, and to the same rows: whatever stands in any place of them."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from stillwatch.ingest import FORMATS, ReadOptions, plan, read_chunk
from stillwatch.ingest.log_format import Piece, Record

from .test_any_json import records
from .test_plain import ASKED, CALL, MARKS, USAGE, variants
from .traffic import NAMES, NOW

IDS = {"openai_batch": "custom_id", "azure_apim_llm": "CorrelationId"}
JOINED = sorted(name for name, one in FORMATS.items() if one.joined is not None and one.joined.plain is not None)
MESSAGE = {"role": "assistant", "content": "answer", "refusal": None, "finish_reason": "stop"}
MADE: dict[str, list[list[Record]]] = {
    "openai_batch": [
        [
            {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": ASKED, **MARKS}},
            {
                "id": "batch_req_1",
                "custom_id": "a",
                "response": {
                    "status_code": 200,
                    "request_id": "r",
                    "body": {"id": "c", "model": "m-1", "created": 1_759_000_000, "usage": USAGE,
                             "choices": [{"message": MESSAGE, "finish_reason": "stop"}]},
                },
                "error": None,
            },
        ]
    ],
    "azure_apim_llm": [
        [
            {"TimeGenerated": "2025-09-06T09:00:53Z", "CorrelationId": "a", "ApimSubscriptionId": "s", "UserId": "u",
             "CallerIpAddress": "203.0.113.7", "ResponseCode": 200, "RequestHeaders": {"User-Agent": "SDK"}, "BackendRequestHeaders": 0},
            {"TimeGenerated": "2025-09-06T09:00:55Z", "CorrelationId": "a", "SequenceNumber": 1, "RequestMessages": ASKED, "RequestId": "r",
             "ResponseMessages": None, "ModelName": ""},
            {"TimeGenerated": "2025-09-06T09:00:54Z", "CorrelationId": "a", "SequenceNumber": 0, "ModelName": "m", "DeploymentName": "d",
             "PromptTokens": 5, "CompletionTokens": 6, "IsStreamCompletion": True,
             "ResponseMessages": [MESSAGE, {"content": None, "tool_calls": [CALL]}]},
        ]
    ],
}  # fmt: skip
"""The records of an exchange, with more in them than the samples have."""


def plainly(name: str, record: Record) -> Any:
    """The piece on a line that holds the record, `None` where it is not plain."""
    plain = FORMATS[name].joined.plain  # type: ignore[union-attr]
    assert plain is not None
    return plain.decoded(json.dumps(record, ensure_ascii=False).encode())


def is_plain(name: str, group: list[Record]) -> bool:
    """Whether the lines of an exchange are plain, each and together."""
    found = [plainly(name, record) for record in group]
    plain = FORMATS[name].joined.plain  # type: ignore[union-attr]
    return (
        None not in found and plain is not None and plain.together([Piece(one[1], 0, 0) for one in found]) is not None
    )


def samples(name: str) -> list[list[Record]]:
    """The records of the sample's exchanges, and of made ones."""
    groups: dict[Any, list[Record]] = {}
    for record in records(name):
        if IDS[name] in record:
            groups.setdefault(record[IDS[name]], []).append(record)
    return [*groups.values(), *MADE[name]]


def changed_groups(name: str) -> Iterator[list[Record]]:
    """Exchanges with one place of one of their records changed, and with their records in another order."""
    plain = [group for group in samples(name) if is_plain(name, group)]
    for group in [*plain[:2], *MADE[name]]:
        yield group[::-1]
        yield [*group, group[-1]]
        yield group[:-1]
        for place in range(len(group)):
            for variant in islice(variants(group[place]), 0, None, 3):
                if isinstance(variant, dict):
                    yield [*group[:place], variant, *group[place + 1 :]]


def named(name: str, groups: list[list[Record]]) -> Iterator[Record]:
    """The records of many exchanges, those of each with an id of its own where theirs was left as it was."""
    for number, group in enumerate(groups):
        usual = group[0].get(IDS[name])
        for record in group:
            one = copy.copy(record)
            if usual is not None and one.get(IDS[name]) == usual:
                one[IDS[name]] = f"key-{number}"
            yield one


def told(folder: Path, chunk_bytes: int = 1 << 24) -> list[Any]:
    """All rows, rejects and notes of a folder, in the order in which they come."""
    chunks = plan([folder], ReadOptions(now=NOW, chunk_bytes=chunk_bytes)).chunks
    results = [read_chunk(chunk, NAMES, ReadOptions(now=NOW)) for chunk in chunks]
    return [(one.batch.to_pylist(), one.rejects.to_pylist(), one.notes, one.vault) for one in results]


def without_plain(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = FORMATS[name]
    assert one.joined is not None
    joined = dataclasses.replace(one.joined, plain=None)
    monkeypatch.setitem(FORMATS, name, dataclasses.replace(one, joined=joined))


@pytest.mark.parametrize("name", JOINED)
def test_many_exchanges_of_the_sample_are_plain(name: str) -> None:
    whole = samples(name)
    assert sum(is_plain(name, group) for group in whole) > len(whole) / 4
    assert all(is_plain(name, group) for group in MADE[name])


@pytest.mark.parametrize("name", JOINED)
@pytest.mark.parametrize("mixed", [False, True], ids=["plain", "mixed"])
def test_plain_pieces_are_the_same_rows_whatever_stands_in_any_place(
    name: str, mixed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = list(changed_groups(name))
    plain = sum(is_plain(name, group) for group in groups)
    assert 60 < plain < len(groups)
    if not mixed:
        groups = [group for group in groups if is_plain(name, group)]
    lines = [json.dumps(record, ensure_ascii=False).encode() for record in named(name, groups)]
    (tmp_path / "log.jsonl").write_bytes(b"\n".join(lines))
    found = told(tmp_path), told(tmp_path, 20_000)
    without_plain(name, monkeypatch)
    assert found == (told(tmp_path), told(tmp_path, 20_000))
    assert len(found[1]) > 1


@pytest.mark.parametrize("name", JOINED)
def test_a_block_of_pieces_that_stumbles_is_read_one_by_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [json.dumps(record) for record in named(name, MADE[name] * 300)]
    (tmp_path / "log.jsonl").write_text("\n".join([*lines, '{"half": ']))
    wanted = told(tmp_path)
    joined = FORMATS[name].joined
    assert joined is not None

    def stumbles(items: Any, reading: Any) -> Any:
        reading.notes["told before it stumbled"] += 1
        raise RecursionError

    monkeypatch.setattr(joined.plain, "read", stumbles)
    assert told(tmp_path) == wanted


def test_a_request_that_failed_is_placed_at_the_earliest_time_that_plain_answers_tell(tmp_path: Path) -> None:
    records = list(named("openai_batch", MADE["openai_batch"] * 3))
    for place, answer in enumerate(records[1::2]):
        body = {**answer["response"]["body"], "created": 1_759_000_000 + 60 * place}
        answer["response"] = {**answer["response"], "body": body}
    asked = {**records[0], "custom_id": "failed"}
    failed = {"custom_id": "failed", "response": {"status_code": 500, "body": {}}, "error": {"code": "x"}}
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, [*records, asked, failed])))
    ((rows, rejects, *_),) = told(tmp_path)
    assert not rejects
    assert [row["at"].timestamp() - 1_759_000_000 for row in rows] == [0, 60, 120, 0]


@pytest.mark.parametrize("name", ["openai_batch", "azure_apim_llm"])
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "half of it missing"])
def test_a_number_of_five_thousand_digits_ends_no_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, cut: bool
) -> None:
    """Decoding by types passes over it; the tolerant reader takes it for a float near it, and both give the same rows."""
    lines = [json.dumps(one | {"seed": 77_770_777}) for one in named(name, MADE[name])]
    text = "\n".join(lines[:1] if cut else lines).replace("77770777", "1" * 5_000)
    (tmp_path / "log.jsonl").write_text(text)
    both = told(tmp_path)
    without_plain(name, monkeypatch)
    assert told(tmp_path) == both
