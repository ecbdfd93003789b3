"""Logging in by a provider (OpenID Connect): the way there, the way back, and who is let in on its word."""

from __future__ import annotations

import logging

from starlette.responses import RedirectResponse, Response

from stillwatch.console.door import GOING, page
from stillwatch.console.going import LASTS
from stillwatch.console.pages.log_in import logged_in, refused
from stillwatch.console.pages.people import recorder
from stillwatch.console.people import Person, PersonRefused
from stillwatch.console.roles import Role
from stillwatch.console.visit import NotFound, Visit, local_path
from stillwatch.core import Error

__all__: list[str] = []

_LOG = logging.getLogger(__name__)
_LOST = "This log-in was not begun in this browser, or too long ago. Begin again."
_FAILED = "The log-in at your organisation did not work. Try again; if it stays so, the console's log says why."
_NO_ROLE = "Your organisation knows you, and gave you no role in this console."
_TAKEN = "Your organisation's name for you cannot be used here, or somebody else has it. An admin has to settle that."
_OFF = "Your log-in was switched off here."


@page("go_to_provider")
def go(visit: Visit) -> Response:
    """Off to the provider, with what has to come back in the address and in a cookie of this browser."""
    if visit.house.provider is None:
        raise NotFound("nobody but this console vouches for people here")
    leaving = visit.house.going.leave(local_path(visit.query.get("next", "/")))
    try:
        way = visit.house.provider.way(state=leaving.state, nonce=leaving.nonce, challenge=leaving.challenge)
    except Error as error:
        return _failed(visit, error)
    answer = RedirectResponse(way, 303)
    secure = visit.house.secure
    answer.set_cookie(
        GOING, leaving.browser, max_age=int(LASTS), httponly=True, secure=secure, samesite="lax", path="/login"
    )
    return answer


@page("come_back")
def come_back(visit: Visit) -> Response:
    """Back from the provider: once, in the browser that left, with an answer of the provider that was asked."""
    provider = visit.house.provider
    if provider is None:
        raise NotFound("nobody but this console vouches for people here")
    returned = visit.house.going.back(visit.query.get("state", ""), visit.going)
    if returned is None:
        return refused(visit, _LOST, status=400)
    try:
        provider.check_sender(visit.query.get("iss"))
        if "error" in visit.query or not visit.query.get("code"):
            raise Error("the provider let nobody in")
        vouched = provider.vouched(visit.query["code"], verifier=returned.verifier, nonce=returned.nonce)
    except Error as error:
        return _failed(visit, error)
    known = visit.house.people.vouched(vouched.subject)
    if vouched.role is None:
        if known is not None:
            visit.house.people.end_sessions(known.name)
        return refused(visit, _NO_ROLE, status=403)
    if known is not None and not known.active:
        return refused(visit, _OFF, status=403)
    try:
        person = known or _let_in(visit, vouched.subject, vouched.name, vouched.role)
    except PersonRefused:
        return refused(visit, _TAKEN, status=403)
    if person.role is not vouched.role:
        body: dict[str, object] = {"role": vouched.role.value, "provider": True}
        recorded = recorder(visit, "person.changed", person.name, body, by=person.name)
        visit.house.people.change_role(person.name, vouched.role, recorded=recorded)
    answer = logged_in(visit, person, returned.onward, hint=vouched.token)
    answer.delete_cookie(GOING, path="/login", httponly=True, secure=visit.house.secure, samesite="lax")
    return answer


def _let_in(visit: Visit, subject: str, name: str, role: Role) -> Person:
    """Somebody who comes for the first time; that they may is recorded first."""
    recorded = recorder(visit, "person.added", name, {"role": role.value, "provider": True}, by=name)
    return visit.house.people.vouch(subject, name, role, at=visit.now.isoformat(), recorded=recorded)


def _failed(visit: Visit, error: Error) -> Response:
    _LOG.warning("log-in by the provider failed: %s", error)
    return refused(visit, _FAILED, status=403)
