"""Logging in and out, one's own password and look, and what needs no log-in."""

from __future__ import annotations

import secrets

from starlette.responses import PlainTextResponse, Response

from stillwatch.console.door import COOKIE, THEME, page
from stillwatch.console.look import asset
from stillwatch.console.people import Person
from stillwatch.console.sessions import ABSOLUTE
from stillwatch.console.visit import NotFound, Visit, local_path
from stillwatch.core import Error

__all__ = ["logged_in", "refused"]

_WRONG = "Name or password are wrong, or too many tries were made. Try again, or in a quarter of an hour."
"""Said of every failure alike, so that nobody learns which names there are."""


@page("health")
def health(visit: Visit) -> Response:
    """That the server is up, and nothing else."""
    return PlainTextResponse("ok\n")


@page("asset")
def an_asset(visit: Visit) -> Response:
    """A style, script or picture."""
    try:
        data, media = asset(visit.path["name"])
    except KeyError:
        return PlainTextResponse("nothing here\n", 404)
    return Response(data, media_type=media, headers={"cache-control": "public, max-age=31536000, immutable"})


@page("log_in")
def log_in(visit: Visit) -> Response:
    """The form; whoever is in already goes on."""
    if visit.person is not None:
        return visit.go(local_path(visit.query.get("next", "/")))
    return _form(visit, local_path(visit.query.get("next", "/")))


@page("log_in_now")
def log_in_now(visit: Visit) -> Response:
    """Check name and password; a session that came with the request is not used on, and ends."""
    if not visit.house.settings.passwords:
        raise NotFound("nobody logs in with a password here")
    name, password = visit.field("name", most=100).lower(), (visit.form.get("password") or [""])[0]
    onward = local_path(visit.field("next", most=500))
    throttle = visit.house.throttle
    person = visit.house.people.known(name, password) if throttle.try_(name, visit.address) else None
    if person is None:
        return _form(visit, onward, wrong=_WRONG, status=401)
    throttle.succeeded(name, visit.address)
    return logged_in(visit, person, onward)


def logged_in(visit: Visit, person: Person, onward: str, *, hint: str | None = None) -> Response:
    """On to a page, in a session that begins now."""
    if visit.session is not None:
        visit.house.sessions.end(visit.session)
    answer = visit.go(onward)
    answer.set_cookie(
        COOKIE,
        visit.house.sessions.begin(person.name, hint),
        max_age=int(ABSOLUTE),
        httponly=True,
        secure=visit.house.secure,
        samesite="lax",
        path="/",
    )
    return answer


def refused(visit: Visit, wrong: str, *, status: int) -> Response:
    """The form again, and why."""
    return _form(visit, "/", wrong=wrong, status=status)


def _form(visit: Visit, onward: str, *, wrong: str = "", status: int = 200) -> Response:
    provider = visit.house.provider
    return visit.page(
        "log_in.html",
        status=status,
        title="Log in",
        next=onward,
        wrong=wrong,
        passwords=visit.house.settings.passwords,
        provider=None if provider is None else provider.settings.title,
    )


@page("log_out")
def log_out(visit: Visit) -> Response:
    """End the session, here, in the browser, and at the provider that vouched for the person."""
    way = _way_out(visit)
    if visit.session is not None:
        visit.house.sessions.end(visit.session)
    answer = visit.go("/login", "out") if way is None else visit.page("logged_out.html", title="Logged out", way=way)
    answer.delete_cookie(COOKIE, path="/", httponly=True, secure=visit.house.secure, samesite="lax")
    return answer


def _way_out(visit: Visit) -> str | None:
    """Where the provider's own session ends; nothing where there is none, or where the provider cannot be asked."""
    provider, session = visit.house.provider, visit.session
    if provider is None or session is None or session.hint is None:
        return None
    try:
        return provider.way_out(session.hint, secrets.token_urlsafe(16))
    except Error:
        return None


@page("me")
def me(visit: Visit) -> Response:
    """One's own name, role, password and look."""
    return visit.page("me.html", title="You")


@page("change_password")
def change_password(visit: Visit) -> Response:
    """Change one's own password; all one's sessions end.

    Raises:
        Error: when the old one is wrong, or the new one is the same; guesses count as at log-in.
    """
    name, people, throttle = visit.who.name, visit.house.people, visit.house.throttle
    old, new = ((visit.form.get(field) or [""])[0] for field in ("old", "new"))
    if not throttle.try_(name, visit.address) or people.known(name, old) is None:
        raise Error("your old password is wrong, or was tried too often")
    throttle.succeeded(name, visit.address)
    if new == old:
        raise Error("new: expected another password than the old one")
    people.choose_password(name, new)
    return visit.go("/login", "password")


@page("set_theme")
def set_theme(visit: Visit) -> Response:
    """Light, dark, or as the system has it."""
    wanted = visit.field("look", most=10)
    answer = visit.go("/me", "themed")
    if wanted not in ("auto", "light", "dark"):
        raise NotFound("no such look")
    answer.set_cookie(
        THEME, wanted, max_age=31_536_000, secure=visit.house.secure, httponly=True, samesite="lax", path="/"
    )
    return answer


@page("help")
def help_page(visit: Visit) -> Response:
    """Keys, words, and what the roles may do."""
    return visit.page("help.html", title="Help")
