"""An audit's outcome becomes statements of a case, sealed with it, with what speaks against them and without anybody's name."""

from __future__ import annotations

from stillwatch.audit import Recorded, Served, carry_out, draw_up
from stillwatch.cli.audit_exhibit import exhibit
from stillwatch.core import Part

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


def test_each_test_is_stated_with_its_null_and_followed_by_what_speaks_against_it() -> None:
    found, against = exhibit(OUTCOME)
    assert (found.part, against.part) == (Part.OBSERVED, Part.EXCULPATORY)
    assert "1 accounts may be named" in found.sentence
    assert "least p 0.000244" in found.sentence
    assert "never trained on the responses served to this account" in found.sentence
    assert "what was served was published" in against.sentence
    assert "siblings were drawn as the served response was" in against.sentence
    assert all(OUTCOME.sha256 in one.ground and "Acme" not in one.sentence for one in (found, against))
