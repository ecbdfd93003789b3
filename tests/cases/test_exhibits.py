"""An audit's exhibit in a case: believed only as it was signed, sealed with the case, checked offline, and gone once it is revoked."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stillwatch.cases import (
    EXHIBIT_BYTES,
    FORGOTTEN,
    Desk,
    Factor,
    Ground,
    add_exhibit,
    auditor_keys,
    case_lines,
    export,
    forget,
    redact,
    revoke_exhibit,
    seal,
    sealed_exhibit,
    verified,
)
from stillwatch.cases.canonical import canonical, read_canonical
from stillwatch.cases.dsse import envelope
from stillwatch.cases.exhibit import EXHIBIT_FORM
from stillwatch.cases.sealing import Seal, sealed_case
from stillwatch.core import CaseError, TamperingFound

from .desk import desk, opening
from .exhibits import AUDITOR, NOW, STRANGER, exhibit, file


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """A desk with one case of four members, which believes the auditor."""
    made = desk(tmp_path)
    found = opening()
    made.open(replace(found, last_seen=dt.datetime(2026, 10, 3, tzinfo=dt.UTC)), by="mary")
    folder = made.workspace.root / "keys" / "auditors"
    folder.mkdir()
    (folder / "ann.pub.pem").write_bytes(AUDITOR.public.pem())
    return made


def case_of(at: Desk) -> str:
    return next(iter(at.cases()))


def members(at: Desk) -> list[str]:
    return [one.handle for one in at.case(case_of(at)).members]


def fourth(at: Desk, case: str | None = None) -> list[bool | None]:
    found = at.case(case or case_of(at))
    return [one.shown for one in found.factors(found.openings[0]) if one.factor is Factor.MODEL_TIMELINE]


def test_what_an_exhibit_says_is_in_the_case_in_its_three_parts_and_on_record(at: Desk) -> None:
    found = add_exhibit(at, case_of(at), file(members(at)[0], members(at)[1]), by="mary", why="counsel asked")
    assert [s.sentence for s in found.statements][-3:] == ["least p 0.0002", "trained on it", "it was published"]
    assert (found.history[-1].what, found.history[-1].by, found.history[-1].note) == (
        "exhibit_added",
        "mary",
        "counsel asked",
    )
    assert found.exhibits[0].named == tuple(members(at)[:2])
    assert fourth(at) == [True]
    assert any("Audit of student-1" in text for _, text in case_lines(found))


@pytest.mark.parametrize(
    ("named", "allow", "last_seen", "shown"),
    [(True, False, 3, False), (True, None, 3, None), (False, True, 3, None), (True, True, 3, True)],
    ids=["dates speak against it", "no dates", "names nobody of the case", "dates allow it and a member is named"],
)
def test_the_fourth_factor_is_shown_only_by_dates_and_a_member_together(
    at: Desk, named: bool, allow: bool | None, last_seen: int, shown: bool | None
) -> None:
    who = members(at)[0] if named else "A-9999999999999"
    add_exhibit(at, case_of(at), file(who, allow=allow), by="mary", why="w")
    assert fourth(at) == [shown]


@pytest.mark.parametrize("month", [8, 10], ids=["before it", "after it"])
def test_an_exhibit_whose_harvest_meets_no_day_of_the_case_shows_nothing_of_the_fourth_factor(
    tmp_path: Path, month: int
) -> None:
    made = desk(tmp_path)
    day = dt.datetime(2026, month, 20, tzinfo=dt.UTC)
    case = made.open(replace(opening(), first_seen=day, last_seen=day), by="mary")
    add_exhibit(made, case.id, file(case.members[0].handle, by=made.signer), by="mary", why="w")
    assert fourth(made) == [None]


@pytest.mark.parametrize(
    ("days", "harvest"),
    [(True, {"harvest_begun": None}), (True, {"harvest_ended": None}), (False, {})],
    ids=["nobody knows when the harvest began", "the harvest goes on", "the case knows no days"],
)
def test_days_that_nobody_knows_lie_outside_of_nothing(tmp_path: Path, days: bool, harvest: Mapping[str, Any]) -> None:
    made = desk(tmp_path)
    day = dt.datetime(2026, 10, 20, tzinfo=dt.UTC) if days else None
    case = made.open(replace(opening(), first_seen=day, last_seen=day), by="mary")
    told = replace(exhibit(case.members[0].handle), **harvest)
    found = add_exhibit(made, case.id, sealed_exhibit(told, [made.signer], at=NOW), by="mary", why="w")
    assert found.exhibits[0].days_meet is (True if "harvest_ended" in harvest else None)
    assert fourth(made) == [True]


def test_no_exhibit_goes_into_a_case_that_is_part_of_another(at: Desk) -> None:
    case, other = case_of(at), at.open(opening("X-0000000000002", "00fe"), by="mary").id
    at.merge(case, other, by="mary", why="one")
    with pytest.raises(CaseError, match=f"is merged into {case}; put the exhibit there"):
        add_exhibit(at, other, file(), by="mary", why="w")


def test_every_changed_byte_of_an_exhibit_is_refused(at: Desk) -> None:
    data, rng = file(members(at)[0]), random.Random(6)  # noqa: S311 - which byte, not a secret
    for _ in range(300):
        changed = bytearray(data)
        changed[rng.randrange(len(data) - 1)] ^= 1 << rng.randrange(8)
        with pytest.raises((TamperingFound, CaseError)):
            add_exhibit(at, case_of(at), bytes(changed), by="mary", why="w")
    assert at.case(case_of(at)).exhibits == ()


def test_an_exhibit_that_somebody_wrote_anew_is_not_believed(at: Desk) -> None:
    told = read_canonical(file(members(at)[0]).removesuffix(b"\n"))
    forged = canonical({**told, "exhibit": {**told["exhibit"], "suspect": "student-2"}})
    with pytest.raises(TamperingFound, match="vouches for something else"):
        add_exhibit(at, case_of(at), forged, by="mary", why="w")
    with pytest.raises(TamperingFound, match="whose public key was not given"):
        add_exhibit(at, case_of(at), file(members(at)[0], by=STRANGER), by="mary", why="w")
    added = add_exhibit(at, case_of(at), file(members(at)[0], by=STRANGER), by="mary", why="w", keys=[STRANGER.public])
    assert len(added.exhibits) == 1


def test_a_signature_that_was_taken_off_an_exhibit_is_missed(at: Desk) -> None:
    data = sealed_exhibit(exhibit(members(at)[0]), [AUDITOR, STRANGER], at=NOW)
    told = read_canonical(data.removesuffix(b"\n"))
    told["envelope"]["signatures"] = told["envelope"]["signatures"][:1]
    with pytest.raises(TamperingFound, match="names other keys"):
        add_exhibit(at, case_of(at), canonical(told), by="mary", why="w")
    both = add_exhibit(at, case_of(at), data, by="mary", why="w", keys=[STRANGER.public])
    assert len(both.exhibits[0].keys) == 2


def test_an_exhibit_needs_a_reason_and_something_for_the_accused_and_goes_in_once(at: Desk) -> None:
    case, data = case_of(at), file(members(at)[0])
    with pytest.raises(CaseError, match="say why"):
        add_exhibit(at, case, data, by="mary", why=" ")
    bare = replace(exhibit(), statements=exhibit().statements[:2])
    with pytest.raises(CaseError, match="says nothing for the accused"):
        sealed_exhibit(bare, [AUDITOR], at=NOW)
    add_exhibit(at, case, data, by="mary", why="w")
    with pytest.raises(CaseError, match="already"):
        add_exhibit(at, case, data, by="mary", why="w")


def signed_as(told: object, **predicate: object) -> bytes:
    """A file that the auditor signed whatever it says."""
    body = canonical(told)
    said = {"at": NOW, "keys": [AUDITOR.public.id], **predicate}
    made = envelope(EXHIBIT_FORM, hashlib.sha256(body).hexdigest(), "exhibit", said, [AUDITOR])
    return canonical({"envelope": read_canonical(made), "exhibit": told})


def told_in(data: bytes) -> dict[str, Any]:
    told: dict[str, Any] = read_canonical(data.removesuffix(b"\n"))["exhibit"]
    return told


@pytest.mark.parametrize(
    ("worse", "why"),
    [
        ({"suspect": " "}, "names no suspect"),
        ({"statements": exhibit().statements * 67}, "more than an exhibit does"),
        ({"dates": ("d" * 8001,)}, "more than an exhibit does"),
        ({"marks": ("0f" * 32,) * 3000}, "at most 196,608 bytes"),
    ],
    ids=["no suspect", "201 statements", "a sentence without end", "3,000 accounts"],
)
def test_an_exhibit_that_nobody_would_read_is_not_signed(worse: Mapping[str, Any], why: str) -> None:
    with pytest.raises(CaseError, match=why):
        sealed_exhibit(replace(exhibit(), **worse), [AUDITOR], at=NOW)


def test_an_exhibit_that_nobody_would_read_is_not_taken_in_by_whomever_it_was_signed(at: Desk) -> None:
    told = told_in(file(members(at)[0]))
    for worse, why in (
        ({**told, "suspect": ""}, "names no suspect"),
        ({**told, "suspect": 7}, "Expected `str`"),
        ({k: v for k, v in told.items() if k != "salt"}, "missing required field `salt`"),
    ):
        with pytest.raises(CaseError, match=why):
            add_exhibit(at, case_of(at), signed_as(worse), by="mary", why="w")
    with pytest.raises(TamperingFound, match="names other keys"):
        add_exhibit(at, case_of(at), signed_as(told, at=20261120), by="mary", why="w")
    assert len(add_exhibit(at, case_of(at), signed_as(told), by="mary", why="w").exhibits) == 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b" " * (EXHIBIT_BYTES + 1), "larger than 196,608 bytes"),
        (b"5", "no audit exhibit"),
        (b'["envelope","exhibit"]', "no audit exhibit"),
        (canonical({**read_canonical(file().removesuffix(b"\n")), "more": 1}), "no audit exhibit"),
        (b"not JSON", "exhibit: "),
    ],
    ids=["too large", "a number", "a list", "something beside it", "a text"],
)
def test_a_file_that_is_no_exhibit_is_none(at: Desk, data: bytes, why: str) -> None:
    with pytest.raises(TamperingFound, match=why):
        add_exhibit(at, case_of(at), data, by="mary", why="w")


def test_a_sealed_case_carries_the_exhibit_and_verifies_it_offline(at: Desk, tmp_path: Path) -> None:
    add_exhibit(at, case_of(at), file(members(at)[0]), by="mary", why="w")
    sealed = seal(at, case_of(at), by="mary", why="counsel").read_bytes()
    told = verified(sealed, [at.signer.public], auditors=[AUDITOR.public])
    item = next(one for one in told.items if one.kind == "exhibit")
    assert item.content["file"]["exhibit"]["suspect"] == "student-1"
    assert [one.content["shown"] for one in told.items if one.kind == "factor"][-1] is True
    with pytest.raises(TamperingFound, match="whose public key was not given"):
        verified(sealed, [at.signer.public])
    assert verified(sealed, [at.signer.public, AUDITOR.public]).case == case_of(at)
    out = export(
        at, at.sealed / f"{case_of(at)}-{_digest(sealed)[:12]}.tar", tmp_path / "o.tar", recipient="c", by="m", why="w"
    )
    assert out.items == told.items


def test_an_exhibit_that_the_sealing_house_changed_is_found_offline(at: Desk) -> None:
    """Whoever seals can write anew what the case says, and still not what the auditor signed."""
    add_exhibit(at, case_of(at), file(members(at)[0]), by="mary", why="w")
    case = at.case(case_of(at))
    given = case.exhibits[0]
    worse = {**given.file, "exhibit": {**given.file["exhibit"], "suspect": "rival-9"}}
    digest = _digest(canonical(worse))
    told = Seal(at=NOW, reviewer="mary", version="0", journal=at.journal.head())
    forged = sealed_case(replace(case, exhibits=(replace(given, file=worse, sha256=digest),)), told, [at.signer])
    with pytest.raises(TamperingFound, match=r"item \d+: .*vouches for something else"):
        verified(forged, [at.signer.public], auditors=[AUDITOR.public])


def test_a_redacted_copy_can_lack_the_exhibit_and_keeps_what_it_says_for_the_accused(at: Desk) -> None:
    add_exhibit(at, case_of(at), file(members(at)[0]), by="mary", why="w")
    copy = redact(at, seal(at, case_of(at), by="mary", why="w"), {"exhibit": "trade secret"}, by="mary", why="w")
    told = verified(copy.read_bytes(), [at.signer.public])
    assert ("exhibit", "trade secret") in told.removed.values()
    assert "it was published" in json.dumps([one.content for one in told.items if one.kind == "exculpatory"])


@pytest.mark.parametrize("what", ["exhibit", "outcome", "key"])
def test_a_revoked_exhibit_counts_in_no_case_and_is_never_taken_in_again(at: Desk, what: str) -> None:
    case, data = case_of(at), file(members(at)[0])
    digest = add_exhibit(at, case, data, by="mary", why="w").exhibits[0].sha256
    name = {"exhibit": digest, "outcome": exhibit().outcome, "key": AUDITOR.public.id}[what]
    assert revoke_exhibit(at, name, by="joe", why="the seed was wrong") == [case]
    found = at.case(case)
    assert (found.exhibits[0].counts, found.exhibits[0].revoked) == (False, "the seed was wrong")
    assert "least p 0.0002" not in [s.sentence for s in found.statements]
    assert fourth(at) == [None]
    sealed = verified(seal(at, case, by="mary", why="w").read_bytes(), [at.signer.public, AUDITOR.public])
    assert [one.content["revoked"] for one in sealed.items if one.kind == "exhibit"] == ["the seed was wrong"]
    other = at.open(opening("X-0000000000002", "00fe", members=1), by="mary")
    with pytest.raises(CaseError, match=r"was revoked .*the seed was wrong"):
        add_exhibit(at, other.id, data, by="mary", why="w")
    with pytest.raises(CaseError, match="revoked already"):
        revoke_exhibit(at, name, by="joe", why="again")


def test_the_house_key_is_not_revoked_and_a_digest_is_spelled_out(at: Desk) -> None:
    with pytest.raises(CaseError, match="own key"):
        revoke_exhibit(at, at.signer.public.id, by="joe", why="w")
    with pytest.raises(CaseError, match="64 hexadecimal digits"):
        revoke_exhibit(at, "beef", by="joe", why="w")
    with pytest.raises(CaseError, match="64 hexadecimal digits"):
        revoke_exhibit(at, "ge" * 32, by="joe", why="w")
    with pytest.raises(CaseError, match="say why"):
        revoke_exhibit(at, "be" * 32, by="joe", why=" ")


def test_after_a_split_each_case_names_its_own_members_and_after_a_merger_all(at: Desk) -> None:
    case, who = case_of(at), members(at)
    add_exhibit(at, case, file(who[0], who[3]), by="mary", why="w")
    new = at.split(case, [who[0], who[1]], by="mary", why="another's")
    assert at.case(case).exhibits[0].named == (who[3],)
    assert at.case(new.id).exhibits[0].named == (who[0],)
    at.split(new.id, [who[0]], by="mary", why="alone")
    assert (fourth(at, new.id), at.case(new.id).exhibits[0].named) == ([None], ())
    joined = at.merge(case, new.id, by="mary", why="one")
    assert joined.exhibits[0].named == (who[3],)
    assert len(joined.exhibits) == 1


def test_a_forgotten_member_stays_counted_and_a_forgotten_subject_takes_the_exhibit_along(at: Desk) -> None:
    case, who = case_of(at), members(at)
    add_exhibit(at, case, file(who[0]), by="mary", why="w")
    forget(at, who[0], by="mary", why=Ground.ERASURE_REQUEST)
    assert at.case(case).exhibits[0].named == (FORGOTTEN,)
    assert auditor_keys(at.book()) == [AUDITOR.public]
    forget(at, at.case(case).handle, by="mary", why=Ground.ERASURE_REQUEST)
    assert at.case(case).exhibits == ()
    assert auditor_keys(at.book()) == [AUDITOR.public]
    assert at.case(case).history[-1].what == "exhibit_added"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
