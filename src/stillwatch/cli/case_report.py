"""`stillwatch case report`: a case as PDF or HTML, for a person who is not an engineer."""

from __future__ import annotations

from pathlib import Path

from stillwatch.cli.case import By, case_app, desk_in, me
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["case_report"]


@case_app.command(name="report")
def case_report(
    case: str,
    to: Path,
    /,
    *,
    why: str,
    font: Path | None = None,
    as_of: int | None = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Write a case as PDF or as a page of HTML: summary, pictures, evidence, innocent explanations. The journal keeps its SHA-256.

    Args:
        case: Id of the case (C-...).
        to: File to write, .pdf or .html; nothing may lie there.
        why: What it is for.
        font: For a PDF, a TrueType font for scripts that the packaged one lacks (Chinese, Japanese, Korean, Indic).
        as_of: Number of a record of the journal; the report then made is made again, byte for byte.
        workspace: Folder of the scan.
    """
    from stillwatch.core import Error
    from stillwatch.engine import durable_create
    from stillwatch.pipeline import case_paper

    if to.exists():
        raise Error(f"{to}: is there already; name another file")
    form = to.suffix.removeprefix(".").lower()
    paper = case_paper(desk_in(workspace), case, form, by=me(by), why=why, font=font, as_of=as_of)
    try:
        durable_create(to, paper.data, mode=0o600)
    except FileExistsError as error:
        raise Error(f"{to}: is there already; name another file") from error
    print(f"{to}: case {case} as of {paper.journal}")
    print(f"SHA-256 {paper.sha256}")
