"""Old texts and old exchanges go, small parts are joined, holds override both, and a kill at any point loses nothing."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.core import Settings, handle, settings_from
from stillwatch.core.errors import Error, WorkspaceError
from stillwatch.engine import Store, Workspace, join_small, joinable
from stillwatch.pipeline import Scanned, checkup, tidy, tidy_due, tidying
from stillwatch.pipeline.stage import TEXT_COLUMNS

from .logs import NOW, SECRET, Day, hashes, image, run

LATER = NOW + dt.timedelta(days=40)
TEXT = settings_from({"keep": {"text_days": 30}})
WHOLE = settings_from({"keep": {"text_days": 7, "days": 30}})
DATED = ("exchanges", "features")


@pytest.fixture
def space(scanned: tuple[Workspace, Scanned], tmp_path: Path) -> Workspace:
    """A scanned workspace that a test may tidy."""
    return Workspace(image(scanned[0].root, tmp_path / "w"))


def rows(space: Workspace, name: str = "exchanges") -> pa.Table:
    space.store.reload()
    return space.store.read(name).sort_by("exchange_id")


def held_in(root: Path, word: str) -> list[str]:
    """Parts of exchanges in whose rows a word stands."""
    store = Store(root)
    return [
        path.name
        for path in store.files("exchanges")
        if any(word in str(row) for row in store.read("exchanges", list(TEXT_COLUMNS)).to_pylist())
    ]


def test_texts_that_are_too_old_are_blanked_and_their_numbers_stay(space: Workspace) -> None:
    before = rows(space)
    assert held_in(space.root, SECRET)
    told = tidy(space, TEXT, by="timer", now=LATER)
    after = rows(space)
    assert told.blanked == sum(any(row[name] is not None for name in TEXT_COLUMNS) for row in before.to_pylist())
    assert all(after[name].null_count == after.num_rows for name in TEXT_COLUMNS)
    numbers = [name for name in before.column_names if name not in TEXT_COLUMNS]
    assert after.select(numbers).equals(before.select(numbers))
    assert held_in(space.root, SECRET) == []
    assert SECRET.encode() not in b"".join(p.read_bytes() for p in (space.root / "tables" / "exchanges").rglob("*.*"))


def test_nothing_is_taken_before_its_day_has_passed(space: Workspace) -> None:
    before = hashes(space.root, "tables/exchanges", "tables/features", "vault")
    days = {part.path[:10] for part in space.store.manifest("exchanges").parts}
    first = dt.datetime.fromisoformat(min(days)).replace(tzinfo=dt.UTC)
    assert tidy_due(space.store, TEXT, first + dt.timedelta(days=30, hours=23)).text == 0
    assert tidy_due(space.store, TEXT, first + dt.timedelta(days=31)).text > 0
    assert tidy(space, Settings(), by="timer", now=first + dt.timedelta(days=9999)).blanked == 0
    assert hashes(space.root, "vault") == {k: v for k, v in before.items() if k.startswith("vault")}


def test_exchanges_that_are_too_old_go_with_their_features_and_the_names_behind_them(space: Workspace) -> None:
    named = list((space.root / "vault").glob("*.parquet"))
    count = rows(space).num_rows
    told = tidy(space, WHOLE, by="timer", now=LATER)
    assert (told.dropped, rows(space).num_rows, rows(space, "features").num_rows) == (count, 0, 0)
    assert named
    assert list((space.root / "vault").glob("*.parquet")) == []


def test_logs_that_expired_are_not_read_again(space: Workspace, day: Day) -> None:
    tidy(space, WHOLE, by="timer", now=LATER)
    with pytest.raises(Error, match="no exchange could be read"):
        run(space, day.inputs())
    assert rows(space).num_rows == 0


def test_joined_parts_hold_the_same_rows_and_the_scan_gives_the_same_findings(space: Workspace, day: Day) -> None:
    before = {name: rows(space, name) for name in DATED}
    parts = len(space.store.manifest("exchanges").parts)
    told = tidy(space, Settings(), by="timer", now=NOW)
    assert told.joined > 0
    assert len(space.store.manifest("exchanges").parts) < parts
    assert all(rows(space, name).equals(before[name]) for name in DATED)
    kept = hashes(space.root, "tables/actors", "tables/actor_evidence", "tables/account_evidence")
    assert run(space, day.inputs()).read.fresh == 0
    assert hashes(space.root, "tables/actors", "tables/actor_evidence", "tables/account_evidence") == kept


def test_a_piece_of_input_can_be_taken_out_of_a_joined_part(space: Workspace) -> None:
    store = space.store
    gone = store.manifest("exchanges").parts[0].made_from
    stays = sum(part.rows for part in store.manifest("exchanges").parts if part.made_from != gone)
    join_small(store, "exchanges")
    assert any(part.pieces for part in store.manifest("exchanges").parts)
    store.forget("exchanges", {gone})
    again = Store(space.root)
    assert again.read("exchanges").num_rows == again.manifest("exchanges").rows == stays
    assert all(gone != name for part in again.manifest("exchanges").parts for name, _ in part.origins)


def test_what_is_on_hold_stays_and_goes_when_the_hold_ends(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    account = rows(space)["account"][0].as_py()
    mine = rows(space).filter(pc.equal(rows(space)["account"], account))
    monkeypatch.setattr(tidying, "_held", lambda space: frozenset({account}))
    told = tidy(space, WHOLE, by="timer", now=LATER)
    assert told.held == 1
    assert rows(space).equals(mine)
    assert set(rows(space, "features")["account"].to_pylist()) == {account}
    names = pa.concat_tables([pq.read_table(p) for p in (space.root / "vault").glob("*.parquet")])
    assert {(r["kind"], r["pseudonym"]) for r in names.to_pylist()} >= {("account", account)}
    before = hashes(space.root, "tables/exchanges")
    assert tidy(space, WHOLE, by="timer", now=LATER).dropped == 0
    assert hashes(space.root, "tables/exchanges") == before
    monkeypatch.setattr(tidying, "_held", lambda space: frozenset())
    assert tidy(space, WHOLE, by="timer", now=LATER).dropped == mine.num_rows


def test_holds_are_read_out_of_the_journal(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    members = space.store.read("actor_members").to_pylist()
    assert members
    actor, account = handle("actor", members[0]["actor"]), members[0]["account"]
    (space.root / "desk").mkdir(exist_ok=True)
    (space.root / "desk" / "journal.head").touch()
    monkeypatch.setattr(tidying, "Desk", lambda space: _NoCases())
    monkeypatch.setattr(tidying, "holds", lambda desk: {actor: "why", "person:mary": "why"})
    assert account in tidying._held(space)


class _NoCases:
    def cases(self) -> dict[str, object]:
        return {}


class Killed(BaseException):
    """An end from outside."""


def test_a_kill_at_any_point_is_finished_by_the_next_call(
    scanned: tuple[Workspace, Scanned], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tries: Callable[..., int]
) -> None:
    undisturbed = Workspace(image(scanned[0].root, tmp_path / "whole"))
    tidy(undisturbed, TEXT, by="timer", now=LATER)
    expected = hashes(undisturbed.root, "tables/exchanges", "tables/features", "vault")
    replaced = Path.replace
    for after in range(0, 60, tries(4, whole=1)):
        space = Workspace(image(scanned[0].root, tmp_path / f"cut-{after}"))
        left = iter(range(after))

        def dies(self: Path, target: Path, left: Iterator[int] = left) -> Path:
            if next(left, None) is None:
                raise Killed
            return replaced(self, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", dies)
            try:
                tidy(space, TEXT, by="timer", now=LATER)
            except Killed:
                pass
            else:
                break
        store = Store(space.root)
        assert store.read("exchanges").num_rows == store.manifest("exchanges").rows
        tidy(Workspace(space.root), TEXT, by="timer", now=LATER)
        assert hashes(space.root, "tables/exchanges", "tables/features", "vault") == expected, f"cut at {after}"
    assert after > 5


def test_text_cannot_outlive_its_exchange(space: Workspace) -> None:
    wrong = settings_from({"keep": {"text_days": 40, "days": 30}})
    with pytest.raises(WorkspaceError, match=r"keep.text_days is 40 and keep.days is 30"):
        tidy(space, wrong, by="timer", now=LATER)


def test_the_doctor_says_when_something_is_due(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (space.root / "stillwatch.toml").write_text("[keep]\ntext_days = 30\n")
    monkeypatch.setattr(sys.modules["stillwatch.pipeline.checkup"], "machine_checks", lambda: ())

    def told(now: dt.datetime) -> str:
        return next(one.seen for one in checkup(space.root, now=now) if one.what == "keeping")

    assert "nothing is due" in told(NOW)
    assert "parts hold texts that are too old" in told(LATER)
    tidy(space, TEXT, by="timer", now=LATER)
    assert "nothing is due" in told(LATER)
    assert joinable(space.store, "exchanges") == []
