"""A printed case is the same bytes each time, says what speaks for the accused, and no text in it can do anything."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import zlib
from base64 import a85decode
from pathlib import Path

import pytest

pytest.importorskip("reportlab", reason="reportlab is not installed: the extra [pdf]")

from tests.cases.desk import opening
from tests.cases.exhibits import NOW, exhibit
from tests.report.world import DAY, small_day

from stillwatch.cases import Case, Claim, ClaimRaised, Event, ExhibitGiven, Reason, Ruling, RulingGiven, State
from stillwatch.core import Part
from stillwatch.core.errors import FormatError
from stillwatch.report import ActorView, HourCount, ReleaseMark
from stillwatch.report.case_page import case_page
from stillwatch.report.case_pdf import case_pdf
from stillwatch.report.case_words import NEEDS, NOTICE, PART_WORDS, SHOWN, STATES, alleged
from stillwatch.report.pdf_sheet import open_sheet

HOSTILE = (
    "<img src='file:///etc/passwd'/><a href='javascript:x'>y</a> & </para><font size='90'>",
    "]]> %PDF (\\) endstream endobj /JS (app.alert(1)) /OpenAction /Launch",
    "abc\u202edcba \x1b[31m\x00 \u200b",
    "数据蒸馏 و العربية 한국어 ไทย 𝔘",
    "x" * 50_000,
    "a\n" * 3_000,
)


def case(note: str = "looked at", *, organisation: str | None = None) -> Case:
    found = opening()
    ruling = RulingGiven(
        number=1,
        ruling=Ruling.ATTRIBUTE if organisation else Ruling.BLOCK,
        reason=Reason.COORDINATED_ACCOUNTS,
        by="mary",
        person="p1",
        at="2026-11-02T09:00:00Z",
        note=note,
        organisation=organisation,
    )
    return Case(
        id="C-0000000000001",
        state=State.AWAITS_SECOND,
        handle=found.handle,
        openings=(dataclasses.replace(found, reason=note),),
        members=(dataclasses.replace(found.members[0], reason=note), *found.members[1:]),
        claims=(ClaimRaised(claim=Claim.CONTRACT, why=note, by=note[:80], at="2026-11-02T09:00:00Z"),),
        rulings=(ruling,),
        history=(Event(seq=1, at="2026-11-01T09:00:00Z", what="opened", by="mary", note=note),),
    )


def busy() -> ActorView:
    """An actor with a timeline."""
    hours = tuple(HourCount(at=DAY + dt.timedelta(hours=i), harvest=i, other=1) for i in range(30))
    launch = ReleaseMark(model="m-1", at=DAY + dt.timedelta(hours=3))
    return dataclasses.replace(small_day().for_review[0], hours=hours, releases=(launch,))


def streams(data: bytes) -> list[bytes]:
    """What is drawn, decoded."""
    found = []
    for body in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
        try:
            found.append(zlib.decompress(a85decode(body.strip().removesuffix(b"~>"))))
        except (ValueError, zlib.error):
            continue
    return found


def test_the_same_case_gives_the_same_bytes() -> None:
    actor = busy()
    first = case_pdf(case(), actor, journal="journal record 1")
    assert first == case_pdf(case(), actor, journal="journal record 1")
    assert first.startswith(b"%PDF-")
    assert first != case_pdf(case("another note"), actor, journal="journal record 1")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_printed_and_does_nothing(text: str) -> None:
    data = case_pdf(case(text), None, journal=text[:40])
    outside = re.sub(rb"stream\r?\n.*?endstream", b"", data, flags=re.DOTALL)
    for word in (b"/JS", b"/JavaScript", b"/OpenAction", b"/Launch", b"/URI", b"/EmbeddedFile", b"passwd"):
        assert word not in outside
    assert streams(data), "something is drawn"


def test_text_is_escaped_and_what_no_font_draws_is_named() -> None:
    sheet = open_sheet()
    assert sheet.printed("<b>&") == "&lt;b&gt;&amp;"
    assert sheet.printed("é ж Ω — ok") == "é ж Ω — ok"
    assert sheet.printed("数据") == "[Cjk, 2 characters: U+6570 U+636E]"
    assert sheet.printed("العربية").startswith("[Arabic, 7 characters: U+0627")
    assert "\u202e" not in sheet.printed("a\u202eb")
    assert len(sheet.printed("x" * 9_000)) < 1_600


def test_a_font_of_the_house_is_named_with_its_digest_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.ttf"
    wrong.write_bytes(b"no font")
    with pytest.raises(FormatError, match="expected a TrueType font"):
        open_sheet(wrong)


def test_every_word_of_a_case_has_its_explanation() -> None:
    assert set(NEEDS) == set(Claim)
    assert set(PART_WORDS) == set(Part)
    assert set(STATES) == set(State)
    assert set(SHOWN) == {True, False, None}
    assert "not proof of wrongdoing" in NOTICE


def given(note: str = "", *, revoked: str | None = None) -> ExhibitGiven:
    """An audit's exhibit as a case holds it, naming its first member."""
    handle = opening().members[0].handle
    return ExhibitGiven(
        exhibit=exhibit(handle, text=note),
        file={},
        sha256="7e" * 32,
        keys=(),
        signed_at=NOW,
        at=NOW,
        by="mary",
        ever_named=(handle,),
        named=(handle,),
        days_meet=True,
        revoked=revoked,
    )


def test_an_audits_exhibit_is_printed_with_what_it_says_for_the_accused_and_a_revoked_one_as_that() -> None:
    with_one = dataclasses.replace(case(), exhibits=(given(),))
    page = case_page(with_one, None, journal="j").decode()
    assert "Audits of other models" in page
    assert page.count("It was published") == 1
    assert "names 1 of the members" in page
    assert "Audits of other models" not in case_page(case(), None, journal="j").decode()
    gone = dataclasses.replace(case(), exhibits=(given(revoked="the seed was wrong"),))
    page = case_page(gone, None, journal="j").decode()
    assert "no, it was revoked: the seed was wrong" in page
    assert "It was published" not in page
    assert len(case_pdf(case(), None, journal="j")) < len(case_pdf(with_one, None, journal="j"))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_an_exhibit_does_nothing_on_paper(text: str) -> None:
    held = dataclasses.replace(case(), exhibits=(given(text), given(revoked=text)))
    outside = re.sub(rb"stream\r?\n.*?endstream", b"", case_pdf(held, None, journal="j"), flags=re.DOTALL)
    assert b"passwd" not in outside
    page = case_page(held, None, journal="j").decode()
    assert "<img src='file" not in page
    assert "\u202e" not in page


def test_a_case_without_its_scan_is_printed_without_a_timeline() -> None:
    kept = case()
    bare = dataclasses.replace(kept, openings=tuple(dataclasses.replace(o, hours=()) for o in kept.openings))
    from_scan, without = (len(case_pdf(bare, one, journal="j")) for one in (busy(), None))
    assert without < from_scan
    assert without < len(case_pdf(kept, None, journal="j")), "a case that keeps its hours needs no scan"


def test_an_organisation_is_named_only_while_two_people_stand_behind_it() -> None:
    alone = case(organisation="Acme").rulings[0]
    assert "Acme" not in alleged(alone)
    assert "an allegation" in alleged(dataclasses.replace(alone, approved_by="joe"))
    assert "Acme" not in alleged(dataclasses.replace(alone, approved_by="joe", withdrawn=True))
