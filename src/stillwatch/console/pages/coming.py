"""Pages of rooms that are not connected yet: they say so, and what works without them."""

from __future__ import annotations

from starlette.responses import Response

from stillwatch.console.door import page
from stillwatch.console.visit import Visit

__all__: list[str] = []


@page("replay")
def replay(visit: Visit) -> Response:
    """What a policy would have done to past traffic."""
    return visit.page("coming.html", title="Policy replay", what="replay")


@page("inbox")
def inbox(visit: Visit) -> Response:
    """What other labs have sent."""
    return visit.page("coming.html", title="Forum inbox", what="inbox")
