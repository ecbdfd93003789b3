"""A plan carried out on a suspect: the tests it names, on the items it names, and nothing else."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from stillwatch.audit.accuse import accuse
from stillwatch.audit.agreement import agreement
from stillwatch.audit.asked import Shown, findings_beside
from stillwatch.audit.canary_variants import CANARY_VARIANTS, variant_finding, variants
from stillwatch.audit.clearing import Clearing, clear
from stillwatch.audit.corpus import Corpus
from stillwatch.audit.corpus_copies import CORPUS_COPIES, copies, copies_finding
from stillwatch.audit.equality import equality
from stillwatch.audit.exposure import account_items, stopped
from stillwatch.audit.kept import Kept, hashed, read_kept, still_as_hashed, write_kept
from stillwatch.audit.keyed import KEYED_TESTS, keyed_findings
from stillwatch.audit.next_words import NEXT_WORDS, next_words
from stillwatch.audit.overlap import SIMILARITIES
from stillwatch.audit.plan import Plan, Stop, items_digest, prompts_digest
from stillwatch.audit.recorded import Recorded
from stillwatch.audit.records import Finding, Question, Served
from stillwatch.audit.sibling_continuation import SIBLING_CONTINUATION, continuation_finding, continuations
from stillwatch.audit.sibling_likelihood import gain_finding, gains
from stillwatch.audit.sibling_overlap import SIBLING_OVERLAP, overlap_finding, overlaps
from stillwatch.audit.suspect import Answering, Scoring, Suspect, answering, holding, scoring
from stillwatch.audit.weights import Weights
from stillwatch.core import Error, FormatError

__all__ = ["Outcome", "Told", "carry_out", "exposure_of", "read_outcome", "write_outcome"]


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One finding as it is kept: no text and no likelihoods."""

    test: str
    question: Question
    account: str | None
    value: float | None
    n: int
    p: float | None
    e: float | None
    needed: int | None
    null: str
    statistic: str
    assumptions: tuple[str, ...]
    conditions: tuple[str, ...]
    cleared: str | None = None
    model: str | None = None


class Outcome(Kept, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan found: findings, and the accounts to look at (`triage`, e-BH) and that may be named (`named`, Holm).

    `inputs` gives the SHA-256 of each file of replies by what it was used as. Served items and prompts are in the plan, by digest.
    """

    plan: Plan
    inputs: dict[str, str]
    findings: tuple[Told, ...]
    triage: tuple[str, ...]
    named: tuple[str, ...]
    undecided: tuple[str, ...]


def carry_out(
    plan: Plan,
    served: Sequence[Served],
    suspect: Suspect,
    *,
    reference: Suspect | None = None,
    ours: Suspect | None = None,
    controls: Sequence[Answering] = (),
    prompts: Sequence[str] = (),
    master: bytes | None = None,
    shown: Shown | None = None,
) -> Outcome:
    """Test the suspect as the plan says. `master` is the key that the digests of a test of marks come from.

    Raises:
        Error: items, prompts, controls or the suspect are not those of the plan, or the suspect lacks what the test needs.
    """
    if items_digest(served) != plan.served:
        raise Error("served: not the items of the plan, or in another order")
    if suspect.name != plan.suspect:
        raise Error(f"suspect: got {suspect.name!r}, the plan is for {plan.suspect!r}")
    if (None if reference is None else reference.name) != plan.reference:
        raise Error(f"reference: expected that of the plan: {plan.reference or 'none'}")
    if tuple(one.name for one in controls) != plan.controls:
        raise Error(f"controls: expected those of the plan, in its order: {', '.join(plan.controls) or 'none'}")
    if prompts_digest(prompts) != plan.prompts:
        raise Error("prompts: not the prompts of the plan, or in another order")
    beside = shown or Shown()
    others = findings_beside(
        plan.asked,
        beside,
        suspect,
        prompts,
        ours=ours,
        timeline=plan.timeline,
        reference=None if reference is None or not plan.asked.order else scoring(reference),
        alpha=plan.alpha,
        seed=int(plan.sha256[:15], 16),
    )
    findings, told = [], []
    for found, cleared in _exposures(plan, served, suspect, reference, prompts, master):
        findings.append(found)
        told.append(_told(found, cleared))
    if plan.equality:
        alike = SIMILARITIES[plan.similarity]
        told.append(_told(equality(served, answering(suspect), similarity=alike, alpha=plan.alpha), None))
    if plan.controls:
        told.append(_told(_resemblance(plan, suspect, ours, controls, prompts), None))
    told += [_told(one, None) for one in others]
    verdicts = accuse(findings, q=plan.q, alpha=plan.alpha)
    outcome = Outcome(
        plan=plan,
        inputs=_inputs(suspect, reference, ours, controls, beside),
        findings=tuple(told),
        triage=verdicts.triage,
        named=verdicts.named,
        undecided=verdicts.undecided,
    )
    return hashed(outcome)


def write_outcome(path: Path, outcome: Outcome) -> None:
    """Keep an outcome as JSON where there is none, readable by its owner alone: it names accounts as they were given.

    Raises:
        Error: there is one already.
    """
    write_kept(path, outcome)


def read_outcome(path: Path, *, inputs: Sequence[Path] = ()) -> Outcome:
    """An outcome whose hash, and whose plan's hash, are those of what they say; each of `inputs` is a file that it rests on.

    Raises:
        FormatError: not an outcome, one with another hash, or a file that it does not rest on.
    """
    outcome = read_kept(path, Outcome, "the outcome of an audit")
    if not still_as_hashed(outcome.plan):
        raise FormatError(f"{path}: plan: changed after its hash was taken")
    for file in inputs:
        with file.open("rb") as data:
            digest = hashlib.file_digest(data, "sha256").hexdigest()
        if digest not in outcome.inputs.values():
            raise FormatError(f"{file}: is none of the files that {path} rests on")
    return outcome


def _inputs(
    suspect: Suspect, reference: Suspect | None, ours: Suspect | None, controls: Sequence[Answering], shown: Shown
) -> dict[str, str]:
    """The SHA-256 of every file of replies, by what it was used as; a suspect that was asked directly has none."""
    used: dict[str, Suspect | None] = {"answers": suspect, "reference": reference, "ours": ours}
    used |= {f"control {one.name}": one for one in controls}
    used |= shown.files
    return {
        name: one.sha256
        for name, one in used.items()
        if isinstance(one, Recorded | Corpus | Weights) and one.sha256 is not None
    }


def _exposures(
    plan: Plan,
    served: Sequence[Served],
    suspect: Suspect,
    reference: Suspect | None,
    prompts: Sequence[str],
    master: bytes | None,
) -> Iterator[tuple[Finding, Clearing | None]]:
    """The finding for each account, and what silence is worth."""
    if plan.exposure not in KEYED_TESTS or plan.keys is None:
        for items in account_items(served).values():
            yield exposure_of(plan, items, suspect, None if reference is None else scoring(reference))
        return
    if master is None:
        raise Error("master: the plan tests marks, and the key that made them is missing")
    for found in keyed_findings(
        plan.exposure, plan.keys, master, suspect, prompts, reference=reference, alpha=plan.alpha
    ):
        yield found, None


def exposure_of(
    plan: Plan, items: Sequence[Served], suspect: Suspect, reference: Scoring | None
) -> tuple[Finding, Clearing | None]:
    """The finding for one account, and what silence is worth where all items were asked: who stops early cannot clear."""
    if plan.exposure == NEXT_WORDS.name:
        words = next_words(items, answering(suspect), alpha=plan.alpha)
        return (stopped(words, plan.alpha, exact=False) if plan.stop is Stop.EVIDENCE else words), None
    if plan.exposure == SIBLING_OVERLAP.name:
        alike = SIMILARITIES[plan.similarity]
        numbers = overlaps(items, answering(suspect), similarity=alike)
        found = overlap_finding(numbers, alpha=plan.alpha)
    elif plan.exposure == SIBLING_CONTINUATION.name:
        numbers = continuations(items, answering(suspect), similarity=SIMILARITIES[plan.similarity])
        found = continuation_finding(numbers, alpha=plan.alpha)
    elif plan.exposure == CANARY_VARIANTS.name:
        numbers = variants(items, answering(suspect))
        found = variant_finding(numbers, alpha=plan.alpha)
    elif plan.exposure == CORPUS_COPIES.name:
        numbers = copies(items, holding(suspect))
        found = copies_finding(numbers, alpha=plan.alpha)
    else:
        numbers = gains(items, scoring(suspect), reference=reference)
        found = gain_finding(numbers, alpha=plan.alpha)
    if plan.stop is Stop.EVIDENCE:
        return stopped(found, plan.alpha, whole=not numbers.conditions[-1].left_out), None
    return found, clear(numbers, share=plan.share, alpha=plan.alpha, power=plan.power)


def _resemblance(
    plan: Plan, suspect: Suspect, ours: Suspect | None, controls: Sequence[Answering], prompts: Sequence[str]
) -> Finding:
    if ours is None:
        raise Error("ours: the plan compares our model with controls, and our answers are missing")
    return agreement(prompts, answering(suspect), answering(ours), controls, alpha=plan.alpha)


def _told(found: Finding, cleared: Clearing | None) -> Told:
    seen = found.evidence
    return Told(
        test=found.test,
        question=found.question,
        account=found.account,
        value=None if math.isnan(seen.value) else seen.value,
        n=seen.n,
        p=seen.p_value,
        e=seen.e_value,
        needed=seen.needed,
        null=seen.null,
        statistic=seen.method,
        assumptions=found.assumptions,
        conditions=tuple(str(one) for one in found.conditions),
        cleared=None if cleared is None else str(cleared),
        model=found.model,
    )
