"""An audit's outcome becomes an exhibit: what was observed, what is inferred and what speaks against it, without anybody's name."""

from __future__ import annotations

import datetime as dt

from stillwatch.audit import Outcome, Recorded, Served, Timeline, carry_out, draw_up
from stillwatch.cases import name_mark
from stillwatch.core import Part
from stillwatch.pipeline import audit_exhibit

SERVED = tuple(
    Served(item=f"{name}{at}", account=name, prompt=f"{name} {at}", response=f"answer {at}", siblings=(f"other {at}",))
    for name in ("Acme-1", "Acme-2")
    for at in range(12)
)
SUSPECT = Recorded(
    name="student",
    answers={one.prompt: one.candidates[at % 2 if one.account == "Acme-2" else 0] for at, one in enumerate(SERVED)},
    likelihoods={},
)
OUTCOME = carry_out(draw_up(SERVED, suspect="student"), SERVED, SUSPECT)


def _dated(begun: dt.date, released: dt.date) -> Outcome:
    plan = draw_up(SERVED, suspect="student", timeline=Timeline(harvest_begun=begun, released=released))
    return carry_out(plan, SERVED, SUSPECT)


def test_each_test_is_stated_with_its_null_and_followed_by_what_speaks_against_it() -> None:
    found, inferred, against = audit_exhibit(OUTCOME).statements
    assert (found.part, inferred.part, against.part) == (Part.OBSERVED, Part.INFERRED, Part.EXCULPATORY)
    assert "fits having been trained on what was served to 1 of 2 accounts" in inferred.sentence
    assert "least p 0.000244" in found.sentence
    assert "never trained on the responses served to this account" in found.sentence
    assert "what was served was published" in against.sentence
    assert "siblings were drawn as the served response was" in against.sentence
    assert "Of 2 accounts, 0 had too few items for any answer and 1 may not be named" in against.sentence
    assert all(OUTCOME.sha256 in one.ground for one in (found, inferred, against))


def test_an_exhibit_names_no_account_and_still_tells_who_knows_a_name_whether_it_is_there() -> None:
    told = audit_exhibit(OUTCOME)
    assert "Acme" not in repr(told)
    assert name_mark(told.salt, "Acme-1") in told.marks
    assert name_mark(told.salt, "Acme-2") not in told.marks


def test_dates_that_speak_against_exposure_are_said_for_the_accused() -> None:
    early, late = dt.date(2026, 1, 1), dt.date(2026, 3, 1)
    assert audit_exhibit(OUTCOME).dates_allow is None
    assert audit_exhibit(_dated(early, late)).dates_allow is True
    told = audit_exhibit(_dated(late, early))
    assert told.dates_allow is False
    assert (told.statements[-1].part, "before the harvest began" in told.statements[-1].sentence) == (
        Part.EXCULPATORY,
        True,
    )
