"""Innocent customers that a single account may resemble: what each of them does by nature, and what it never explains.

An account resembles one as far as it bears its marks, measured, and as far as what is loud about it is what such customers are loud in. It
fits only if it bears every mark and nothing is left unexplained. That decides nothing: it tells the person who reviews where to look
first. As for actors (`actors.lookalikes`), a fit is no proof of innocence, for an attacker can dress as any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.core import Explanation, best_first, unknown

__all__ = ["LOOKALIKES", "Lookalike", "Reading", "explanations", "resemblance"]

_NO_MARK = 0.3
"""Weight of what is explained beside the marks borne, less than any one mark: who bears no mark of a kind resembles it hardly."""

_LOUD = 0.05
"""P-value from which on a signal is something to be explained."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One signal of an account as it was decided: its value, what 95 % of its kin stay below, and its p-value where it is evidence."""

    title: str
    value: float
    usual: float | None
    p_value: float | None

    @property
    def loud(self) -> bool:
        """Whether it asks for an explanation."""
        return self.p_value is not None and self.p_value <= _LOUD


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """What is known of the account: decided signals by name, and the provider's records."""

    readings: Mapping[str, Reading]
    facts: Mapping[str, Any]


_Mark = Callable[[_Seen], bool | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookalike:
    """One kind of innocent customer: what it is, in which signals it is loud by nature, and its marks; each in words."""

    name: str
    meaning: str
    loud_in: frozenset[str]
    marks: Mapping[str, _Mark]


def _at_least(signal: str, bar: float) -> _Mark:
    return lambda seen: seen.readings[signal].value >= bar if signal in seen.readings else None


def _at_most(signal: str, bar: float) -> _Mark:
    return lambda seen: seen.readings[signal].value <= bar if signal in seen.readings else None


def _high(signal: str) -> _Mark:
    """Above what 95 % of the kin stay below."""

    def holds(seen: _Seen) -> bool | None:
        reading = seen.readings.get(signal)
        return None if reading is None or reading.usual is None else reading.value > reading.usual

    return holds


def _is(fact: str, *values: str) -> _Mark:
    """A fact on record has one of these values; any value where none are given, and then an empty record is an answer."""

    def holds(seen: _Seen) -> bool | None:
        if not seen.facts:
            return None
        known = seen.facts.get(fact)
        return known is not None if not values else None if known is None else known in values

    return holds


_AUTOMATED = frozenset({"single_turn", "flat_hours", "even_pace", "volume", "at_the_limit", "full_speed_start"})
_MANY_HANDS = frozenset({"hidden_users", "parallel_conversations", "ip_fanout", "user_agent_fanout", "cell_breadth"})

LOOKALIKES: tuple[Lookalike, ...] = (
    Lookalike(
        name="evaluation suite",
        meaning="a fixed set of tasks, asked of every new model again and again",
        loud_in=_AUTOMATED | {"cell_breadth", "release_pivot", "grading", "best_of_n", "logprob_harvest"},
        marks={
            "it asks the same prompts again": _at_most("prompt_breadth", 0.7),
            "its conversations have one turn": _at_least("single_turn", 0.9),
        },
    ),
    Lookalike(
        name="batch work",
        meaning="translation, labelling or extraction of one document after another",
        loud_in=_AUTOMATED | {"prompt_breadth", "logprob_harvest", "artifact_replay"},
        marks={
            "its conversations have one turn": _at_least("single_turn", 0.9),
            "it keeps to few subjects": _at_most("cell_breadth", 0.5),
        },
    ),
    Lookalike(
        name="product with users of its own",
        meaning="many people behind one key",
        loud_in=_MANY_HANDS
        | {"flat_hours", "volume", "at_the_limit", "prompt_breadth", "release_pivot", "identity_fanout"},
        marks={
            "several conversations run at once": _high("parallel_conversations"),
            "people come back to their conversations": _at_most("single_turn", 0.7),
        },
    ),
    Lookalike(
        name="reseller",
        meaning="other firms' traffic under one account, in the open",
        loud_in=_MANY_HANDS
        | {
            "identity_fanout",
            "strongest_part",
            "volume",
            "at_the_limit",
            "flat_hours",
            "borrowed_harness",
            "prompt_breadth",
        },
        marks={
            "it is registered as a reseller": lambda seen: _either(
                _is("declared_programme", "reseller")(seen), _is("signup_path", "reseller")(seen)
            ),
            "it speaks with many system texts": _high("identity_fanout"),
        },
    ),
    Lookalike(
        name="agent of a public harness",
        meaning="long sessions of an assistant that reads and writes files",
        loud_in=frozenset(
            {
                "rewritten_context",
                "borrowed_harness",
                "missing_telemetry",
                "even_pace",
                "parallel_conversations",
                "volume",
            }
        )
        | {"prompt_breadth", "at_the_limit"},
        marks={
            "its conversations have several turns": _at_most("single_turn", 0.3),
            "it keeps to few subjects": _at_most("cell_breadth", 0.8),
        },
    ),
    Lookalike(
        name="classroom",
        meaning="a course: exercises, worked solutions, marks for essays",
        loud_in=frozenset(
            {"reasoning_elicitation", "grading", "data_making", "strongest_part", "ip_fanout", "young_and_busy"}
        )
        | {"hidden_users", "parallel_conversations", "technique_search"},
        marks={"it signed up through education": _is("signup_path", "education")},
    ),
    Lookalike(
        name="own answers graded",
        meaning="a firm that has its product's answers scored",
        loud_in=_AUTOMATED | {"grading", "strongest_part", "logprob_harvest", "prompt_breadth"},
        marks={
            "it asks for scores": _high("grading"),
        },
    ),
    Lookalike(
        name="declared purpose",
        meaning="evaluation, research or approved distillation that was registered beforehand",
        loud_in=_AUTOMATED
        | {
            "reasoning_elicitation",
            "grading",
            "data_making",
            "strongest_part",
            "prompt_breadth",
            "cell_breadth",
            "best_of_n",
        }
        | {"technique_search", "refusals_then_focus", "logprob_harvest", "release_pivot"},
        marks={"a purpose is on record": _is("declared_programme")},
    ),
    Lookalike(
        name="move from elsewhere",
        meaning="a running product that came from another provider or account",
        loud_in=_MANY_HANDS
        | {"full_speed_start", "young_and_busy", "volume", "at_the_limit", "flat_hours", "even_pace", "prompt_breadth"},
        marks={"it ran at full speed from the start": _at_least("full_speed_start", 0.8)},
    ),
)
"""Every kind of innocent customer that a single account is held against: declared before any log is seen, after the public record."""


def explanations(readings: Mapping[str, Reading], facts: Mapping[str, Any]) -> list[Explanation]:
    """Hold an account against every lookalike: those that fit first, then by how far it resembles them, what is unknown last.

    Args:
        readings: the account's decided signals by name.
        facts: what the provider's records say of it; empty where they do not know it.
    """
    seen = _Seen(readings=readings, facts=facts)
    return best_first(_held_against(one, seen) for one in LOOKALIKES)


def resemblance(found: list[Explanation]) -> str:
    """Which lookalike an account resembles most, and why it is or is not one, in a sentence; empty where none could be checked.

    >>> resemblance([Explanation(name="batch work", fits=False, score=0.5, why="it keeps to few subjects; but ...")])
    'resembles most batch work, which does not fit: it keeps to few subjects; but ...'
    """
    known = [one for one in found if one.known]
    if not known:
        return ""
    if known[0].score <= _NO_MARK:
        return f"bears no mark of any kind of innocent customer; nearest is {known[0].name}: {known[0].why}"
    verdict = "which fits" if known[0].fits else "which does not fit"
    return f"resembles most {known[0].name}, {verdict}: {known[0].why}"


def _held_against(lookalike: Lookalike, seen: _Seen) -> Explanation:
    marks = {words: mark(seen) for words, mark in lookalike.marks.items()}
    if all(holds is None for holds in marks.values()):
        return unknown(lookalike.name, "all its marks")
    loud = {name: reading for name, reading in seen.readings.items() if reading.loud}
    left = [f"{loud[name].title} {loud[name].value:.3g}" for name in sorted(loud) if name not in lookalike.loud_in]
    borne = sum(holds is True for holds in marks.values()) / len(marks)
    covered = 1.0 - len(left) / len(loud) if loud else 1.0
    reasons = [words for words, holds in marks.items() if holds]
    reasons += [f"not shown: {words}" for words, holds in marks.items() if holds is False]
    reasons += [f"unknown: {words}" for words, holds in marks.items() if holds is None]
    reasons.append(f"it does not explain {', '.join(left)}" if left else "nothing loud is left unexplained")
    return Explanation(
        name=lookalike.name,
        fits=borne == 1.0 and not left,
        score=(1.0 - _NO_MARK) * borne + _NO_MARK * covered,
        why="; ".join(reasons),
    )


def _either(one: bool | None, other: bool | None) -> bool | None:
    return True if one or other else None if one is None or other is None else False
