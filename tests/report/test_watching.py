"""Days that were looked at one by one are shown in every form, and a guarantee that is off is said before anything else about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from stillwatch.core.records import Decision
from stillwatch.report import (
    AccountView,
    HistoryView,
    LookalikeCheck,
    ProductWatch,
    ScanView,
    WatchView,
    explain_lines,
    read_json,
    render_html,
    render_json,
    render_markdown,
)

from .world import small_day

CHAT = ProductWatch(
    product="chat",
    tested=900,
    references=2400,
    hostile=24,
    drift_p=0.4,
    drift_looks=9,
    drift_e=1.5,
    drift_needed=1000.0,
)
AGENT = replace(CHAT, product="agent", drift_p=1e-9, drift_e=48_210.0, off_since=date(2026, 11, 18))


@pytest.fixture
def watched() -> ScanView:
    """A day with an account put up by its history, another that is not, and a product type whose guarantee is off."""
    day = small_day()
    reached = HistoryView(
        e=4100.0, needed=900.0, days=8, looks=9, reached=date(2026, 11, 14), reached_look=3, sentence=""
    )
    waiting = replace(reached, e=12.0, reached=None, reached_look=None, sentence="over days its evidence is e = 12")
    checks = (
        LookalikeCheck(name="batch work", fits=False, why="it does not explain grading 0.9", meaning="labelling"),
        LookalikeCheck(name="classroom", fits=None, why="could not be checked", meaning="a course"),
    )
    accounts = tuple(
        AccountView(
            handle=handle,
            decision=decision,
            reason=reason,
            exchanges=812,
            stratum="chat",
            p_value=0.0004,
            e_value=31.0,
            history=history,
            resembles="resembles most batch work, which does not fit: it does not explain grading 0.9",
            lookalikes=checks,
        )
        for handle, decision, reason, history in (
            ("A-0000000000001", Decision.REVIEW, "up for review since 2026-11-14 by its evidence over days", reached),
            ("A-0000000000002", Decision.QUIET, "not unusual enough", waiting),
        )
    )
    watch = WatchView(
        first=date(2026, 11, 12), last=date(2026, 11, 20), looks=9, late=31, late_days=2, products=(AGENT, CHAT)
    )
    return replace(day, accounts=accounts, watch=watch)


def test_a_guarantee_that_is_off_is_said_with_since_when_and_by_what_evidence(watched: ScanView) -> None:
    for rendered in (render_html(watched), render_markdown(watched)):
        plain = rendered.replace("\u202f", " ").replace("\u00a0", " ")
        assert "Guarantee OFF for agent accounts since 18 Nov 2026" in plain
        assert "e = 48,210 in 9 looks" in plain
        assert "at most once in 1,000 such watches" in plain
        assert "Guarantee OFF for chat" not in plain
        assert "12 Nov 2026 to 20 Nov 2026, 9 looks" in plain
        assert "31 exchanges of 2 days came after that day had been looked at" in plain
    assert 'role="alert"' in render_html(watched)
    assert "Watched day by day" not in render_markdown(small_day())
    assert 'role="alert"' not in render_html(small_day())


def test_an_account_says_where_its_history_stands_and_which_lookalike_it_resembles(watched: ScanView) -> None:
    markdown = render_markdown(watched)
    assert "for review since 14 Nov 2026, look 3" in markdown
    assert "e = 12, needed 900" in markdown
    assert "Resembles most batch work, which does not fit: it does not explain grading 0.9." in markdown
    assert "Resembles most batch work" in render_html(watched)
    said = "\n".join(line.text for line in explain_lines(watched, "A-0000000000002"))
    assert "Over days its evidence is e = 12." in said
    assert "Resembles most batch work" in said
    assert "batch work: fits? does not fit; why It does not explain grading 0.9." in said
    assert "classroom: fits? unknown" in said


def test_what_was_watched_survives_the_way_through_json(watched: ScanView) -> None:
    assert read_json(render_json(watched)) == watched
