"""One visit: who came, by which route, with what; and the ways in which a page answers."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from stillwatch.cases import Book
from stillwatch.console.findings import Marks
from stillwatch.console.house import House, Scan, marks_in
from stillwatch.console.look import render
from stillwatch.console.people import Person
from stillwatch.console.roles import may
from stillwatch.console.sessions import Session
from stillwatch.core import Error, TamperingFound, unhandle

__all__ = ["DONE", "NotFound", "Visit", "local_path"]

_Word = TypeVar("_Word", bound=StrEnum)

DONE: Mapping[str, str] = {
    "opened": "The case is open.",
    "decided": "The decision is recorded and in force.",
    "waits": "The decision is recorded. It counts once a second person approves it.",
    "approved": "Approved: the decision is in force.",
    "reopened": "The case is open again; its decisions are withdrawn and stay in the history.",
    "stated": "The statement is in the case.",
    "claimed": "The claim is raised.",
    "merged": "The other case is now part of this one.",
    "split": "The members have a case of their own.",
    "exhibited": "The exhibit is in the case, as it was signed.",
    "revoked": "The exhibit is revoked: it counts in no case any more.",
    "declined": "The proposal is declined; it is not made again.",
    "unmerged": "Undone: the cases are two again.",
    "rejoined": "Undone: the members are back in this case.",
    "sealed": "The case is sealed as it stands.",
    "asked": "Asked. Somebody else has to let the file go.",
    "looked": "The kept texts were looked through; what is found is in quarantine.",
    "told": "Recorded that they were told.",
    "labelled": "Your label is recorded.",
    "labelled_later": "Your label is recorded. A scan is writing: which accounts calibrate the next one follows once it has ended.",
    "left": "Left alone until the day you named.",
    "lifted": "Back in the queue.",
    "declared": "The purpose is on the register and counts between its days.",
    "purpose_waits": "Recorded. It counts once a second person approves it.",
    "purpose_ended": "It counts no more.",
    "drawn": "The sample is drawn.",
    "webhook": "The webhook is set up. Its secret is made below, once for its other end.",
    "webhook_gone": "The webhook is removed; what waited for it is sent to nobody.",
    "due": "What was not delivered is due again; stillwatch alerts send takes it.",
    "added": "They can log in now.",
    "changed": "Changed; their sessions have ended.",
    "password": "Your password is changed. Log in with it.",
    "out": "You are logged out.",
    "themed": "The look is set.",
}
"""What a page says after something was done, by the word in its address: nothing that somebody writes there is shown."""


class NotFound(Error):
    """Nothing is here."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request of one person. `form` holds what was sent, each field as the list of its values;
    `going` is what this browser kept of a visit to a log-in provider.
    """

    house: House
    route: str
    host: str
    address: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, list[str]]
    theme: str
    going: str = ""
    person: Person | None = None
    session: Session | None = None

    @property
    def who(self) -> Person:
        """Who came; pages that nobody reaches without log-in ask for it."""
        if self.person is None:
            raise NotFound("nobody is logged in")
        return self.person

    @property
    def scan(self) -> Scan:
        """The last scan.

        Raises:
            NotFound: before the first one.
        """
        scan = self.house.scan()
        if scan is None:
            raise NotFound("nothing was scanned in this workspace yet: run stillwatch scan, then look again")
        return scan

    @property
    def book(self) -> Book:
        """The journal as it stands."""
        return self.house.book()

    @property
    def marks(self) -> Marks:
        """What people did with which finding."""
        return marks_in(self.book, self.now)

    @property
    def now(self) -> dt.datetime:
        """The time."""
        return self.house.clock()

    def field(self, name: str, *, most: int = 4000) -> str:
        """What was written in one field of the form, without blanks around it.

        Raises:
            Error: when it is longer than any person would write.
        """
        text = (self.form.get(name) or [""])[0].strip()
        if len(text) > most:
            raise Error(f"{name}: got {len(text):,} letters, expected at most {most:,}")
        return text

    def needed(self, name: str, *, most: int = 4000) -> str:
        """The same, where something has to be written.

        Raises:
            Error: when it is empty.
        """
        text = self.field(name, most=most)
        if not text:
            raise Error(f"{name}: expected something, got nothing")
        return text

    def word(self, name: str, kind: type[_Word]) -> _Word:
        """A word of a closed list out of the form.

        Raises:
            Error: when it is none of them.
        """
        try:
            return kind(self.field(name, most=60))
        except ValueError:
            raise Error(f"{name}: expected one of {', '.join(kind)}") from None

    def turned(self, total: int, per_page: int, name: str = "page") -> tuple[int, int]:
        """Which page of a list of `total` is wanted, counted from 1, and how many there are."""
        number, pages = self.query.get(name, "1"), max(1, -(-total // per_page))
        wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1
        return min(max(1, wanted), pages), pages

    def handle(self, kind: str) -> tuple[str, int]:
        """The handle in the path, as it is spelled, and its pseudonym.

        Raises:
            NotFound: when it is none of this kind.
        """
        text = self.path["handle"]
        try:
            found, pseudonym = unhandle(text)
        except ValueError:
            found, pseudonym = "", 0
        if found != kind or text != text.upper():
            raise NotFound(f"no {kind} has this handle")
        return text, pseudonym

    def page(self, template: str, *, status: int = 200, **facts: Any) -> Response:
        """A page for this person."""
        role = None if self.person is None else self.person.role
        waiting = 0
        if role is not None and may(role, "approve"):
            with contextlib.suppress(TamperingFound):  # the page that says so is drawn by this, too
                waiting = sum(case.state == "awaits_second" for case in self.book.cases.values())
        text = render(
            template,
            visit=self,
            me=self.person,
            may=lambda name: role is not None and may(role, name),
            csrf="" if self.session is None else self.session.csrf,
            done=DONE.get(self.query.get("done", ""), ""),
            waiting=waiting,
            **facts,
        )
        return HTMLResponse(text, status)

    def go(self, path: str, done: str = "") -> Response:
        """On to a page of ours, which says what was done."""
        join = "&" if "?" in path else "?"
        return RedirectResponse(path + (join + urlencode({"done": done}) if done else ""), 303)


def local_path(text: str) -> str:
    """A path of this console, or its first page: an address that leads elsewhere is not followed.

    >>> local_path("/cases?x=1"), local_path("//evil.example"), local_path("https://evil.example"), local_path("/\\\\evil")
    ('/cases?x=1', '/', '/', '/')
    """
    plain = text.isascii() and text.isprintable() and "\\" not in text
    return text if plain and text.startswith("/") and not text.startswith("//") and ".." not in text else "/"
