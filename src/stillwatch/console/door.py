"""The way in: who comes, whether they may, whether the form is one of ours; only then a page is asked.

Every page is registered for a route of `roles.ROUTES`; what stands in neither does not exist.
"""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from stillwatch.console.calibrating import follow_labels
from stillwatch.console.guard import MOST_BYTES, own_origin
from stillwatch.console.house import House
from stillwatch.console.roles import Route
from stillwatch.console.visit import NotFound, Visit
from stillwatch.core import Error, TamperingFound

__all__ = ["COOKIE", "GOING", "PAGES", "Page", "answer", "page"]

Page = Callable[[Visit], Response]
PAGES: dict[str, Page] = {}
"""The page of each route."""

COOKIE = "stillwatch"
THEME = "look"
GOING = "stillwatch-going"
"""Cookie of a browser that went to a log-in provider."""
_THEMES = ("auto", "light", "dark")
_MOST_FIELDS = 400
_FRAMES_LOGGED = 3
_LOG = logging.getLogger(__name__)


def page(route: str) -> Callable[[Page], Page]:
    """Register the page of a route."""

    def keep(one: Page) -> Page:
        PAGES[route] = one
        return one

    return keep


async def answer(house: House, route: Route, request: Request) -> Response:
    """Answer one request to a route."""
    try:
        form = await _form(request) if route.method == "POST" else {}
    except (ValueError, ClientDisconnect):
        return PlainTextResponse("no form that can be read\n", 400)
    return await run_in_threadpool(_answered, house, route, request, form)


def _answered(house: House, route: Route, request: Request, form: Mapping[str, list[str]]) -> Response:
    """The answer, whatever happens; of what nobody foresaw only the places are logged, as what it says may quote a customer."""
    try:
        return _enter(house, route, request, form)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_LOGGED:]
        places = ", ".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
        _LOG.error("route %s failed: %s at %s", route.name, type(error).__name__, places)
        return PlainTextResponse("something went wrong here; the log says where\n", 500)


def _enter(house: House, route: Route, request: Request, form: Mapping[str, list[str]]) -> Response:
    session = house.sessions.find(request.cookies.get(COOKIE, ""))
    person = None if session is None else house.people.named(session.person)
    theme = request.cookies.get(THEME, "auto")
    visit = Visit(
        house=house,
        route=route.name,
        host=request.headers.get("host", ""),
        address=request.client.host if request.client else "",
        path={name: str(value) for name, value in request.path_params.items()},
        query=dict(request.query_params),
        form=form,
        going=request.cookies.get(GOING, ""),
        theme=theme if theme in _THEMES else "auto",
        person=person,
        session=session,
    )
    if route.roles is not None:
        if person is None or session is None:
            way = quote(request.scope["path"], safe="/") if route.method == "GET" else "/"
            return RedirectResponse(f"/login?next={way}", 303)
        if person.role not in route.roles:
            return visit.page("refused.html", status=403, title="Not for your role", told=_not_yours(route, visit))
        if person.given and not route.first:
            return RedirectResponse("/me", 303)
        house.refresh()
        with contextlib.suppress(TamperingFound):  # pages that need the journal say so
            house.lapse()
        if house.labels_behind:
            follow_labels(house)
    if route.method == "POST" and not _ours(visit, request):
        return visit.page("refused.html", status=403, title="Not from one of our pages", told=_NOT_OURS)
    if not route.heavy:
        return _asked(PAGES[route.name], visit)
    if not house.heavy.acquire(blocking=False):
        answer = visit.page("refused.html", status=503, title="Busy", told=_BUSY)
        answer.headers["retry-after"] = "10"
        return answer
    try:
        return _asked(PAGES[route.name], visit)
    finally:
        house.heavy.release()


def _asked(one: Page, visit: Visit) -> Response:
    """What a page answers, its errors in words."""
    try:
        return one(visit)
    except NotFound as error:
        return visit.page("refused.html", status=404, title="Nothing here", told=str(error))
    except TamperingFound as error:
        _LOG.exception("route %s: something is not as it was written", visit.route)
        return visit.page("refused.html", status=409, title="Not as it was written", told=str(error))
    except Error as error:
        return visit.page("refused.html", status=422, title="That cannot be done", told=str(error))


def _ours(visit: Visit, request: Request) -> bool:
    """Whether a form came from one of our own pages: by the browser's word, and by the token that only our pages hold."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is not None and not own_origin(origin, visit.host):
        return False
    if site not in (None, "same-origin", "none"):
        return False
    if visit.session is None:
        return origin is not None or site is not None or "cookie" not in request.headers
    return visit.session.wrote((visit.form.get("csrf") or [""])[0])


async def _form(request: Request) -> dict[str, list[str]]:
    """The fields of a form.

    Raises:
        ValueError: when it is none, too large, or has too many fields.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", ""):
        raise ValueError("another kind of form")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise ValueError("too large")
    pairs = parse_qsl(
        body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, encoding="utf-8", errors="strict"
    )
    form: dict[str, list[str]] = {}
    for name, value in pairs:
        form.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\x00", ""))
    return form


def _not_yours(route: Route, visit: Visit) -> str:
    may = ", ".join(sorted(route.roles or ()))
    return f"Your role, {visit.who.role}, may not do this; {may} may."


_BUSY = "Other people are reading as much as this machine can read at once. Try again in a few seconds."
_NOT_OURS = "The form did not come from a page of this session. Go back, load the page again, and send it once more."
