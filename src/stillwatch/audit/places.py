"""Places of served responses at which a suspect is asked for the next word, from the log-probabilities that the serving recorded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import msgspec

from stillwatch.audit.recorded import json_lines
from stillwatch.audit.records import Served
from stillwatch.core import Error, FormatError

__all__ = ["UNSURE", "WORDS", "Choice", "Step", "places", "read_places"]

WORDS = 4
"""Words of a place: the likeliest of our model there."""

UNSURE = 0.3
"""A place is asked where these words together had at most this chance: nothing is learned where everybody knows how it goes on."""

_WIDEST = 20.0
"""Nats between the likeliest and the least likely of a place; where they lie further apart, a cut or a low temperature left no lot."""

_TOLD = WORDS + 1
"""Words that must be recorded: servers may append the one drawn, and the likeliest four of five hang on no draw."""

_PART = "\ufffd"
"""What stands for a part of a letter: tokens that differ may be written alike with it, those that were not told among them."""

_WHOLE = 1.01
"""What the chances of one place may sum to, as servers round."""


class Choice(msgspec.Struct):
    """A word with its log-probability, in nats."""

    token: str
    logprob: float


class Step(msgspec.Struct):
    """One word as it was drawn, with the likeliest in its place, as OpenAI-compatible servers write them (`logprobs.content`)."""

    token: str
    top_logprobs: list[Choice]


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    item: str
    account: str
    prompt: str
    content: list[Step]
    temperature: float = 1.0
    conversation: str | None = None
    as_sampled: bool | None = None


def read_places(path: Path, *, unsure: float = UNSURE) -> Iterator[Served]:
    """The places to ask of each response of a file, in the order of its text.

    A line holds `item`, `account`, `prompt`, `content` (the words with `top_logprobs`, five at least) and, where the log-probabilities were
    recorded before it, the `temperature` that the words were drawn at.

    Raises:
        Error: no share of chance.
        FormatError: a line that cannot be read, one named twice, with fewer words told than it takes, or with chances that are none.
    """
    if not 0.0 < unsure <= 1.0:
        raise Error(f"unsure: got {unsure!r}, expected a chance in (0, 1]")
    seen: set[str] = set()
    for at, line in json_lines(path, _Line):
        if line.item in seen:
            raise FormatError(f"{path}:{at}: item: named a second time")
        if not 0.0 < line.temperature <= 100.0:
            raise FormatError(f"{path}:{at}: temperature: got {line.temperature!r}, expected one above 0")
        if any(len(step.top_logprobs) < _TOLD for step in line.content):
            raise FormatError(f"{path}:{at}: top_logprobs: expected at least {_TOLD} words at each place")
        if any(not -1e4 < one.logprob <= 0.0 for step in line.content for one in step.top_logprobs):
            raise FormatError(f"{path}:{at}: logprob: expected finite numbers <= 0")
        if any(sum(math.exp(one.logprob) for one in step.top_logprobs) > _WHOLE for step in line.content):
            raise FormatError(
                f"{path}:{at}: logprob: the chances of a place sum to more than 1; expected natural logarithms"
            )
        seen.add(line.item)
        yield from places(
            line.content,
            item=line.item,
            account=line.account,
            prompt=line.prompt,
            temperature=line.temperature,
            conversation=line.conversation or line.item,
            as_sampled=line.as_sampled,
            unsure=unsure,
        )


def places(
    steps: list[Step],
    *,
    item: str,
    account: str,
    prompt: str,
    temperature: float = 1.0,
    conversation: str | None = None,
    as_sampled: bool | None = None,
    unsure: float = UNSURE,
) -> Iterator[Served]:
    """The places of one response at which our model was unsure and drew one of its likeliest words.

    Whether a place is asked hangs on the text before it, and on the word being among the likeliest: given these, the word is a fresh draw
    among them, with chances in the proportion recorded. Places where two words are written alike, or one holds a part of a letter, are
    left out: what is read there is not what was drawn. So are those whose fourth and fifth likeliest are equal: which of them is the fourth
    might hang on the draw, where the word drawn was appended.

    >>> one = Step(token=" b", top_logprobs=[Choice(f" {word}", -1.7 - at / 5) for at, word in enumerate("abcde")])
    >>> [(found.prompt, found.response, len(found.siblings)) for found in places([one, one], item="1", account="x", prompt="q", unsure=0.6)]
    [('q', ' b', 3), ('q b', ' b', 3)]
    >>> list(places([one], item="1", account="x", prompt="q"))
    []
    """
    text = ""
    for at, step in enumerate(steps):
        told = {one.token: one.logprob for one in step.top_logprobs}
        ranked = sorted(told, key=lambda word: (-told[word], word))
        likeliest = ranked[:WORDS]
        apart = len(told) == len(step.top_logprobs) and _apart(ranked, told)
        if step.token in likeliest and apart and _lots([told[word] for word in likeliest], unsure, temperature):
            others = tuple(word for word in likeliest if word != step.token)
            yield Served(
                item=f"{item}:{at}",
                account=account,
                prompt=_before(prompt, text),
                response=step.token,
                siblings=others,
                conversation=conversation,
                as_sampled=as_sampled,
                chances=tuple(
                    math.exp((told[word] - told[step.token]) / temperature) for word in (step.token, *others)
                ),
            )
        text += step.token


def _apart(ranked: list[str], told: dict[str, float]) -> bool:
    """Whether it is plain which words are the likeliest, and what each of them is."""
    return (
        len(ranked) > WORDS
        and told[ranked[WORDS - 1]] > told[ranked[WORDS]]
        and not any(_PART in word for word in ranked[:WORDS])
    )


def _lots(logs: list[float], unsure: float, temperature: float) -> bool:
    """Whether words with these log-probabilities, likeliest first, make a lot: none of them sure, and none out of question."""
    return sum(map(math.exp, logs)) <= unsure and (logs[0] - logs[-1]) / temperature <= _WIDEST


def _before(prompt: str, text: str) -> str:
    """The prompt with the text so far behind it, as a suspect that goes on from a beginning is asked."""
    return prompt + ("" if not text or text[0].isspace() else " ") + text
