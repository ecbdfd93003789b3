"""`stillwatch case report`: a case on paper, for a person who is not an engineer."""

from __future__ import annotations

import hashlib
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
    """Write a case as PDF: a page of summary, pictures, definitions, evidence, innocent explanations. The journal keeps its SHA-256.

    Args:
        case: Id of the case (C-...).
        to: File to write; nothing may lie there.
        why: What it is for.
        font: TrueType font for scripts that the packaged one lacks (Chinese, Japanese, Korean, Indic).
        as_of: Number of a record of the journal; the report then made is made again, byte for byte.
        workspace: Folder of the scan.
    """
    from stillwatch.core import Error
    from stillwatch.engine import durable_create
    from stillwatch.pipeline import view_of
    from stillwatch.report.case_pdf import case_pdf

    desk = desk_in(workspace)
    found, journal = desk.case_at(case, as_of)
    view = view_of(desk.workspace, found.openings[0].run)
    actor = next((one for one in view.actors if one.handle == found.openings[0].handle), None) if view else None
    data = case_pdf(found, actor, journal=journal, font=font)
    digest = hashlib.sha256(data).hexdigest()
    if to.exists():
        raise Error(f"{to}: is there already; name another file")
    desk.report(case, digest, by=me(by), why=why)
    try:
        durable_create(to, data, mode=0o600)
    except FileExistsError as error:
        raise Error(f"{to}: is there already; name another file") from error
    print(f"{to}: case {case} as of {journal}")
    print(f"SHA-256 {digest}")
