"""What people say of findings: labels, accounts to leave alone for a while, and random samples of accounts that nothing flagged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from starlette.responses import Response

from stillwatch.cases import Verdict, draw, label, leave, lift
from stillwatch.console.calibrating import follow_labels
from stillwatch.console.door import page
from stillwatch.console.pages.sampling import sample_rates
from stillwatch.console.visit import Visit, local_path
from stillwatch.core import Error, handle, unhandle
from stillwatch.pipeline import unflagged_accounts

__all__: list[str] = []

_MOST_DRAWN = 200


@page("label")
def label_one(visit: Visit) -> Response:
    """Say what was found on looking; `false` on an account of a random sample clears it for the next scan."""
    name, verdict = _named(visit), visit.word("verdict", Verdict)
    label(visit.house.desk, name, verdict, by=visit.who.name, why=visit.needed("why", most=1000))
    sampled = any(name in one.handles for one in visit.book.feedback.samples)
    done = "labelled" if not sampled or follow_labels(visit.house) else "labelled_later"
    return visit.go(local_path(visit.field("back", most=500)), done)


@page("leave")
def leave_one(visit: Visit) -> Response:
    """Keep a finding out of the queue until a day.

    Raises:
        Error: when the day is none.
    """
    name = _named(visit)
    try:
        days = int(visit.needed("days", most=4))
    except ValueError:
        raise Error("days: expected a whole number of days, at most 366") from None
    until = visit.now + dt.timedelta(days=max(-1, min(days, 9999)))
    good = visit.field("good", most=5) == "yes"
    leave(visit.house.desk, name, until=until, known_good=good, by=visit.who.name, why=visit.needed("why", most=1000))
    return visit.go(local_path(visit.field("back", most=500)), "left")


@page("lift")
def lift_one(visit: Visit) -> Response:
    """Put it back into the queue."""
    name = _named(visit)
    lift(visit.house.desk, name, by=visit.who.name, why=visit.needed("why", most=1000))
    return visit.go(local_path(visit.field("back", most=500)), "lifted")


@page("said")
def said(visit: Visit) -> Response:
    """Every label and everything that is left alone, with who said so, why and until when."""
    feedback = visit.book.feedback
    labels = sorted(feedback.labels.values(), key=lambda one: one.at, reverse=True)
    pauses = sorted(feedback.paused(visit.now).values(), key=lambda one: one.until)
    return visit.page("said.html", title="Labels", labels=labels, pauses=pauses)


@page("sample")
def sample(visit: Visit) -> Response:
    """The random samples, what was found in them, and the share of harvests among the unflagged that follows."""
    feedback = visit.book.feedback
    return visit.page(
        "sample.html",
        title="Audit sample",
        rates=sample_rates(feedback),
        labels=feedback.labels,
        most=_MOST_DRAWN,
    )


@page("draw_sample")
def draw_sample(visit: Visit) -> Response:
    """Draw accounts evenly at random from all that the scan left unflagged and nobody has labelled.

    Raises:
        Error: when the number is none, fewer accounts are left, or a scan ended meanwhile.
    """
    try:
        n = int(visit.needed("n", most=5))
    except ValueError:
        n = 0
    if not 1 <= n <= _MOST_DRAWN:
        raise Error(f"n: expected a whole number from 1 to {_MOST_DRAWN}")
    scan, feedback = visit.scan, visit.book.feedback
    known = {unhandle(name)[1] for name in feedback.labels if name.startswith("A-")}
    left = unflagged_accounts(visit.house.workspace)
    left = left.filter(pc.invert(pc.is_in(left, value_set=_array(known))))
    if len(left) < n:
        raise Error(f"n: got {n}, but only {len(left)} unflagged accounts are left that nobody has labelled")
    chosen = np.random.default_rng().choice(len(left), size=n, replace=False)
    names = sorted(handle("account", one) for one in left.take(_array(int(i) for i in chosen)).to_pylist())
    if visit.house.scan() is not scan:
        raise Error("a new scan ended while the sample was drawn: draw it again, from that one")
    draw(visit.house.desk, names, run=scan.view.run.run, population=len(left), by=visit.who.name)
    return visit.go("/sample", "drawn")


def _named(visit: Visit) -> str:
    """The actor or account that the form is about.

    Raises:
        Error: when it is neither, or not spelled as it is shown.
    """
    text = visit.needed("handle", most=20)
    try:
        kind, number = unhandle(text)
    except ValueError:
        kind, number = "", 0
    if kind not in ("actor", "account") or handle(kind, number) != text:
        raise Error("handle: expected one of an actor (X-...) or an account (A-...)")
    return text


def _array(numbers: Iterable[int]) -> pa.Array:
    return pa.array(list(numbers), pa.int64())
