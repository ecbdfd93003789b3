"""What a plan will ask of a suspect, thing by thing: so that it can be counted, paid for and asked before anything is tested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec
import numpy as np

from stillwatch.audit.corpus_copies import CORPUS_COPIES
from stillwatch.audit.green_mass import GREEN_MASS
from stillwatch.audit.keyed import KEYED_TESTS
from stillwatch.audit.plan import Plan, items_digest, prompts_digest
from stillwatch.audit.records import Served
from stillwatch.audit.sibling_continuation import SIBLING_CONTINUATION, half_of_words
from stillwatch.audit.sibling_likelihood import SIBLING_LIKELIHOOD
from stillwatch.core import Error

__all__ = ["Kind", "Wanted", "of_items", "of_prompts", "wanted"]


class Kind(StrEnum):
    """What is asked: an answer, how likely a given text is, or the chances of next words all along a text."""

    ANSWER = "answer"
    LIKELIHOOD = "likelihood"
    CHANCES = "chances"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a suspect is asked, once. `text` is the text whose likelihood is asked."""

    kind: Kind
    prompt: str
    text: str | None = None


def wanted(
    plan: Plan, served: Sequence[Served], *, prompts: Sequence[str] = (), order: Sequence[str] = ()
) -> list[Wanted]:
    """Everything that the plan asks of the suspect, each once, items first and in their order.

    Raises:
        Error: items or prompts that are not the plan's, or a plan that asks nobody anything.
    """
    if items_digest(served) != plan.served:
        raise Error("served: not the items of the plan, or in another order")
    if prompts_digest(prompts) != plan.prompts:
        raise Error("prompts: not the prompts of the plan, or in another order")
    found = [*of_items(plan, served), *of_prompts(plan, prompts, order)]
    if not found:
        raise Error(f"{plan.exposure}: asks a suspect nothing")
    return list(dict.fromkeys(found))


def of_items(plan: Plan, served: Sequence[Served]) -> Iterator[Wanted]:
    """What the tests ask of items. Candidates of an item come in an order drawn by the plan's hash: none stands out by its place."""
    for one in served:
        if plan.exposure == SIBLING_LIKELIHOOD.name:
            for text in _dealt(plan, one):
                yield Wanted(kind=Kind.LIKELIHOOD, prompt=one.prompt, text=text)
        elif plan.exposure == SIBLING_CONTINUATION.name:
            for text in _dealt(plan, one):
                yield Wanted(kind=Kind.ANSWER, prompt=half_of_words(one.prompt, text)[0])
        elif plan.exposure not in (*KEYED_TESTS, CORPUS_COPIES.name):
            yield Wanted(kind=Kind.ANSWER, prompt=one.prompt)
        if plan.equality:
            yield Wanted(kind=Kind.ANSWER, prompt=one.prompt)


def of_prompts(plan: Plan, prompts: Sequence[str], order: Sequence[str]) -> Iterator[Wanted]:
    """What is asked of prompts that no account sent, and of our training texts."""
    asked = plan.asked
    if plan.exposure == GREEN_MASS.name:
        yield from (Wanted(kind=Kind.CHANCES, prompt=one) for one in prompts)
    if plan.controls or asked.teachers or asked.twins or plan.exposure in set(KEYED_TESTS) - {GREEN_MASS.name}:
        yield from (Wanted(kind=Kind.ANSWER, prompt=one) for one in prompts)
    yield from (Wanted(kind=Kind.LIKELIHOOD, prompt="", text=one) for one in order)


def _dealt(plan: Plan, one: Served) -> list[str]:
    place = int.from_bytes(bytes.fromhex(plan.sha256[:16]), "big")
    rng = np.random.default_rng([place, *one.item.encode("utf-8", "surrogatepass")])
    return [one.candidates[at] for at in rng.permutation(len(one.candidates))]
