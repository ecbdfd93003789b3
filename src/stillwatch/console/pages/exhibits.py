"""An audit's exhibit put into a case, and revoked. What is sent is checked as a file would be, and not shown before it is believed."""

from __future__ import annotations

from starlette.responses import Response

from stillwatch.cases import EXHIBIT_BYTES, add_exhibit, revoke_exhibit
from stillwatch.console.door import page
from stillwatch.console.pages.cases import case_of
from stillwatch.console.visit import NotFound, Visit

__all__: list[str] = []


@page("add_exhibit")
def add(visit: Visit) -> Response:
    """Put an exhibit into a case: the text of its file, signed by this installation or by an auditor whom it believes."""
    found = case_of(visit)
    data = visit.needed("exhibit", most=EXHIBIT_BYTES).encode()
    add_exhibit(visit.house.desk, found.id, data, by=visit.who.name, why=visit.needed("note", most=500))
    return visit.go(f"/cases/{found.id}", "exhibited")


@page("revoke_exhibit")
def revoke(visit: Visit) -> Response:
    """Revoke an exhibit of this case everywhere.

    Raises:
        NotFound: when the case has no such exhibit that counts.
    """
    found, digest = case_of(visit), visit.needed("sha256", most=64)
    if not any(one.sha256 == digest and one.counts for one in found.exhibits):
        raise NotFound("the case has no such exhibit that counts")
    revoke_exhibit(visit.house.desk, digest, by=visit.who.name, why=visit.needed("note", most=500))
    return visit.go(f"/cases/{found.id}", "revoked")
