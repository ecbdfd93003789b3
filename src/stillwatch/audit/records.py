"""The words of an audit: what was served, what is asked of a suspect, and what was found, with its null and its doubts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from stillwatch.core import Evidence
from stillwatch.stats import p_to_e_mixture

__all__ = ["AuditTest", "Capability", "Condition", "Finding", "Question", "Served", "State", "item_digest"]


class Question(StrEnum):
    """What an audit asks. Three questions with three nulls: an answer to one is no answer to another."""

    EXPOSURE = "exposure"
    RESEMBLANCE = "resemblance"
    DESCENT = "descent"

    @property
    def words(self) -> str:
        """The question as a person would ask it."""
        return {
            Question.EXPOSURE: "Was the suspect trained on responses that we served?",
            Question.RESEMBLANCE: "Is the suspect closer to our model than comparable models are?",
            Question.DESCENT: "Do the suspect's weights descend from ours?",
        }[self]


class Capability(StrEnum):
    """What a suspect lets one see; each includes no other. The suspect with a `CORPUS` is a data set."""

    TEXT = "text"
    LOGPROBS = "logprobs"
    WEIGHTS = "weights"
    CORPUS = "corpus"


class State(StrEnum):
    """Whether a condition on which a p-value rests was met."""

    HOLDS = "holds"
    MENDED = "mended"
    UNRECORDED = "not recorded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """One response that was served, and its siblings: other answers to the same prompt that were drawn and never served.

    What is not recorded is `None`. `as_sampled`: the served text is the first that was drawn, unfiltered, not picked among several by
    anybody. `same_sampling`: the siblings come from the same snapshot, system text and decoding. `conversation` names the conversation
    that the prompt belongs to. `chances` are those of response and siblings where they were not drawn alike: an item of `next_words`,
    whose response and siblings are words that our model had in mind at one place.
    """

    item: str
    account: str
    prompt: str
    response: str
    siblings: tuple[str, ...]
    conversation: str | None = None
    as_sampled: bool | None = None
    same_sampling: bool | None = None
    chances: tuple[float, ...] | None = None

    @property
    def candidates(self) -> tuple[str, ...]:
        """The served response first, then the siblings."""
        return (self.response, *self.siblings)


def item_digest(one: Served) -> str:
    """SHA-256 of everything about an item, with lengths between the parts, so that two items never read alike."""
    made = hashlib.sha256()
    known = [f"{flag}" for flag in (one.as_sampled, one.same_sampling)]
    told = [] if one.chances is None else ["chances", *(repr(chance) for chance in one.chances)]
    for part in (one.item, one.account, one.conversation or "", *known, one.prompt, *one.candidates, *told):
        raw = part.encode("utf-8", "surrogatepass")
        made.update(len(raw).to_bytes(8, "big") + raw)
    return made.hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A condition of a test as it was found: `left_out` items were dropped so that it holds."""

    words: str
    state: State
    left_out: int = 0

    def __str__(self) -> str:
        if self.state is State.MENDED:
            return f"{self.words}: holds after {self.left_out} items were left out"
        return f"{self.words}: {'not recorded, taken on trust' if self.state is State.UNRECORDED else 'holds'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditTest:
    """A test as it is declared before anything is asked: its question, what it needs, its null in words and what it rests on."""

    name: str
    title: str
    question: Question
    needs: Capability
    null: str
    statistic: str
    ties: str
    assumptions: tuple[str, ...]
    misled_by: str
    source: str

    def finding(
        self,
        suspect: str,
        *,
        value: float,
        n: int,
        p_value: float | None,
        needed: int | None,
        conditions: tuple[Condition, ...],
        e_value: float | None = None,
        account: str | None = None,
        model: str | None = None,
        items: tuple[str, ...] = (),
        running: tuple[float, ...] = (),
    ) -> Finding:
        """What this test said of a suspect, under its own null and assumptions.

        Without an `e_value` of its own, a test that has a p-value gets the one that the mixture of calibrators makes of it. `needed` is
        told where there is no p-value only.

        >>> words = dict.fromkeys(("name", "title", "null", "statistic", "ties", "misled_by", "source"), "x")
        >>> test = AuditTest(question=Question.DESCENT, needs=Capability.WEIGHTS, assumptions=(), **words)
        >>> told = test.finding("s", value=1.0, n=99, p_value=0.01, needed=99, conditions=()).evidence
        >>> round(told.e_value, 2), told.needed
        (4.45, None)
        >>> told = test.finding("s", value=1.0, n=9, p_value=None, needed=99, conditions=()).evidence
        >>> told.e_value, told.needed
        (None, 99)
        """
        if e_value is None and p_value is not None:
            e_value = float(p_to_e_mixture(p_value))
        return Finding(
            test=self.name,
            question=self.question,
            suspect=suspect,
            account=account,
            model=model,
            evidence=Evidence(
                value=value,
                n=n,
                p_value=p_value,
                e_value=e_value,
                null=self.null,
                method=self.statistic,
                needed=needed if p_value is None else None,
            ),
            assumptions=self.assumptions,
            conditions=conditions,
            items=items,
            running=running,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a test said of a suspect, and of an account's traffic where the question is exposure.

    `items` are digests of the items whose randomness was used: two findings may be multiplied only where they share none.
    `running` is the e-process after each item, empty where the test has none. `model` is the one that the suspect is held against, where
    the test holds it against several in turn.
    """

    test: str
    question: Question
    suspect: str
    account: str | None
    evidence: Evidence
    assumptions: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    items: tuple[str, ...] = ()
    running: tuple[float, ...] = ()
    model: str | None = None
