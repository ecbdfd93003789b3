"""The scan as Markdown, for a ticket, a wiki or a mail: the same words as the page, without its pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stillwatch.report.inert import inert
from stillwatch.report.parts import three_parts
from stillwatch.report.standing import STANDING_LIMITS
from stillwatch.report.tables import (
    Table,
    accounts_table,
    calibration_table,
    candidates_table,
    example_text,
    families_table,
    findings_table,
    history_table,
    lookalikes_table,
    looks_table,
    members_table,
    tests_table,
)
from stillwatch.report.verdict import key_numbers, verdict
from stillwatch.report.view import ScanView
from stillwatch.report.view_actor import ActorView
from stillwatch.report.watching import off_words, watch_table, watch_words
from stillwatch.report.wording import count, opening, sentence, share, span

__all__ = ["render_markdown"]

_MEMBERS = 20
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&$@])")


def render_markdown(view: ScanView) -> str:
    """One scan as CommonMark with tables (GFM). Outside text is escaped, so that it can neither mark up nor link."""
    return "\n".join(_lines(view)) + "\n"


def _plain(text: str) -> str:
    """Outside text as one line that Markdown takes for plain words."""
    flat = re.sub(r"\s+", " ", inert(text)).strip()
    escaped = _SPECIAL.sub(r"\\\1", flat)
    return re.sub(r"(?i)\b(https?|ftp|www)([:.])", r"\1\\\2", escaped)


def _lines(view: ScanView) -> Iterator[str]:
    run = view.run
    yield from (f"# Stillwatch scan {_plain(run.run)}", "", f"**{_plain(verdict(view))}**", "")
    yield f"{span(run.first_at, run.last_at)} UTC, Stillwatch {_plain(run.version)}."
    yield "Every name is a pseudonym; a finding is a proposal to look."
    yield ""
    for number in key_numbers(view):
        yield f"- {number.value} {number.label} ({number.remark})"
    yield from ("", "## Findings", "")
    yield from _table(findings_table(view), empty="No actor passed the error budget.")
    for actor in view.for_review:
        yield from _actor(actor)
    yield from ("", "## Single accounts", "")
    yield from _table(accounts_table(view.accounts), empty="No single account stands out on its own evidence.")
    for account in view.accounts_for_review:
        yield from (
            "",
            f"{_plain(account.handle)}: {_plain(sentence(account.reason))} {_plain(sentence(account.resembles))}".rstrip(),
        )
    yield from ("", "## Candidates not for review", "")
    yield from _table(candidates_table(view), empty="The search found no other candidate.")
    yield from ("", "## Calibration and error budget", "")
    for budget in view.budgets:
        fire = "" if budget.can_fire else " Nothing could have been found at this budget."
        note = f" {_plain(budget.note)}" if budget.note else ""
        yield (
            f"- {opening(_plain(budget.level))}: at most {share(budget.rate)} false on average, {_plain(budget.method)} over "
            f"{count(budget.tested)} candidates, {count(budget.found)} found.{fire}{note}"
        )
    yield ""
    yield from _table(calibration_table(view.calibration), empty="No signal was calibrated.")
    if view.watch is not None:
        yield from ("", "### Watched day by day", "", _plain(watch_words(view.watch)), "")
        yield from _table(watch_table(view.watch))
        for off in view.watch.off:
            yield from ("", f"**{_plain(off_words(off))}**")
    yield from ("", "### What could not be decided", "")
    for row in view.undecided:
        needs = f"; would be decided by {_plain(row.needs)}" if row.needs else ""
        yield f"- {count(row.count)} {_plain(row.what)}: {_plain(row.why)}{needs}"
    yield from _inputs(view)
    yield from ("", "## What this scan cannot see", "")
    yield from (f"- {_plain(words)}" for words in (*view.limits, *STANDING_LIMITS))
    if view.guarantees:
        yield from ("", "## What is guaranteed", "")
        yield from (f"- {_plain(words)}" for words in view.guarantees)
    yield from ("", "## Run it again", "")
    if run.command:
        yield from _fenced(run.command)
    for setting in run.settings:
        usual = f" (default {_plain(setting.default)})" if setting.default else ""
        yield f"- {_plain(setting.name)} = {_plain(setting.value)}{usual}"


def _actor(actor: ActorView) -> Iterator[str]:
    parts = three_parts(actor)
    yield from (
        "",
        f"## {_plain(actor.handle)}: {_plain(opening(actor.capability))}",
        "",
        _plain(sentence(actor.reason)),
    )
    for title, rows in (("Observed", parts.observed), ("Inferred", parts.inferred), ("Exculpatory", parts.exculpatory)):
        yield from ("", f"### {title}", "")
        yield from (f"- {_plain(row.sentence)}" for row in rows)
    tables = (
        tests_table(actor),
        lookalikes_table(actor.lookalikes),
        looks_table(actor),
        history_table(actor),
        families_table(actor),
        members_table(actor, most=_MEMBERS),
    )
    for table in tables:
        if table.rows:
            yield from ("", f"### {table.title}", "")
            yield from _table(table)
        if table.title == "Families":
            for family in actor.families:
                for text in example_text(family):
                    yield ""
                    yield from _fenced(text)


def _inputs(view: ScanView) -> Iterator[str]:
    run = view.run
    yield from ("", "## Inputs and rejects", "")
    yield (
        f"{count(run.exchanges)} exchanges of {count(run.accounts)} accounts; {count(run.duplicates)} duplicates counted once, "
        f"{count(run.unattributed)} without an account, {count(run.rejects)} rows rejected."
    )
    yield ""
    for source in run.inputs:
        note = f"; {_plain(source.note)}" if source.note else ""
        gave = f"{count(source.exchanges)} exchanges as {_plain(source.format)}, {count(source.rejects)} rejected"
        yield f"- {_plain(source.path)}: {gave}{note}"
    for reject in view.rejects:
        where = "" if reject.line is None else f", first at line {reject.line}"
        yield f"- {_plain(reject.path)}: {_plain(reject.field)}: {_plain(reject.reason)} ({count(reject.count)} rows{where})"


def _table(table: Table, *, empty: str = "") -> Iterator[str]:
    if not table.rows:
        yield empty
        return
    yield "| " + " | ".join(table.header) + " |"
    yield "|" + "|".join(" ---: " if i in table.right else " --- " for i in range(len(table.header))) + "|"
    for row in table.rows:
        yield "| " + " | ".join(_plain(cell) for cell in row) + " |"


def _fenced(text: str) -> Iterator[str]:
    """A code block whose fence is longer than any inside it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}text", *inert(text).splitlines(), fence)
