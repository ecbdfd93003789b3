"""A case made into something to hand to a person, PDF or HTML: its SHA-256 is in the journal before anybody gets it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from stillwatch.cases import Desk
from stillwatch.core import CaseError
from stillwatch.pipeline.scan import view_of

__all__ = ["PAPERS", "CasePaper", "case_paper"]

PAPERS = {"pdf": "application/pdf", "html": "text/html; charset=utf-8"}
"""What a case can be printed as, beside its media type."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CasePaper:
    """The bytes, their SHA-256, and the record of the journal as of which they were made."""

    data: bytes
    sha256: str
    journal: str


def case_paper(
    desk: Desk,
    case_id: str,
    form: str,
    *,
    by: str,
    why: str,
    font: Path | None = None,
    as_of: int | None = None,
) -> CasePaper:
    """Print a case. That it was printed, by whom and why, is on the disk when this returns.

    Args:
        form: one of `PAPERS`.
        font: for a PDF, a TrueType font for scripts that the packaged one lacks.
        as_of: number of a record of the journal; what was printed then is printed again, byte for byte.

    Raises:
        CaseError: when nobody says why, there is no such form, or no such case.
        FormatError: when the font cannot be used.
    """
    if form not in PAPERS:
        raise CaseError(f"{form}: a case is printed as one of {', '.join(PAPERS)}")
    if not why.strip():
        raise CaseError(f"{case_id}: say what it is printed for")
    found, journal = desk.case_at(case_id, as_of)
    view = view_of(desk.workspace, found.openings[0].run)
    actor = next((one for one in view.actors if one.handle == found.openings[0].handle), None) if view else None
    if form == "pdf":
        from stillwatch.report.case_pdf import case_pdf

        data = case_pdf(found, actor, journal=journal, font=font)
    else:
        from stillwatch.report.case_page import case_page

        data = case_page(found, actor, journal=journal)
    digest = hashlib.sha256(data).hexdigest()
    desk.report(case_id, digest, by=by, why=why)
    return CasePaper(data=data, sha256=digest, journal=journal)
