"""S11. Does the suspect say exact strings that were ours alone, rather than strings that might as well have been?"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from stillwatch.audit.exposure import Dealt, levelled_finding
from stillwatch.audit.recorded import Recorded, json_lines
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, Served, State
from stillwatch.core import Error, FormatError

__all__ = ["RARE_ARTEFACTS", "Artefact", "artefacts_digest", "rare_artefacts", "read_artefacts"]

RARE_ARTEFACTS = AuditTest(
    name="rare_artefacts",
    title="S11 rare artefacts",
    question=Question.EXPOSURE,
    needs=Capability.TEXT,
    null="the suspect was never trained on text that holds our artefacts, so it is as likely to say a decoy as the artefact it stands "
    "beside",
    statistic="number of artefacts of which some reply of the suspect holds the true string and not every decoy, those that any control "
    "says left out; exact tail by convolution over which string of each was the true one; e-value by mixed exponential bets in the order "
    "of the artefacts",
    ties="exact: strings that the suspect says alike are dealt alike; an artefact of which it says nothing says nothing",
    assumptions=(
        "the true string was drawn among its decoys at random, as build numbers and canaries are, and no reader could tell which is true",
        "the true strings went out in what we served and by no other way",
        "the controls were released before the harvest began: what they say was known without it",
    ),
    misled_by="decoys that look unlike the true string. A true string that was published: controls are older than that. A name the suspect "
    "gives itself is no artefact: models call themselves by whatever name the web mentions most, and such strings are refused.",
    source="Exact strings that the open web does not hold, as canaries in Carlini and others (2019), arXiv 1802.08232 (exposure is a rank "
    "among strings of the same form), with older models to say what was known",
)

_SHORTEST = 6
_NAMES = ("i am ", "i'm ", "my name is", "as an ai", "created by", "made by", "developed by", "trained by")


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    artefact: str
    decoys: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Artefact:
    """An exact string that went out in what we served, and strings of the same form that never did."""

    true: str
    decoys: tuple[str, ...]

    @property
    def strings(self) -> tuple[str, ...]:
        """The true one first."""
        return (self.true, *self.decoys)


def read_artefacts(path: Path) -> tuple[Artefact, ...]:
    """Artefacts with their decoys, from lines of `artefact` and `decoys`.

    Raises:
        FormatError: a line that cannot be read, without decoys, with a string that is short, names its speaker, holds or is held by
            another of its line, or occurs twice; with its line.
    """
    found: list[Artefact] = []
    used: set[str] = set()
    for at, line in json_lines(path, _Line):
        strings = [line.artefact, *line.decoys]
        for wrong, words in (
            (not line.decoys, "decoys: got none, expected strings of the same form that were never served"),
            (min(map(len, strings)) < _SHORTEST, f"a string of fewer than {_SHORTEST} characters occurs by chance"),
            (any(name in one.casefold() for one in strings for name in _NAMES), "says who speaks: that has no weight"),
            (any(one in other for one in strings for other in strings if one is not other), "one string holds another"),
            (bool(used & set(strings)), "a string that stands in another line too"),
        ):
            if wrong:
                raise FormatError(f"{path}:{at}: {words}")
        used |= set(strings)
        found.append(Artefact(true=line.artefact, decoys=tuple(line.decoys)))
    return tuple(found)


def artefacts_digest(artefacts: Sequence[Artefact]) -> str:
    """SHA-256 of all artefacts and decoys in their order: they are secret, and the plan holds only this."""
    return hashlib.sha256(msgspec.json.encode([list(one.strings) for one in artefacts])).hexdigest()


def rare_artefacts(
    artefacts: Sequence[Artefact],
    suspect: Recorded,
    controls: Sequence[tuple[Recorded, dt.date]],
    *,
    harvest_begun: dt.date,
    alpha: float = 0.01,
) -> Finding:
    """Whether the suspect's replies hold our strings; `value` is how often the true one is said, those said
    with it sharing.

    All replies of the suspect are looked through, to whatever prompt. An artefact is left out where any prompt or any reply of a control
    holds any of its strings, true or not: which is true does not enter, so that costs power and no validity.

    >>> day = dt.date(2026, 3, 1)
    >>> secret = [Artefact(true=f"build-{at}77x", decoys=tuple(f"build-{at}{d}x" for d in (11, 22, 33))) for at in range(5)]
    >>> def model(*said): return Recorded(name="m", answers={f"q{at}": text for at, text in enumerate(said)}, likelihoods={})
    >>> old = [(model("no idea"), dt.date(2026, 1, 1))]
    >>> found = rare_artefacts(secret, model(*(f"it is {one.true}" for one in secret)), old, harvest_begun=day).evidence
    >>> found.value, found.p_value == 0.25**5, rare_artefacts(secret, model("none"), old, harvest_begun=day).evidence.p_value
    (1.0, True, None)

    Raises:
        Error: no control, or one that was released when the harvest had begun.
    """
    if not controls:
        raise Error("controls: got none; without a model older than the harvest nothing says that a string was unknown")
    for one, released in controls:
        if released >= harvest_begun:
            raise Error(f"{one.name}: was released on {released}, not before the harvest began on {harvest_begun}")
    everyone = (suspect, *(one for one, _ in controls))
    asked = _held(artefacts, (prompt for one in everyone for prompt, _ in one.replies))
    known = _held(artefacts, (text for one, _ in controls for _, text in one.replies))
    said = _held(artefacts, (text for _, text in suspect.replies))
    fits = [not (asked[at].any() or known[at].any()) for at in range(len(artefacts))]
    values = tuple(said[at].astype(np.float64) for at, fit in enumerate(fits) if fit)
    found = Dealt(
        suspect=suspect.name,
        account=None,
        items=tuple(_item(one) for one, fit in zip(artefacts, fits, strict=True) if fit),
        values=values,
        conditions=(
            _left("no prompt holds an artefact or decoy", sum(bool(one.any()) for one in asked)),
            _left(
                f"no model released before {harvest_begun} says an artefact or decoy",
                sum(bool(one.any() and not held.any()) for one, held in zip(known, asked, strict=True)),
            ),
        ),
    )
    return levelled_finding(RARE_ARTEFACTS, found, [one.astype(np.int64) for one in values], alpha=alpha)


def _held(artefacts: Sequence[Artefact], texts: Iterable[str]) -> list[np.ndarray]:
    """Which strings of each artefact occur in any of the texts."""
    found = [np.zeros(len(one.strings), dtype=np.bool_) for one in artefacts]
    for text in texts:
        for at, one in enumerate(artefacts):
            for place, string in enumerate(one.strings):
                found[at][place] |= string in text
    return found


def _item(one: Artefact) -> Served:
    return Served(item=one.true, account="", prompt="", response=one.true, siblings=one.decoys)


def _left(words: str, n: int) -> Condition:
    return Condition(words=words, state=State.MENDED if n else State.HOLDS, left_out=n)
