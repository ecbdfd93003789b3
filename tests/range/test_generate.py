"""A large world is the same whoever writes it, goes on where it was interrupted, and looks like no world until it is one."""

from __future__ import annotations

import csv
import errno
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.core import Pseudonymiser
from stillwatch.core.errors import DiskFull, Error
from stillwatch.ingest import ReadOptions, plan, read_accounts, read_chunk
from stillwatch.range import generate
from stillwatch.range.generate import WorldPaths, bytes_needed, write_world
from stillwatch.range.parts import builder_of
from stillwatch.range.recipe import Part, Recipe
from stillwatch.range.shards import Job, Written, write_shards
from stillwatch.range.truth import read_truth

PARTS = (
    Part(role="actor", name="harvest", scale=0.1),
    Part(role="lookalike", name="classroom", scale=0.1),
    Part(role="lookalike", name="casual", scale=0.1),
    Part(role="lookalike", name="casual", instance=1, scale=0.1),
)
RECIPE = Recipe(seed=4, accounts=900, exchanges=30_000, days=10, parts=PARTS, history=True, block=300)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> WorldPaths:
    """A world of three blocks with its history, two lookalikes and an actor."""
    return write_world(tmp_path_factory.mktemp("world") / "w", RECIPE, workers=1)


@pytest.fixture(scope="module")
def rows(world: WorldPaths) -> pa.Table:
    """Its exchanges."""
    return pq.read_table(world.logs)


def test_ordinary_customers_are_exactly_as_many_as_asked_for_and_parts_come_on_top(
    world: WorldPaths, rows: pa.Table
) -> None:
    truth = read_truth(world.truth)
    benign = {account for account, role in truth.role.items() if role == "benign"}
    assert len(benign) == RECIPE.accounts
    theirs = pc.is_in(rows["account"], value_set=pa.array(sorted(benign)))
    assert pc.sum(theirs).as_py() == RECIPE.exchanges
    assert rows.num_rows == world.exchanges > RECIPE.exchanges
    assert len(truth.role) == world.accounts
    assert len(truth.groups("actor")["harvest"]) == 80
    assert len(set(rows["request_id"].to_pylist())) == rows.num_rows


def test_every_account_of_the_logs_has_facts_and_a_truth(world: WorldPaths, rows: pa.Table) -> None:
    known = pq.read_table(world.accounts_file)
    truth = read_truth(world.truth)
    assert set(known["account"].to_pylist()) == set(truth.role)
    assert set(rows["account"].to_pylist()) <= set(truth.role)
    orgs = dict(zip(known["account"].to_pylist(), known["org"].to_pylist(), strict=True))
    seen = set(zip(rows["account"].to_pylist(), rows["org"].to_pylist(), strict=True))
    assert all(orgs[account] == org for account, org in seen)


def test_names_do_not_tell_what_an_account_is(world: WorldPaths) -> None:
    truth = read_truth(world.truth)
    assert {len(name) for name in truth.role} == {21}
    assert all(name.startswith("acct_") for name in truth.role)
    facts = pq.read_table(world.accounts_file)
    by_role: dict[str, set[int]] = {}
    for name, org in zip(facts["account"].to_pylist(), facts["org"].to_pylist(), strict=True):
        by_role.setdefault(truth.role[name], set()).add(len(org))
    assert by_role["actor"] == by_role["benign"] == {14}


def test_the_truth_lies_apart_from_all_that_is_read(world: WorldPaths) -> None:
    assert world.truth not in world.logs.parents
    assert not list(world.logs.glob("*truth*"))
    for path in (world.logs, world.accounts_file.parent):
        for file in path.rglob("*.parquet"):
            names = set(pq.read_schema(file).names)
            assert not names & {"role", "group", "purpose"}
    found = pa.concat_tables([pq.read_table(path) for path in sorted(world.truth.glob("exchanges-*.parquet"))])
    assert found.num_rows == 320
    assert set(found["role"].to_pylist()) == {"actor"}
    assert set(found["purpose"].to_pylist()) == {"harvest"}


def test_the_truth_can_be_sealed_elsewhere(tmp_path: Path) -> None:
    small = Recipe(seed=1, accounts=100, exchanges=600, days=3)
    made = write_world(tmp_path / "w", small, truth=tmp_path / "sealed", workers=1)
    assert made.truth == tmp_path / "sealed"
    assert not (tmp_path / "w" / "truth").exists()
    assert len(read_truth(made.truth).role) == 100
    with pytest.raises(Error, match="sealed: is there already, and the truth of a world goes into a folder of its own"):
        write_world(tmp_path / "other", small, truth=tmp_path / "sealed", workers=1)
    assert not (tmp_path / "other").exists()


def test_an_interrupted_world_goes_on_and_is_the_same(
    world: WorldPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "w"
    calls: list[int] = []

    def stops(job: Job) -> list[Written]:
        calls.append(job.block)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write_shards(job)

    monkeypatch.setattr(generate, "write_shards", stops)
    with pytest.raises(KeyboardInterrupt):
        write_world(out, RECIPE, workers=1)
    assert not (out / "logs").exists()
    assert not (out / "world.json").exists()
    done = sorted((out / ".unfinished" / "done").iterdir())
    assert len(done) == 1
    (out / ".unfinished" / "logs" / "part-00001.half-1").write_bytes(b"torn")
    with pytest.raises(Error, match="another recipe"):
        write_world(out, Recipe(seed=5, accounts=900, exchanges=30_000, days=10), workers=1)
    resumed = write_world(out, RECIPE, workers=1)
    assert calls == [0, 1, 1, 2]
    assert resumed.hash == world.hash
    assert not (out / ".unfinished").exists()
    assert sorted(path.name for path in resumed.logs.iterdir()) == sorted(path.name for path in world.logs.iterdir())


def test_a_whole_world_is_left_as_it_is_and_another_is_refused(world: WorldPaths) -> None:
    out = world.logs.parent
    before = {path: path.stat().st_mtime_ns for path in world.logs.iterdir()}
    assert write_world(out, RECIPE, workers=1) == world
    assert {path: path.stat().st_mtime_ns for path in world.logs.iterdir()} == before
    with pytest.raises(Error, match="another world"):
        write_world(out, Recipe(seed=9, accounts=900, exchanges=30_000), workers=1)


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with pytest.raises(Error, match="something else"):
        write_world(tmp_path, Recipe(seed=1, accounts=100, exchanges=600, days=3), workers=1)
    (tmp_path / "file").write_text("x")
    with pytest.raises(Error, match="is a file"):
        write_world(tmp_path / "file", Recipe(seed=1, accounts=100, exchanges=600, days=3), workers=1)


def test_a_world_that_would_not_fit_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=1 << 40, used=0, free=3 << 30))
    monkeypatch.setattr(generate, "_run", lambda *_: pytest.fail("it was begun"))
    with pytest.raises(DiskFull, match=r"takes about 26\.\d GB more and 3\.2 GB are free"):
        write_world(tmp_path / "w", Recipe(seed=1, accounts=1_000_000, exchanges=100_000_000), workers=1)
    assert not (tmp_path / "w").exists()


def test_the_estimate_of_the_disk_is_not_too_low(world: WorldPaths) -> None:
    assert sum(path.stat().st_size for path in world.logs.parent.rglob("*") if path.is_file()) < bytes_needed(RECIPE)


def test_impossible_sizes_are_refused_all_at_once() -> None:
    with pytest.raises(Error, match=r"(?s)seed: got -1.*accounts: got 5.*days: got 0"):
        Recipe(seed=-1, accounts=5, exchanges=10, days=0)
    with pytest.raises(Error, match="at least two an account"):
        Recipe(seed=1, accounts=1000, exchanges=1500)
    with pytest.raises(Error, match="at most 3000 a day"):
        Recipe(seed=1, accounts=100, exchanges=1_000_000, days=1)
    with pytest.raises(Error, match="twice"):
        Recipe(seed=1, accounts=100, exchanges=1000, parts=(PARTS[0], PARTS[0]))
    with pytest.raises(
        Error, match=r"(?s)block: got 3, expected at least 20.*prompt_bytes: got 0, expected at least 1"
    ):
        Recipe(seed=1, accounts=100, exchanges=1000, block=3, prompt_bytes=0)


@pytest.mark.parametrize(
    ("knobs", "told"),
    [
        ({"instance": -1}, "parts.classroom.instance: got -1"),
        ({"scale": 0.0}, "parts.classroom.scale: got 0.0, expected above 0"),
        ({"scale": float("nan")}, "parts.classroom.scale: got nan"),
        ({"scale": 1.5}, "parts.classroom.scale: got 1.5"),
        ({"most": 0}, "parts.classroom.most: got 0, expected at least one request"),
    ],
)
def test_a_part_with_impossible_knobs_is_refused(knobs: dict[str, Any], told: str) -> None:
    with pytest.raises(Error, match=told):
        Recipe(seed=1, accounts=100, exchanges=1000, parts=(Part(role="lookalike", name="classroom", **knobs),))


def test_a_disk_that_fills_while_writing_is_told_and_the_world_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(seed=1, accounts=100, exchanges=600, days=3)

    def full(*_: object) -> Iterator[list[object]]:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(generate, "_run", full)
        with pytest.raises(
            DiskFull, match="the disk is full after 0 exchanges; free some room and write it again to go on"
        ):
            write_world(tmp_path / "w", recipe, workers=1)
    assert not (tmp_path / "w" / "world.json").exists()
    assert write_world(tmp_path / "w", recipe, workers=1).exchanges >= 600


def test_an_unknown_part_is_named(tmp_path: Path) -> None:
    recipe = Recipe(seed=1, accounts=100, exchanges=600, parts=(Part(role="lookalike", name="nobody"),))
    with pytest.raises(Error, match="no lookalike is called 'nobody'"):
        write_world(tmp_path / "w", recipe, workers=1)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (
            Part(role="actor", name="C3", moves=(("teleport", 1.0),)),
            "C3 cannot evade by 'teleport'; there are splitting",
        ),
        (
            Part(role="actor", name="harvest", moves=(("dilution", 0.5),)),
            "only campaigns of a profile evade, and harvest is none",
        ),
        (Part(role="customer", name="chat"), "got role 'customer', expected lookalike or actor"),
    ],
)
def test_a_part_that_cannot_be_is_refused_with_the_reason(part: Part, told: str) -> None:
    with pytest.raises(Error, match=told):
        builder_of(part)


def test_lookalikes_are_there_every_day_with_the_same_accounts(world: WorldPaths, rows: pa.Table) -> None:
    casual = read_truth(world.truth).groups("lookalike")["casual"]
    theirs = rows.filter(pc.is_in(rows["account"], value_set=pa.array(sorted(casual))))
    days = Counter(at.date() for at in theirs["at"].to_pylist())
    assert len(days) == RECIPE.days
    assert len(casual) == 28


def test_earlier_turns_are_written_out_and_their_number_agrees(rows: pa.Table) -> None:
    found = 0
    for text, turns in zip(rows["messages"].to_pylist()[:6000], rows["turns"].to_pylist()[:6000], strict=True):
        if text is not None:
            told = json.loads(text)
            assert [turn["role"] for turn in told] == ["user", "assistant"] * (len(told) // 2)
            assert turns >= len(told) + 1
            found += 1
    assert found > 1000


def test_the_logs_are_read_by_the_ingest_room_with_nothing_rejected(world: WorldPaths) -> None:
    names = Pseudonymiser(b"k" * 32)
    read = [read_chunk(chunk, names, ReadOptions()) for chunk in plan([world.logs], ReadOptions()).chunks]
    assert sum(one.batch.num_rows for one in read) == world.exchanges
    assert sum(one.rejects.num_rows for one in read) == 0
    facts = read_accounts(world.accounts_file, names)
    assert (facts.table.num_rows, facts.rejects.num_rows) == (world.accounts, 0)
    with world.releases_file.open(encoding="utf-8") as file:
        releases = list(csv.DictReader(file))
    assert [row["model"] for row in releases] == ["atlas-4-mini", "atlas-4", "atlas-4-large", "atlas-5"]


def test_times_rise_within_a_file_and_unknown_is_null(world: WorldPaths, rows: pa.Table) -> None:
    for path in sorted(world.logs.iterdir()):
        times = pq.read_table(path, columns=["at"])["at"].cast(pa.int64()).to_numpy()
        assert (np.diff(times) >= 0).all()
    for name in ("max_tokens", "temperature", "system", "tools", "end_user", "messages"):
        assert 0 < rows[name].null_count < rows.num_rows, name
    for name in ("account", "org", "ip", "asn", "user_agent", "model", "prompt", "output", "request_id"):
        assert rows[name].null_count == 0, name
