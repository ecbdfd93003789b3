"""Who may log in, for those who manage it and those who audit it. Every change is a record of the journal, or does not happen."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from stillwatch.cases import Entry, Private
from stillwatch.console.door import page
from stillwatch.console.people import LEAST_LETTERS
from stillwatch.console.roles import ROUTES, Role
from stillwatch.console.visit import NotFound, Visit
from stillwatch.core import Error

__all__ = ["recorder"]


@page("people")
def people(visit: Visit) -> Response:
    """Everybody, and what each role may do."""
    return visit.page(
        "people.html",
        title="People",
        people=visit.house.people.everybody(),
        roles=list(Role),
        routes=[one for one in ROUTES if one.roles is not None],
        least=LEAST_LETTERS,
    )


@page("add_person")
def add_person(visit: Visit) -> Response:
    """Let somebody in, with a password that they have to change first."""
    name, role = visit.needed("name", most=60).lower(), visit.word("role", Role)
    password = (visit.form.get("password") or [""])[0]
    recorded = recorder(visit, "person.added", name, {"role": role.value})
    visit.house.people.add(name, role, password, at=visit.now.isoformat(), recorded=recorded)
    return visit.go("/people", "added")


@page("change_person")
def change_person(visit: Visit) -> Response:
    """Another role, another password, off or on again; their sessions end.

    Raises:
        Error: when it is oneself: nobody raises their own role or locks themselves out.
    """
    name, people = visit.path["person"], visit.house.people
    found = people.named(name)
    if found is None:
        raise NotFound("nobody of this name")
    if name == visit.who.name:
        raise Error("your own role and log-in are changed by another admin")
    what = visit.field("what", most=20)
    if found.subject is not None and what in ("role", "password"):
        raise Error(f"what: {name} logs in by your organisation, which gives the role and keeps the password")
    if what == "role":
        role = visit.word("role", Role)
        people.change_role(name, role, recorded=recorder(visit, "person.changed", name, {"role": role.value}))
    elif what == "password":
        password = (visit.form.get("password") or [""])[0]
        people.give_password(name, password, recorded=recorder(visit, "person.changed", name, {"password": True}))
    elif what in ("on", "off"):
        recorded = recorder(visit, "person.changed", name, {"active": what == "on"})
        people.switch(name, active=what == "on", recorded=recorded)
    else:
        raise Error("what: expected role, password, on or off")
    return visit.go("/people", "changed")


def recorder(
    visit: Visit, kind: str, name: str, body: dict[str, object], *, by: str | None = None
) -> Callable[[], None]:
    """What puts a change on record, as made by who is logged in unless somebody else is named; it is called before the change counts."""
    private = (Private(field="name", subject=f"person:{name}", value=name),)

    def record() -> None:
        visit.house.desk.journal.begin()
        visit.house.desk.journal.append(Entry(kind=kind, by=by or visit.who.name, body=body, private=private))

    return record
