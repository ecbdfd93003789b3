"""What is promised before the first query: items by digest, statistics, alpha, when to stop, and what could be seen at all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from stillwatch.audit.asked import Asked
from stillwatch.audit.canary_variants import CANARY_VARIANTS
from stillwatch.audit.clearing import smallest_share
from stillwatch.audit.conditions import fit_items, fit_places
from stillwatch.audit.corpus_copies import CORPUS_COPIES
from stillwatch.audit.decoy_keys import DECOY_KEYS
from stillwatch.audit.exposure import account_items
from stillwatch.audit.green_mass import GREEN_MASS
from stillwatch.audit.kept import Kept, hashed, read_kept, write_kept
from stillwatch.audit.keyed import KEYED_TESTS, Keys, unmarked
from stillwatch.audit.next_words import NEXT_WORDS, drawn_otherwise
from stillwatch.audit.overlap import SIMILARITIES
from stillwatch.audit.records import Served, item_digest
from stillwatch.audit.sibling_continuation import SIBLING_CONTINUATION
from stillwatch.audit.sibling_likelihood import SIBLING_LIKELIHOOD
from stillwatch.audit.sibling_overlap import SIBLING_OVERLAP
from stillwatch.audit.timeline import Timeline
from stillwatch.core import Error, FormatError

__all__ = [
    "EXPOSURE_TESTS",
    "AccountPlan",
    "Plan",
    "Stop",
    "draw_up",
    "items_digest",
    "prompts_digest",
    "read_plan",
    "write_plan",
]

VERSION = 4
_DOUBTED = 20.0
"""The e-value from which chances of places are not believed: who recorded them well meets it once in twenty files at most."""

EXPOSURE_TESTS = (
    SIBLING_OVERLAP.name,
    SIBLING_CONTINUATION.name,
    NEXT_WORDS.name,
    SIBLING_LIKELIHOOD.name,
    CANARY_VARIANTS.name,
    CORPUS_COPIES.name,
    *KEYED_TESTS,
)
"""Tests of exposure that a plan may name; it names one."""

_REFERRING = (SIBLING_LIKELIHOOD.name, DECOY_KEYS.name, GREEN_MASS.name)


class Stop(StrEnum):
    """When the asking ends."""

    ALL = "after all items"
    EVIDENCE = "at e >= 2/alpha, else after all items, where the exact test has the other half of alpha"


class AccountPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account: items that are fit, their siblings, and the least marked share that the test would see (None: none)."""

    account: str
    items: int
    seen: float | None


class Plan(Kept, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An audit as it was promised."""

    version: int
    suspect: str
    exposure: str
    similarity: str
    reference: str | None
    controls: tuple[str, ...]
    equality: bool
    keys: Keys | None
    asked: Asked
    timeline: Timeline
    alpha: float
    q: float
    stop: Stop
    share: float
    power: float
    served: str
    prompts: str
    accounts: tuple[AccountPlan, ...]

    @property
    def enough(self) -> float:
        """The e-value at which the asking stops; tests with an exact p after the last item keep half of alpha for it."""
        return (1.0 if self.exposure == NEXT_WORDS.name else 2.0) / self.alpha


def draw_up(
    served: Sequence[Served],
    *,
    suspect: str,
    exposure: str = SIBLING_OVERLAP.name,
    similarity: str = "gram_overlap",
    reference: str | None = None,
    controls: Sequence[str] = (),
    prompts: Sequence[str] = (),
    equality: bool = False,
    keys: Keys | None = None,
    asked: Asked | None = None,
    timeline: Timeline | None = None,
    alpha: float = 0.01,
    q: float = 0.05,
    stop: Stop = Stop.ALL,
    share: float = 0.05,
    power: float = 0.8,
) -> Plan:
    """A plan for these items, with what it could see of each account. Nothing is asked yet.

    `reference` names the model whose likelihoods sibling_likelihood takes away. `controls` and `prompts` are those of the resemblance
    test; `equality` asks as well whether the suspect is our model behind another name. Tests of marks take the digests of `keys` and
    unmarked prompts; decoy_keys may name a clean model as its `reference`, and green_mass must. `asked` are the tests beside exposure.

    Raises:
        Error: a test or similarity that there is not, a share or level outside (0, 1), no items, a test without what it needs, marked
            prompts, dates in the wrong order, or places whose words were not drawn with the chances recorded.
    """
    if exposure not in EXPOSURE_TESTS:
        raise Error(f"test: got {exposure!r}, expected one of {', '.join(EXPOSURE_TESTS)}")
    if similarity not in SIMILARITIES:
        raise Error(f"similarity: got {similarity!r}, expected one of {', '.join(SIMILARITIES)}")
    for name, value in (("alpha", alpha), ("q", q), ("share", share), ("power", power)):
        if not 0.0 < value < 1.0:
            raise Error(f"{name}: got {value!r}, expected a number in (0, 1)")
    if not served:
        raise Error("served: no items; there is nothing to plan")
    if any((one.chances is None) == (exposure == NEXT_WORDS.name) for one in served):
        raise Error(
            "served: next_words takes places with their chances (stillwatch audit places), and no other test does"
        )
    if equality and exposure == NEXT_WORDS.name:
        raise Error("equality: compares whole answers, and places ask for one word")
    if exposure == NEXT_WORDS.name and (otherwise := drawn_otherwise(served)) >= _DOUBTED:
        raise Error(
            f"served: the words were not drawn with the chances recorded (e = {otherwise:.3g} for another temperature or a cut); say the "
            "temperature, or record chances after everything that the serving does to them"
        )
    wanted = (asked or Asked()).checked(prompts, times := (timeline or Timeline()).checked())
    keyed = exposure in KEYED_TESTS
    if reference is not None and exposure not in _REFERRING and not wanted.order:
        raise Error(f"reference: {exposure} takes none")
    if keyed != (keys is not None):
        raise Error(f"keys: {exposure} takes {'digests of keys' if keyed else 'none'}")
    if exposure == GREEN_MASS.name and reference is None:
        raise Error(f"reference: {exposure} needs a clean model, whose chances are taken away")
    spoken = keyed or bool(wanted.teachers or wanted.twins)
    if spoken and not prompts:
        raise Error(
            "prompts: got none; a text source and tests of marks need those that no account under suspicion sent, and so do twins"
        )
    if (controls and not prompts) or (prompts and not (controls or spoken)):
        raise Error("controls, prompts: resemblance takes both, or neither")
    if keyed and not unmarked(prompts, served):
        raise Error("prompts: one holds a response that was served, and so the mark itself")
    if keys is not None and (missing := {one.account for one in served} - keys.digests.keys()):
        raise Error(f"keys: none for {min(missing)}, and {len(missing) - 1} accounts more")
    if len(set(controls)) != len(controls):
        raise Error("controls: one is named twice")
    plan = Plan(
        version=VERSION,
        suspect=suspect,
        exposure=exposure,
        similarity=similarity,
        reference=reference,
        controls=tuple(controls),
        equality=equality,
        keys=keys,
        asked=wanted,
        timeline=times,
        alpha=alpha,
        q=q,
        stop=stop,
        share=share,
        power=power,
        served=items_digest(served),
        prompts=prompts_digest(prompts),
        accounts=tuple(
            _account_plan(account, items, keyed=keyed, alpha=alpha, power=power)
            for account, items in account_items(served).items()
        ),
    )
    return hashed(plan)


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan where there is none, readable by its owner alone: it names accounts.

    Raises:
        Error: there is a plan already; a promise is not written over.
    """
    write_kept(path, plan)


def read_plan(path: Path) -> Plan:
    """A plan whose hash is that of what it says.

    Raises:
        FormatError: not a plan, or one with another hash.
    """
    plan = read_kept(path, Plan, "a plan")
    if plan.version != VERSION:
        raise FormatError(f"{path}: version: got {plan.version}, expected {VERSION}")
    return plan


def items_digest(served: Sequence[Served]) -> str:
    """SHA-256 of all items in their order."""
    return _digest([item_digest(one) for one in served])


def prompts_digest(prompts: Sequence[str]) -> str:
    """SHA-256 of all prompts in their order."""
    return _digest(prompts)


def _account_plan(account: str, items: Sequence[Served], *, keyed: bool, alpha: float, power: float) -> AccountPlan:
    """What could be seen of an account by its siblings; what marks and next words show hangs on how strong they are, and is not known."""
    if keyed:
        return AccountPlan(account=account, items=len(items), seen=None)
    places = all(one.chances is not None for one in items)
    fit, _ = (fit_places if places else fit_items)(items)
    seen = None
    if fit and not places:
        siblings = round(sum(len(one.siblings) for one in fit) / len(fit))
        seen = smallest_share(len(fit), siblings, alpha=alpha, power=power)
    return AccountPlan(account=account, items=len(fit), seen=None if seen is None else round(seen, 3))


def _digest(parts: Sequence[str]) -> str:
    made = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        made.update(len(raw).to_bytes(8, "big") + raw)
    return made.hexdigest()
