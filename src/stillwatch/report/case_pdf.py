"""A case on paper, for a reader who is no engineer: a page of summary, pictures, then everything that the summary rests on.

What speaks for the accused has as much room as what speaks against them, and nothing is said more surely than the case says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stillwatch.cases import (
    NEEDS_TWO,
    Case,
    CaseTest,
    Claim,
    Opening,
    RulingGiven,
    Statement,
    impact_lines,
    standing_words,
)
from stillwatch.core import Part, totals
from stillwatch.report.case_words import (
    DEFINITIONS,
    EXHIBITS_EXPLAINED,
    NEEDS,
    NOTICE,
    PART_WORDS,
    PARTS_EXPLAINED,
    SHOWN,
    STATES,
    alleged,
    case_title,
    in_short,
)
from stillwatch.report.pdf_plots import capability_bars, evidence_bar, fates, timeline_bars
from stillwatch.report.pdf_sheet import CALM, INK, PALE, Sheet, open_sheet
from stillwatch.report.view_actor import ActorView
from stillwatch.report.wording import amount, count, e_words, listing, opening, p_words, sentence, spell

__all__ = ["case_pdf"]

_WIDTH = 493.0
_SHORT = 230
_BRIEF = 3
_MOST_MEMBERS = 20
_FITS = {True: "fits", False: "does not fit", None: "could not be told"}


def case_pdf(case: Case, actor: ActorView | None, *, journal: str, font: Path | None = None) -> bytes:
    """The case as PDF. The same case, actor and font give the same bytes.

    Args:
        case: the case as it stands.
        actor: what the scan that opened it shows of the actor, for the pictures; without it they are left out, which is said.
        journal: how far the journal had come, for the foot of every page.
        font: a TrueType font for scripts that the house's own cannot draw.

    Raises:
        FormatError: when the font cannot be used.
    """
    sheet = open_sheet(font)
    story = [
        *_summary(sheet, case, actor),
        *_pictures(sheet, case),
        *_definitions(sheet),
        *_evidence(sheet, case),
        *_decisions(sheet, case),
        *_annexes(sheet, case),
    ]
    return sheet.bytes_of(story, title=f"Case {case.id}", foot=f"Case {case.id} · {journal} · confidential")


def _summary(sheet: Sheet, case: Case, actor: ActorView | None) -> Iterator[Any]:
    from reportlab.platypus import PageBreak

    first = case.openings[0]
    yield sheet.markup(f"Case report · {case.id}", "small")
    yield sheet.paragraph(case_title(first), "title")
    yield _gap(4)
    yield sheet.markup(
        f"About {sheet.printed(case.handle)} · as of {case.history[-1].at[:16].replace('T', ' ')} UTC · {STATES[case.state]}",
        "small",
    )
    yield _gap(6)
    yield _box([sheet.markup(NOTICE, "body")])
    yield _gap(8)
    yield _figures(sheet, case, first)
    yield _gap(8)
    yield sheet.paragraph(in_short(case, first), "lead")
    yield _gap(6)
    yield _columns(sheet, case)
    yield sheet.markup("Where it stands", "h2")
    for line in _standing_lines(case):
        yield sheet.paragraph(_short(line))
    yield sheet.markup("When the requests came", "h2")
    first = case.openings[0]
    if first.hours:
        yield timeline_bars(sheet, first.hours, first.releases)
    elif actor is not None and actor.hours:
        yield timeline_bars(sheet, actor.hours, actor.releases)
    if first.hours or (actor is not None and actor.hours):
        yield sheet.markup("A launch beside a rise is a coincidence in time; it is no test.", "small")
    else:
        yield sheet.markup("Not drawn: the report of the scan that opened this case is not at hand.", "small")
    yield PageBreak()


def _figures(sheet: Sheet, case: Case, first: Opening) -> Any:
    impact = first.impact
    value = impact.value
    answered = totals(impact.uses)[0]
    tiles = [
        (count(len(case.members)), "accounts"),
        (amount(impact.attempts), "attempts: requests that carry the finding"),
        (count(answered) if impact.uses else "unknown", "of these answered"),
        (amount(impact.obtained), "distinct answers obtained"),
        (
            "not estimated" if value is None else f"{value.amount:,.0f} {value.currency}",
            "value at list prices, an estimate",
        ),
    ]
    cells = [[sheet.paragraph(number, "figure"), sheet.paragraph(words, "label")] for number, words in tiles]
    for number, cell in zip((number for number, _ in tiles), cells, strict=True):
        if len(number) > 9:
            cell[0] = sheet.paragraph(number, "h2")
    return _table([cells], [_WIDTH / len(cells)] * len(cells), lines=False, fill=PALE)


def _columns(sheet: Sheet, case: Case) -> Any:
    speaks = [s for s in case.statements if s.part is not Part.EXCULPATORY]
    brief = [s.sentence for s in speaks if s.part is Part.INFERRED][:_BRIEF] or [s.sentence for s in speaks][:_BRIEF]
    spares = [s.sentence for s in case.statements if s.part is Part.EXCULPATORY][:_BRIEF]
    spares += [f"Not tested: {one}" for one in case.openings[0].exculpatory.not_tested[: max(0, 4 - len(spares))]]
    heads = [
        sheet.markup("What speaks for the suspicion", "head"),
        sheet.markup("What speaks against it, or is open", "head"),
    ]
    sides = [[sheet.markup(sheet.printed(_short(one)), "item") for one in side] for side in (brief, spares)]
    return _table([heads, sides], [_WIDTH / 2, _WIDTH / 2])


def _short(text: str) -> str:
    return text if len(text) <= _SHORT else text[: _SHORT - 1].rsplit(" ", 1)[0] + " … (in full below)"


def _standing_lines(case: Case) -> Iterator[str]:
    given = case.in_force
    if not given:
        yield f"No decision is in force. {opening(STATES[case.state])}."
    for ruling in given:
        yield _ruling(case, ruling)
    raised = listing(sorted({spell(one.claim) for one in case.claims}))
    yield f"Claims raised by people: {raised}. Each claim needs facts of its own; see the page on decisions."


def _pictures(sheet: Sheet, case: Case) -> Iterator[Any]:
    from reportlab.platypus import KeepTogether

    first = case.openings[0]
    impact = first.impact
    yield sheet.markup("In pictures", "h1")
    if impact.uses:
        yield KeepTogether(
            [
                sheet.markup("What became of the attempts", "h2"),
                fates(sheet, impact.uses),
                sheet.markup("An attempt that was refused or failed obtained nothing. It is counted apart.", "small"),
            ]
        )
    if impact.sought:
        yield KeepTogether(
            [
                sheet.markup("What they asked for, beside everybody else", "h2"),
                capability_bars(sheet, impact.sought),
                sheet.markup(
                    "Share of readable requests. A technique is told from wording, and honest people use some of these words too.",
                    "small",
                ),
            ]
        )
    if first.e_value is not None and first.threshold is not None and first.p_value is None:
        yield KeepTogether(
            [
                sheet.markup("How far the evidence goes", "h2"),
                evidence_bar(first.e_value, first.threshold),
                sheet.markup(
                    "Evidence on data that was not used to find the group, beside what was demanded so that few of all findings are wrong. "
                    "The scale is in powers of ten. It bears on whether the accounts act together, not on who they are.",
                    "small",
                ),
            ]
        )


def _evidence(sheet: Sheet, case: Case) -> Iterator[Any]:
    yield sheet.markup("The evidence", "h1")
    yield sheet.markup(PARTS_EXPLAINED)
    for part in Part:
        yield sheet.markup(PART_WORDS[part], "h2")
        for one in (s for s in case.statements if s.part is part):
            yield _statement(sheet, one)
    yield from _exhibits(sheet, case)
    for found in case.openings:
        yield from _finding(sheet, case, found)


def _exhibits(sheet: Sheet, case: Case) -> Iterator[Any]:
    if not case.exhibits:
        return
    yield from sheet.above("Audits of other models")
    yield sheet.markup(EXHIBITS_EXPLAINED)
    rows = [
        [
            given.exhibit.suspect,
            given.signed_at[:10],
            f"{count(len(given.named))} of {count(given.exhibit.accounts)} tested",
            " ".join(given.exhibit.dates),
            "yes" if given.counts else f"no, it was revoked: {given.revoked}",
        ]
        for given in case.exhibits
    ]
    heads = ("suspect model", "signed", "members named", "dates", "counts?")
    yield _grid(sheet, heads, rows, (95, 55, 70, 193, 80))


def _statement(sheet: Sheet, one: Statement) -> Any:
    flags = [f"confidence {one.confidence}"]
    flags += ["single source"] if one.single_source else []
    flags += ["from an interested party"] if one.interested_party else []
    ground = sheet.printed(f"{spell(one.ground)}; {'; '.join(flags)}")
    return sheet.markup(
        f'<bullet>•</bullet>{sheet.printed(sentence(one.sentence))} <font color="#5b6876" size="7.6">[{ground}]</font>',
        "item",
    )


def _finding(sheet: Sheet, case: Case, found: Opening) -> Iterator[Any]:
    yield from sheet.above(f"Innocent explanations that were considered for {found.handle}")
    rows = [[one.name, _FITS[one.fits], one.why] for one in found.exculpatory.lookalikes]
    yield _grid(sheet, ("explanation", "outcome", "why"), rows, (110, 80, 303))
    yield sheet.markup("How often such findings are wrong", "h2")
    for rate in found.exculpatory.base_rates:
        yield _bullet(sheet, rate)
    yield sheet.markup("What nobody tested", "h2")
    for one in found.exculpatory.not_tested:
        yield _bullet(sheet, one)
    yield from sheet.above("Tests, each with what it would show if nothing were wrong")
    yield _grid(
        sheet, ("test", "if nothing were wrong", "n", "result"), [_test(one) for one in found.tests], (88, 170, 45, 190)
    )
    yield from sheet.above("Four factors from which a purpose may be inferred (H.R. 8283, a bill and not law)")
    yield _grid(
        sheet,
        ("factor", "", "on what"),
        [[f.factor, SHOWN[f.shown], f.why] for f in case.factors(found)],
        (130, 60, 303),
    )
    yield sheet.markup("Impact", "h2")
    for line in impact_lines(found.impact):
        yield _bullet(sheet, line)
    for line in found.guarantees:
        yield sheet.paragraph(f"Guarantee: {line}", "small")


def _test(one: CaseTest) -> list[str]:
    if one.p_value is not None:
        result = f"p = {p_words(one.p_value)}"
    elif one.e_value is not None:
        result = f"e = {e_words(one.e_value)}"
    elif one.needed is not None:
        result = f"undecided, needs {count(one.needed)}"
    else:
        result = "measured, not tested"
    return [spell(one.name), one.null, count(one.n), f"{result}. {sentence(one.sentence)}"]


def _decisions(sheet: Sheet, case: Case) -> Iterator[Any]:
    yield sheet.markup("Claims, decisions and how to contest them", "h1")
    yield sheet.markup(
        "A claim is raised by a person on facts of its own, and none stands in for another. This report raises none."
    )
    rows = []
    for claim in Claim:
        raised = [one for one in case.claims if one.claim is claim]
        told = "; ".join(f"raised by {one.by}: {one.why}" for one in raised) or "not raised"
        rows.append([opening(spell(claim)), NEEDS[claim], told])
    yield _grid(sheet, ("claim", "needs, beyond this report", "raised"), rows, (80, 243, 170))
    yield sheet.markup("Decisions", "h2")
    for ruling in case.rulings:
        yield _bullet(sheet, _ruling(case, ruling))
    if not case.rulings:
        yield sheet.markup("None yet.")
    yield sheet.markup(
        "A decision is contested by naming its handle. Re-opening withdraws it, in force and wherever it was shared, "
        "and keeps it in the history."
    )


def _annexes(sheet: Sheet, case: Case) -> Iterator[Any]:
    yield from sheet.above("Accounts", 200)
    listed = [
        [m.handle, count(m.exchanges), count(m.harvest_exchanges), m.reason] for m in case.members[:_MOST_MEMBERS]
    ]
    yield _grid(sheet, ("handle", "requests", "attempts", "why it is listed"), listed, (100, 60, 60, 273))
    if len(case.members) > _MOST_MEMBERS:
        yield sheet.markup(f"And {len(case.members) - _MOST_MEMBERS:,} more in the sealed file.", "small")
    yield from sheet.above("History")
    events = [[event.at[:16].replace("T", " "), spell(event.what), event.by, event.note] for event in case.history]
    yield _grid(sheet, ("when (UTC)", "what", "by", "note"), events, (80, 80, 70, 263))
    yield sheet.markup("How to check this report", "h2")
    yield sheet.markup(
        "The sealed file of the case proves every statement above by its hash and signatures: "
        "<b>stillwatch case verify FILE --public-key KEY</b>, offline. "
        "Where the features were sealed beside it, <b>stillwatch case recompute</b> computes the statistics anew. "
        "The journal names the SHA-256 of every report that was made."
    )
    if sheet.font:
        yield sheet.markup(f"Font beside the house's own: {sheet.printed(sheet.font)}.", "small")


def _ruling(case: Case, one: RulingGiven) -> str:
    force = standing_words(one)
    second = f", approved by {one.approved_by}" if one.ruling in NEEDS_TWO and one.approved_by else ""
    named = alleged(one)
    return (
        f"{opening(spell(one.ruling))} for {spell(one.reason)}{named}, by {one.by}{second} on {one.at[:10]}; {force}. "
        f"Contested by naming {case.appeal(one.number)}. {sentence(one.note)}"
    )


def _definitions(sheet: Sheet) -> Iterator[Any]:
    yield sheet.markup("Words used here", "h1")
    for word, meaning in DEFINITIONS:
        yield sheet.markup(f"<b>{word}</b> {meaning}", "body")


def _bullet(sheet: Sheet, text: str) -> Any:
    return sheet.markup(f"<bullet>•</bullet>{sheet.printed(sentence(text))}", "item")


def _grid(sheet: Sheet, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Any:
    body = [[sheet.paragraph(str(cell), "cell") for cell in row] for row in rows]
    return _table([[sheet.markup(head, "head") for head in heads], *body], widths)


def _table(rows: Sequence[Sequence[Any]], widths: Sequence[float], *, lines: bool = True, fill: str = "") -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Table, TableStyle

    style: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 5),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
    ]
    if lines:
        style += [
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, HexColor(INK)),
            ("LINEBELOW", (0, 1), (-1, -1), 0.25, HexColor(CALM)),
        ]
    if fill:
        style.append(("BACKGROUND", (0, 0), (-1, -1), HexColor(fill)))
    return Table(
        [list(row) for row in rows],
        colWidths=list(widths),
        style=TableStyle(style),
        repeatRows=1 if lines else 0,
        splitInRow=1,
    )


def _box(content: Sequence[Any]) -> Any:
    return _table([[list(content)]], [_WIDTH], lines=False, fill=PALE)


def _gap(points: float) -> Any:
    from reportlab.platypus import Spacer

    return Spacer(1, points)
