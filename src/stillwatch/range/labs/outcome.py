"""What each lab found alone and after listening, held against the sealed truth; as a table for a terminal, Markdown and a page."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillwatch.range.labs.audit import Audited
from stillwatch.range.labs.operator import OPERATOR
from stillwatch.range.truth import read_truth

__all__ = ["Outcome", "as_html", "as_markdown", "as_text", "outcome"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One lab against the truth. `wrong` counts honest customers among the found; `pointed` those that a tag board named, found or not."""

    lab: str
    operator: int
    before: int
    after: int
    wrong_before: int
    wrong_after: int
    pointed: int
    pointed_honest: int
    pointed_honest_shown: int

    @property
    def recall(self) -> tuple[float, float]:
        """Share of the operator's accounts here that were found, alone and after listening."""
        return self.before / self.operator, self.after / self.operator


def outcome(
    lab: str, truth: Path, *, before: Collection[str], shown: Collection[str], pointed: Collection[str]
) -> Outcome:
    """Count what was found.

    Args:
        lab: its name.
        truth: folder of its sealed truth.
        before: accounts of its own findings for review, by raw name.
        shown: accounts that looking again showed.
        pointed: accounts that a tag board named.
    """
    group = read_truth(truth).group
    own = {account for account, of in group.items() if of == OPERATOR}
    found = {*before, *shown}
    honest = set(pointed) - own
    return Outcome(
        lab=lab,
        operator=len(own),
        before=len(own & set(before)),
        after=len(own & found),
        wrong_before=len(set(before) - own),
        wrong_after=len(found - own),
        pointed=len(set(pointed)),
        pointed_honest=len(honest),
        pointed_honest_shown=len(honest & set(shown)),
    )


_HEADS = (
    "lab", "operator's accounts", "found alone", "after listening", "recall alone", "recall after", "honest found alone", "after",
    "named by tags", "of these honest", "honest and shown",
)  # fmt: skip
_AUDIT = (
    "lab",
    "customers",
    "suspects",
    "values looked for",
    "bytes that left",
    "of no suspect",
    "told of others'",
    "texts",
    "control",
)


def _rows(found: Sequence[Outcome]) -> list[tuple[str, ...]]:
    return [
        (
            one.lab, str(one.operator), str(one.before), str(one.after), f"{one.recall[0]:.0%}", f"{one.recall[1]:.0%}",
            str(one.wrong_before), str(one.wrong_after), str(one.pointed), str(one.pointed_honest), str(one.pointed_honest_shown),
        )
        for one in found
    ]  # fmt: skip


def _audit_rows(audited: Sequence[Audited]) -> list[tuple[str, ...]]:
    return [
        (
            one.lab, f"{one.customers:,}", f"{one.suspects:,}", f"{one.looked_for:,}", f"{one.left:,}", str(sum(one.leaked.values())),
            str(sum(one.learned.values())), str(len(one.texts)), str(sum(one.control.values())),
        )
        for one in audited
    ]  # fmt: skip


def as_text(found: Sequence[Outcome], audited: Sequence[Audited]) -> str:
    """Both tables for a terminal."""
    return f"{_columns(_HEADS, _rows(found))}\n\n{_columns(_AUDIT, _audit_rows(audited))}\n\n{_verdict(audited)}"


def as_markdown(found: Sequence[Outcome], audited: Sequence[Audited]) -> str:
    """Both tables as Markdown."""
    parts = [f"## {title}\n\n{_piped(heads, rows)}" for title, heads, rows in _tables(found, audited)]
    return "\n\n".join([*parts, _verdict(audited)]) + "\n"


def as_html(found: Sequence[Outcome], audited: Sequence[Audited]) -> str:
    """Both tables as one page without anything from elsewhere."""
    parts = []
    for title, heads, rows in _tables(found, audited):
        head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        parts.append(f"<h2>{html.escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    return _PAGE.format(body="".join(parts), verdict=html.escape(_verdict(audited)))


def _tables(
    found: Sequence[Outcome], audited: Sequence[Audited]
) -> tuple[tuple[str, tuple[str, ...], list[tuple[str, ...]]], ...]:
    return (
        ("What each lab found", _HEADS, _rows(found)),
        ("What left each lab, held against its customers", _AUDIT, _audit_rows(audited)),
    )


def _verdict(audited: Sequence[Audited]) -> str:
    if all(one.clean for one in audited):
        return "Nobody learned anything about a customer who was not a suspect."
    told = [f"{one.lab}: {', '.join((*one.leaked, *one.learned, *one.texts))}" for one in audited if not one.clean]
    return f"SOMETHING LEFT THAT MAY NOT: {'; '.join(told)}"


def _columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Heads of several words stand one below the other, so that twelve columns fit a terminal."""
    split = [name.split(" ") for name in heads]
    deep = max(map(len, split))
    lines = [[words[k - deep + len(words)] if k >= deep - len(words) else "" for words in split] for k in range(deep)]
    whole = [*lines, *rows]
    width = [max(len(line[k]) for line in whole) for k in range(len(heads))]
    return "\n".join(
        "  ".join(cell.rjust(w) if k else cell.ljust(w) for k, (cell, w) in enumerate(zip(line, width, strict=True)))
        for line in whole
    )


def _piped(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Five labs, one operator</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}}
table{{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}}
th,td{{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:right}}th:first-child,td:first-child{{text-align:left}}
strong{{display:block;margin-top:1.5rem}}</style></head>
<body><h1>Five labs, one operator</h1>{body}<strong>{verdict}</strong></body></html>
"""
