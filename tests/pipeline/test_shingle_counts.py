"""Shingles are counted once a part; findings are those of counting all of them, however the logs were split into rounds."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from stillwatch.actors import BUCKETS, count_prompts
from stillwatch.core import Settings, settings_from
from stillwatch.engine import Engine, Relation, Workspace, table
from stillwatch.pipeline import Scanned, shingle_counts
from stillwatch.pipeline.shingle_counts import SHINGLE_COUNTS

from .logs import SMALL, START, Rows, run, traffic, workspace, write_captures

FOUND = ("families", "links", "topics", "account_evidence", "calibration", "artifacts")
"""What does not hang on when an actor was seen first."""
ROUNDS = 4
FEW = 7
"""Accounts of a second template, hardly more than a template needs: a count that is a little too low loses it."""


def few() -> Rows:
    """A few accounts that fill another template three times each."""
    rows = traffic(customers=FEW, workers=0, each=3, seed=8)
    told = "Compare both drafts of this advertisement line by line and say for each of them which one sells better and why: "
    return [
        {
            **row,
            "at": START + dt.timedelta(hours=1 + i),
            "account": f"few-{i % FEW}@customer.example",
            "prompt": told + row["prompt"],
            "request": f"few-{i}",
        }
        for i, row in enumerate(rows)
    ]


ROWS = [*traffic(customers=40, workers=16, each=12), *few()]


class Counted:
    """How many rows were counted at each call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: list[int] = []

        def spied(engine: Engine, features: Relation) -> npt.NDArray[np.uint32]:
            self.rows.append(engine.to_arrow(features).num_rows)
            return count_prompts(engine, features)

        monkeypatch.setattr(shingle_counts, "count_prompts", spied)


def split(folder: Path, seed: int) -> list[Path]:
    """The day in files that are read one a round, each row in any of them: most rows of a round are later than some of the next."""
    place = np.random.default_rng(seed).integers(0, ROUNDS, len(ROWS))
    return [
        write_captures(folder / f"{one}.jsonl", [row for row, at in zip(ROWS, place, strict=True) if at == one])
        for one in range(ROUNDS)
    ]


def kept(space: Workspace) -> Path:
    return space.root / "state" / SHINGLE_COUNTS


def counts(space: Workspace) -> npt.NDArray[np.uint8]:
    told = kept(space).read_bytes().split(b"\n", 1)[1]
    return np.frombuffer(pa.Codec("zstd").decompress(told, BUCKETS, asbytes=True), np.uint8)


def anew(space: Workspace) -> None:
    """Forget all that a detection carries."""
    kept(space).unlink(missing_ok=True)
    shutil.rmtree(space.root / "state" / "measured", ignore_errors=True)


def once_more(space: Workspace, logs: Path, settings: Settings = SMALL) -> Scanned:
    """Detect over what is there."""
    (space.root / "state" / "underway").write_bytes(b"x")
    return run(space, [logs], settings)


def found(space: Workspace, *names: str) -> dict[str, list[dict[str, Any]]]:
    space.store.reload()
    return {
        name: space.store.read(name).sort_by([(key, "ascending") for key in table(name).key]).to_pylist()
        for name in names
    }


def candidates(space: Workspace) -> list[tuple[Any, ...]]:
    """Every candidate by its templates and ties, with its e-value and what each test says of its founders.

    Its name and its decision are left out: they hang on the first look of the day, which stands, and so on when it was taken.
    """
    space.store.reload()
    tests: dict[int, list[str]] = {}
    for row in _rows(space, "actor_evidence"):
        if row["test"] != "combined":
            tests.setdefault(row.pop("actor"), []).append(repr(row))
    return sorted(
        (row["found_by"], sorted(row["families"]), row["e_value"], sorted(tests[row["actor"]]))
        for row in _rows(space, "actors")
    )


def _rows(space: Workspace, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = space.store.read(name).to_pylist()
    return rows


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rounds_in_any_split_find_what_one_scan_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Late rows and a piece of the logs that is worked off once more included."""
    rounds, fresh, whole = (workspace(tmp_path / name) for name in ("rounds", "fresh", "whole"))
    files, logs = split(tmp_path / "all", seed), tmp_path / "logs"
    logs.mkdir()
    counted = Counted(monkeypatch)
    for number, path in enumerate(files):
        shutil.copy(path, logs)
        if number == ROUNDS - 1:
            for space in (rounds, fresh):
                features = space.store.manifest("features")
                space.store.forget("features", {features.parts[1].made_from})
        counted.rows.clear()
        run(rounds, [logs])
        new = list(counted.rows)
        anew(fresh)
        run(fresh, [logs])
        everything = rounds.store.manifest("features").rows
        assert found(rounds, *FOUND, "actors", "actor_members") == found(fresh, *FOUND, "actors", "actor_members")
        assert new == [everything if number == ROUNDS - 1 else len(path.read_text().splitlines())]
    run(whole, [logs])
    assert len(candidates(whole)) > 0
    assert min(row["accounts"] for row in found(whole, "families")["families"]) <= FEW
    assert candidates(rounds) == candidates(whole)
    assert found(rounds, *FOUND) == found(whole, *FOUND)


def test_a_part_that_is_gone_is_in_the_counts_no_more(tmp_path: Path) -> None:
    space, alone = workspace(tmp_path / "w"), workspace(tmp_path / "alone")
    files = split(tmp_path / "logs", 1)
    run(space, [tmp_path / "logs"])
    space.store.forget("features", {space.store.manifest("features").parts[0].made_from})
    files[0].unlink()
    once_more(space, tmp_path / "logs")
    left = found(space, "features")["features"]
    run(alone, [path for path in files[1:] if path.exists()])
    same = {row["exchange_id"] for row in left} == {row["exchange_id"] for row in found(alone, "features")["features"]}
    assert same
    np.testing.assert_array_equal(counts(space), counts(alone))


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:-3],
        lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
        lambda data: data.replace(b'"parts": ["', b'"parts": ["x', 1),
        lambda data: b"{" + data,
        lambda data: b"",
        lambda data: data.split(b"\n")[0],
    ],
    ids=["cut", "a bit", "other parts", "no header", "empty", "no counts"],
)
def test_a_damaged_file_is_told_and_made_anew_and_changes_no_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Any
) -> None:
    space = workspace(tmp_path / "w")
    write_captures(tmp_path / "logs" / "a.jsonl", ROWS)
    assert not any("shingle" in note for note in run(space, [tmp_path / "logs"]).notes)
    before, whole = found(space, *FOUND), kept(space).read_bytes()
    kept(space).write_bytes(harm(whole))
    counted = Counted(monkeypatch)
    (note,) = [note for note in once_more(space, tmp_path / "logs").notes if "shingle" in note]
    assert note.startswith("warning: ")
    assert str(kept(space)) in note
    assert counted.rows == [len(ROWS)]
    assert kept(space).read_bytes() == whole
    assert found(space, *FOUND) == before
    counted.rows.clear()
    assert not any("shingle" in note for note in once_more(space, tmp_path / "logs").notes)
    assert counted.rows == [], "nothing is new"


@pytest.mark.parametrize("other", [{"version": "0.0.1"}, {"form": 2}, {"form": 99, "digest": "?"}])
def test_what_another_version_counted_is_counted_anew_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    """An upgrade and the way back of it alike."""
    space = workspace(tmp_path / "w")
    write_captures(tmp_path / "logs" / "a.jsonl", ROWS)
    run(space, [tmp_path / "logs"])
    whole = kept(space).read_bytes()
    header, _, body = whole.partition(b"\n")
    kept(space).write_bytes(json.dumps({**json.loads(header), **other}).encode() + b"\n" + body[::-1])
    counted = Counted(monkeypatch)
    assert not any("shingle" in note for note in once_more(space, tmp_path / "logs").notes)
    assert counted.rows == [len(ROWS)]
    assert kept(space).read_bytes() == whole


def test_a_full_bucket_stays_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = workspace(tmp_path / "w")
    split(tmp_path / "all", 1)
    (tmp_path / "logs").mkdir()
    monkeypatch.setattr(shingle_counts, "count_prompts", lambda engine, features: np.full(BUCKETS, 130, np.uint32))
    for number, expected in enumerate((130, 255, 255)):
        shutil.copy(tmp_path / "all" / f"{number}.jsonl", tmp_path / "logs")
        run(space, [tmp_path / "logs"])
        assert set(counts(space).tolist()) == {expected}


def test_nothing_is_kept_where_more_senders_are_asked_for_than_a_byte_can_count(tmp_path: Path) -> None:
    asks = settings_from({"actors": {"family_support": 256}, "run": {"workers": 1, "memory_mb": 400}})
    space = workspace(tmp_path / "w")
    run(space, [write_captures(tmp_path / "a.jsonl", ROWS[:30])], asks)
    assert not kept(space).exists()


def test_only_the_days_that_are_looked_at_are_counted(tmp_path: Path) -> None:
    """The logs begin in the evening: most of them are of the second day."""
    one_day = settings_from(
        {
            "actors": {"family_support": 5, "least_members": 5, "hub_share": 0.9, "window_days": 1},
            "run": {"workers": 1, "memory_mb": 400},
        }
    )
    space, alone = workspace(tmp_path / "w"), workspace(tmp_path / "alone")
    last = max(row["at"].date() for row in ROWS)
    late: Rows = [row for row in ROWS if row["at"].date() == last]
    assert 0 < len(late) < len(ROWS)
    run(space, [write_captures(tmp_path / "all.jsonl", ROWS)], one_day)
    run(alone, [write_captures(tmp_path / "late.jsonl", late)], one_day)
    np.testing.assert_array_equal(counts(space), counts(alone))
    assert found(space, "families") == found(alone, "families")


def test_counts_are_those_of_the_discovery_slice_by_leading_bits(tmp_path: Path) -> None:
    space = workspace(tmp_path / "w")
    run(space, [write_captures(tmp_path / "a.jsonl", ROWS)])
    expected = np.zeros(BUCKETS, np.int64)
    for row in found(space, "features")["features"]:
        if row["slice"] == 0 and row["account"] is not None:
            for one in row["anchors"] or ():
                expected[(one % (1 << 64)) >> 40] += 1
    np.testing.assert_array_equal(counts(space), np.minimum(expected, 255))
    assert expected.max() > 20


def test_it_takes_the_same_room_whatever_came(tmp_path: Path) -> None:
    space = workspace(tmp_path / "w")
    run(space, [write_captures(tmp_path / "a.jsonl", ROWS)])
    assert kept(space).stat().st_size < 64 << 10, "few shingles pack well"
    assert len(pa.Codec("zstd", 1).compress(np.random.default_rng(1).bytes(BUCKETS))) < (16 << 20) + 4096
    assert kept(space).stat().st_mode & 0o777 == 0o600
