"""Recorded replies are read as they were written, or refused with file and line and without any of their text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stillwatch.audit import Capability, Recorded, answering, read_served, read_suspect, scoring
from stillwatch.audit.records import item_digest
from stillwatch.core import Error, FormatError

ITEM: dict[str, object] = {
    "item": "1",
    "account": "a",
    "prompt": "secret prompt",
    "response": "r",
    "siblings": ["s", "t"],
}


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_what_was_served_is_read_in_order_with_what_is_unknown(tmp_path: Path) -> None:
    told = read_served(lines(tmp_path / "served.jsonl", ITEM, "", {**ITEM, "item": "2", "as_sampled": True}))
    assert [one.item for one in told] == ["1", "2"]
    assert told[0].candidates == ("r", "s", "t")
    assert (told[0].as_sampled, told[1].as_sampled) == (None, True)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({**ITEM, "item": "2", "siblings": []}, "siblings: got none"),
        ({**ITEM, "reply": "x"}, "unknown field `reply`"),
        ({"item": "1"}, "missing required field `account`"),
        ("{", "truncated"),
        (ITEM, "item: named a second time"),
    ],
)
def test_a_bad_line_is_named_and_not_quoted(tmp_path: Path, row: object, words: str) -> None:
    with pytest.raises(FormatError) as refused:
        read_served(lines(tmp_path / "served.jsonl", ITEM, row))
    assert "served.jsonl:2: " in str(refused.value)
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_suspect_has_the_capabilities_that_were_recorded(tmp_path: Path) -> None:
    path = lines(tmp_path / "s.jsonl", {"prompt": "q", "answer": "a"}, {"prompt": "q", "text": "t", "logprob": -1.5})
    said = read_suspect(path)
    assert said.name == "s"
    assert said.capabilities == {Capability.TEXT, Capability.LOGPROBS}
    assert answering(said).answer("q") == "a"
    assert scoring(said).likelihood("q", "t") == -1.5
    assert said.likelihood("q", "other") is None


def test_what_a_suspect_cannot_do_is_said() -> None:
    with pytest.raises(Error, match="s: gives no logprobs, it has text"):
        scoring(Recorded(name="s", answers={"q": "a"}, likelihoods={}))
    with pytest.raises(Error, match="s: gives no text, it has nothing"):
        answering(Recorded(name="s", answers={}, likelihoods={}))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"prompt": "q", "answer": "another"}, "a second one to the same prompt"),
        ({"prompt": "q"}, "expected either an answer"),
        ({"prompt": "q", "answer": "a", "logprob": -1.0}, "expected either an answer"),
        ({"prompt": "q", "text": "t", "logprob": 0.5}, "logprob: got 0.5"),
    ],
)
def test_a_reply_that_is_neither_or_changes_is_refused(tmp_path: Path, row: object, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_suspect(lines(tmp_path / "s.jsonl", {"prompt": "q", "answer": "a"}, row))


def test_an_item_that_changes_anywhere_has_another_digest(tmp_path: Path) -> None:
    changed: list[dict[str, object]] = [
        {"response": "x"},
        {"siblings": ["st"]},
        {"siblings": ["t", "s"]},
        {"as_sampled": False},
        {"prompt": "p"},
        {"conversation": "c"},
    ]
    rows = [{**ITEM, "item": "1", **change} for change in [{}, *changed]]
    digests = {item_digest(read_served(lines(tmp_path / "one.jsonl", row))[0]) for row in rows}
    assert len(digests) == len(rows)
