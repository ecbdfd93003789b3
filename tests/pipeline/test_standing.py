"""The machine proposes, people decide and win; a proposal stands until it ends; the file follows the tables and the desk at once."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.cases import Desk, Reason, Ruling
from stillwatch.cli import app
from stillwatch.core import Decision, FormatError, Settings, handle
from stillwatch.engine import Workspace
from stillwatch.pipeline import Scanned, case_opening, publish_standing, replay_policy, standing_file, standing_of
from stillwatch.pipeline.decided import HARDNESS, Decided
from stillwatch.pipeline.proposals import STEPS, Proposal, decibans
from stillwatch.pipeline.standing import merged
from stillwatch.policy import read_policy, read_standing

from .logs import NOW, SMALL, run
from .logs import Day as SmallDay

SEEN = dt.datetime(2026, 7, 25, tzinfo=dt.UTC)
LASTS = dt.timedelta(days=14)

PROPOSED = st.builds(
    Proposal,
    step=st.sampled_from(STEPS[1:]),
    reasons=st.just(frozenset({"unusual_traffic"})),
    kinds=st.integers(1, 2),
    evidence=st.none() | st.integers(0, 60),
)
DECIDED = st.builds(Decided, ruling=st.sampled_from(HARDNESS), reason=st.just("harvest_at_scale"))


def proposal(step: str, evidence: int = 25) -> Proposal:
    return Proposal(step=step, reasons=frozenset({"unusual_traffic"}), kinds=1, evidence=evidence)


def later(
    before: dict[int, dict[str, Any]], days: int, *now: tuple[int, Proposal], **more: Any
) -> dict[int, dict[str, Any]]:
    return merged(dict(now), more.pop("rulings", {}), before, seen=SEEN + dt.timedelta(days), lasts=LASTS, **more)


@settings(max_examples=80)
@given(
    proposed=st.dictionaries(st.integers(1, 6), PROPOSED),
    rulings=st.dictionaries(st.integers(1, 6), DECIDED),
    before=st.dictionaries(st.integers(1, 6), PROPOSED),
)
def test_whatever_the_machine_says_what_people_decided_stands_and_the_machine_never_goes_beyond_throttle(
    proposed: dict[int, Proposal], rulings: dict[int, Decided], before: dict[int, Proposal]
) -> None:
    old = merged(before, {}, {}, seen=SEEN, lasts=LASTS)
    rows = merged(proposed, rulings, old, seen=SEEN + dt.timedelta(1), lasts=LASTS)
    assert {account: row["decided"] for account, row in rows.items() if row["decided"]} == {
        account: ruling.ruling.value for account, ruling in rulings.items()
    }
    assert all(row["proposed"] in STEPS for row in rows.values())
    for account, one in proposed.items():
        assert STEPS.index(rows[account]["proposed"]) >= STEPS.index(one.step)
    again = merged(proposed, rulings, rows, seen=SEEN + dt.timedelta(1), lasts=LASTS)
    assert again == rows


def test_a_milder_proposal_does_not_replace_a_harder_one_until_that_has_ended() -> None:
    first = later({}, 0, (5, proposal("throttle")))
    milder = later(first, 7, (5, proposal("observe", 12)))
    assert (milder[5]["proposed"], milder[5]["evidence"], milder[5]["until"]) == ("throttle", 12, SEEN + LASTS)
    gone = later(milder, 13)
    assert gone[5]["proposed"] == "throttle"
    ended = later(gone, 14, (5, proposal("observe", 12)))
    assert (ended[5]["proposed"], ended[5]["since"]) == ("observe", SEEN + dt.timedelta(14))
    assert later(gone, 14) == {}


def test_a_proposal_that_is_concluded_again_stands_longer_and_began_when_it_began() -> None:
    again = later(later({}, 0, (5, proposal("clamp"))), 10, (5, proposal("throttle")))
    assert (again[5]["since"], again[5]["until"]) == (SEEN, SEEN + dt.timedelta(24))


def test_a_decision_that_is_withdrawn_leaves_the_machines_proposal() -> None:
    block = {5: Decided(ruling=Ruling.BLOCK, reason="harvest_at_scale", appeal="C-1/1")}
    held = later(later({}, 0, (5, proposal("clamp"))), 1, rulings=block, fresh=False)
    assert (held[5]["decided"], held[5]["reasons"]) == ("block", ["harvest_at_scale", "unusual_traffic"])
    freed = later(held, 1, fresh=False)
    assert (freed[5]["decided"], freed[5]["proposed"], freed[5]["reasons"]) == (None, "clamp", ["unusual_traffic"])
    alone = later({}, 0, rulings=block)
    assert later(alone, 1, fresh=False) == {}


@pytest.mark.parametrize(("e_value", "level"), [(1.0, 0), (19.95, 12), (1e9, 90), (0.0, -3000), (float("inf"), 3000)])
def test_evidence_is_told_in_decibans(e_value: float, level: int) -> None:
    assert decibans(e_value) == level


@pytest.fixture
def copy(scanned: tuple[Workspace, Scanned], tmp_path: Path) -> tuple[Workspace, Scanned]:
    """The scanned day, to write to."""
    shutil.copytree(scanned[0].root, tmp_path / "w")
    return Workspace(tmp_path / "w"), scanned[1]


def test_a_scan_publishes_who_stands_how(copy: tuple[Workspace, Scanned]) -> None:
    space, told = copy
    standing = read_standing(standing_file(space))
    assert standing.made == NOW.timestamp()
    members = {m.handle for actor in told.view.for_review for m in actor.members}
    rows = standing.rows.to_pylist()
    assert members
    assert members <= {handle("account", row["account"]) for row in rows}
    assert {row["proposed"] for row in rows} <= set(STEPS)
    assert rows == space.store.read("standing").to_pylist()
    assert all(row["decided"] is None and row["appeal"] is None for row in rows)
    assert standing_file(space).stat().st_mode & 0o77 == 0


def test_the_same_scan_again_changes_nothing_about_the_standing(copy: tuple[Workspace, Scanned], day: SmallDay) -> None:
    space, _ = copy
    before = standing_file(space).read_bytes()
    assert run(space, day.inputs()).unchanged
    assert standing_file(space).read_bytes() == before


def test_a_damaged_file_is_followed_by_one_that_keeps_its_time_and_counts_on(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    publish_standing(workspace, Settings(), scanned=SEEN)
    publish_standing(workspace, Settings())
    standing_file(workspace).write_bytes(b"half a standing")
    made = publish_standing(workspace, Settings())
    assert (made.serial, made.made) == (3, SEEN.timestamp())
    assert read_standing(standing_file(workspace)).made == SEEN.timestamp()


def test_before_the_first_scan_the_standing_has_no_time(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    publish_standing(workspace, Settings())
    assert (read_standing(standing_file(workspace)).serial, read_standing(standing_file(workspace)).made) == (1, None)


def test_a_block_at_the_desk_reaches_the_standing_at_once_and_is_no_younger_for_it(
    copy: tuple[Workspace, Scanned],
) -> None:
    space, told = copy
    before = read_standing(standing_file(space))
    actor = told.view.for_review[0]
    desk = Desk(space)
    case = desk.open(case_opening(told.view, actor.handle), by="mary")
    desk.decide(case.id, Ruling.BLOCK, Reason.HARVEST_AT_SCALE, by="mary", note="seen")
    waiting = publish_standing(space, SMALL)
    assert not any(waiting.rows.column("decided").is_valid().to_pylist()), "one person alone blocks nobody"
    with pytest.raises(SystemExit) as done:
        app(["case", "approve", case.id, "--note", "checked", "--by", "john", "--workspace", str(space.root)])
    assert done.value.code == 0
    standing = read_standing(standing_file(space))
    blocked = {handle("account", r["account"]) for r in standing.rows.to_pylist() if r["decided"] == "block"}
    assert blocked == {member.handle for member in case.members}
    assert (standing.made, standing.serial) == (before.made, before.serial + 2)
    desk.reopen(case.id, by="mary", why="appeal", contested=True)
    assert not any(publish_standing(space, SMALL).rows.column("decided").is_valid().to_pylist())


def test_a_handle_leads_to_its_row_and_so_does_the_number_of_an_appeal(copy: tuple[Workspace, Scanned]) -> None:
    space, _ = copy
    row = space.store.read("standing").to_pylist()[0]
    for name in (handle("account", row["account"]), f"S-{row['ticket'] & 0xFFFF_FFFF_FFFF_FFFF:016x}"):
        assert standing_of(space, name)[0] == row
    with pytest.raises(FormatError, match="has no standing"):
        standing_of(space, "S-0000000000000000")


def test_a_replay_says_who_would_have_been_touched(copy: tuple[Workspace, Scanned]) -> None:
    space, told = copy
    found = replay_policy(space, read_policy())
    assert found.total.requests == told.view.run.exchanges - told.view.run.unattributed
    assert sum(one.requests for one in found.products) == found.total.requests
    assert sum(one.accounts for one in found.lookalikes) == found.total.touched_accounts == len(found.accounts)
    named = {row["account"] for row in read_standing(standing_file(space)).rows.to_pylist()}
    assert {one.account for one in found.accounts} <= {handle("account", account) for account in named}
    assert any(d.decision == Decision.REVIEW for d in told.view.for_review)
