"""`stillwatch audit`: promise a test of a suspect model, carry it out on recorded answers, and read the answer."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from stillwatch.cli.app import app
from stillwatch.cli.audit_ask import audit_ask, prompt_lines
from stillwatch.cli.audit_beside import AskedBeside, ShownBeside, audit_keys
from stillwatch.cli.audit_exhibit import audit_exhibit, write_exhibit
from stillwatch.cli.audit_places import audit_places
from stillwatch.cli.audit_served import audit_served
from stillwatch.cli.audit_zoo import audit_zoo

__all__ = ["audit_app", "audit_plan", "audit_report", "audit_run"]

audit_app = App(name="audit", help="Test whether a model was trained on what we served, and on whose harvest.")
app.command(audit_app)
audit_app.command(audit_ask, name="ask")
audit_app.command(audit_keys, name="keys")
audit_app.command(audit_exhibit, name="exhibit")
audit_app.command(audit_places, name="places")
audit_app.command(audit_served, name="served")
audit_app.command(audit_zoo, name="zoo")


@audit_app.command(name="plan")
def audit_plan(
    served: Path,
    suspect: str,
    /,
    *,
    out: Path = Path("plan.json"),
    test: str = "sibling_overlap",
    similarity: str = "gram_overlap",
    reference: str | None = None,
    control: Annotated[list[str] | None, Parameter(negative=())] = None,
    prompts: Path | None = None,
    equality: Annotated[bool, Parameter(negative=())] = False,
    keys: Path | None = None,
    beside: AskedBeside | None = None,
    harvested: tuple[dt.date, dt.date] | None = None,
    cutoff: dt.date | None = None,
    released: dt.date | None = None,
    alpha: float = 0.01,
    q: float = 0.05,
    stop_early: Annotated[bool, Parameter(negative=())] = False,
    share: float = 0.05,
    power: float = 0.8,
) -> None:
    """Freeze items, statistic, alpha and stopping rule before the suspect is asked, and say what could be seen.

    Args:
        served: JSON lines of served responses with their unserved siblings; docs/audit.md says how they look.
        suspect: Name of the suspect.
        out: File of the plan; never written over.
        test: Test of exposure: sibling_overlap, sibling_continuation, next_words or canary_variants (from answers),
            sibling_likelihood (from logprobs), corpus_copies (in a data set), decoy_keys, betting or radioactivity
            (marks by key, from answers), or green_mass (marks by key, from chances of next words).
        similarity: What sibling_overlap and sibling_continuation compare, gram_overlap, longest_run or same_start.
        reference: Name of the model whose likelihoods sibling_likelihood or the training order takes away (our own will
            do), or whose answers decoy_keys, or chances green_mass takes away (a clean model).
        control: Name of a model that ours is compared with for resemblance; give it once for each.
        prompts: File of prompts for resemblance or marks, one a line, that no account under suspicion sent.
        equality: Ask as well whether the suspect is our model behind another name, from the same answers.
        keys: Digests of the accounts' keys, from stillwatch audit keys.
        beside: Tests beside exposure.
        harvested: First and last day of the harvest.
        cutoff: Day on which the suspect's data end, by its maker's word.
        released: Day on which the suspect was released.
        alpha: Chance of naming any account falsely.
        q: Share of accounts to look at that may be false.
        stop_early: Stop at the first item at which the evidence suffices; half of alpha is kept for the exact test of all.
        share: Share of marked answers that clearing must rule out.
        power: Chance with which the share that is said to be seen would be seen.
    """
    from stillwatch.audit import KEYED_TESTS, Stop, Timeline, draw_up, read_keys, read_served, write_plan

    plan = draw_up(
        read_served(served, bare=test in KEYED_TESTS),
        suspect=suspect,
        exposure=test,
        similarity=similarity,
        reference=reference,
        controls=control or (),
        prompts=prompt_lines(prompts),
        equality=equality,
        keys=None if keys is None else read_keys(keys),
        asked=(beside or AskedBeside()).asked(),
        timeline=Timeline(
            harvest_begun=None if harvested is None else harvested[0],
            harvest_ended=None if harvested is None else harvested[1],
            cutoff=cutoff,
            released=released,
        ),
        alpha=alpha,
        q=q,
        stop=Stop.EVIDENCE if stop_early else Stop.ALL,
        share=share,
        power=power,
    )
    write_plan(out, plan)
    print(f"Plan {plan.sha256[:16]} for {suspect}: {test}, alpha {alpha:g}, {plan.stop.value}.")
    for one in plan.accounts:
        seen = _foreseen(one.seen, plan.exposure, marked=plan.keys is not None)
        print(f"  {one.account}: {one.items} items, {seen} (power {power:.0%})")


def _foreseen(seen: float | None, test: str, *, marked: bool) -> str:
    """What share an audit would see, as far as it can be said beforehand."""
    from stillwatch.audit import NEXT_WORDS

    if seen is not None:
        return f"a marked share of {seen:.1%} would be seen"
    if test == NEXT_WORDS.name:
        return "what would be seen hangs on how much it remembers"
    return "what would be seen hangs on the strength of the mark" if marked else "no share would be seen"


@audit_app.command(name="run")
def audit_run(
    plan: Path,
    served: Path,
    answers: Path,
    /,
    *,
    out: Path = Path("audit.json"),
    reference: Path | None = None,
    ours: Path | None = None,
    control: Annotated[list[Path] | None, Parameter(negative=())] = None,
    prompts: Path | None = None,
    master: Path | None = None,
    beside: ShownBeside | None = None,
) -> None:
    """Carry out a plan on the recorded answers of a suspect, or on a data set.

    Args:
        plan: The plan.
        served: The served responses of the plan.
        answers: JSON lines of what the suspect said: prompt and answer, prompt, text and logprob, or prompt and
            chances; stillwatch audit ask writes them. For corpus_copies
            the data set: a file or folder of text, JSON lines or Parquet, also with gzip.
        out: File of the outcome; never written over.
        reference: Likelihoods, answers or chances by the reference of the plan, in a file named after it.
        ours: Answers of our model to the prompts of resemblance or twins.
        control: Answers of a control, in a file named after it; give it once for each, in the order of the plan.
        prompts: The prompts of resemblance or marks.
        master: The master key of the plan's keys.
        beside: Files for the tests beside exposure.
    """
    from stillwatch.audit import (
        CORPUS_COPIES,
        KEYED_TESTS,
        Suspect,
        answer_lines,
        carry_out,
        read_corpus,
        read_master,
        read_plan,
        read_served,
        read_suspect,
        write_outcome,
    )

    promised = read_plan(plan)
    items = read_served(served, bare=promised.exposure in KEYED_TESTS)
    suspect: Suspect = (
        read_corpus([answers], items, name=promised.suspect)
        if promised.exposure == CORPUS_COPIES.name
        else read_suspect(answers, name=promised.suspect)
    )
    outcome = carry_out(
        promised,
        items,
        suspect,
        reference=None if reference is None else read_suspect(reference),
        ours=None if ours is None else read_suspect(ours),
        controls=[read_suspect(one) for one in control or ()],
        prompts=prompt_lines(prompts),
        master=None if master is None else read_master(master),
        shown=(beside or ShownBeside()).shown(),
    )
    write_outcome(out, outcome)
    print("\n".join(answer_lines(outcome)))


@audit_app.command(name="report")
def audit_report(
    outcome: Path,
    /,
    *,
    check: Annotated[list[Path] | None, Parameter(negative=())] = None,
    exhibit: Path | None = None,
    key: Path | None = None,
) -> None:
    """Read the outcome of an audit: three questions, answered apart. With --exhibit, also as a signed file for a case.

    Args:
        outcome: The outcome that stillwatch audit run wrote.
        check: File of replies that the outcome must rest on, told by its SHA-256; give it once for each.
        exhibit: File of the exhibit for stillwatch case exhibit add; never written over.
        key: Your private key (see stillwatch case key), which signs the exhibit.
    """
    from stillwatch.audit import answer_lines, read_outcome
    from stillwatch.core import Error

    if (exhibit is None) != (key is None):
        raise Error("an exhibit is a signed file: give both --exhibit and --key")
    print("\n".join(answer_lines(read_outcome(outcome, inputs=check or ()))))
    if exhibit is not None and key is not None:
        print(f"\nExhibit {exhibit}: SHA-256 {write_exhibit(outcome, exhibit, key)}")
