"""Impossible knobs, folders and presets are refused with the reason."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core.errors import Error
from stillwatch.range.pack import read_pack
from stillwatch.range.presets import PRESETS, preset, run_preset
from stillwatch.range.splits import Fold
from stillwatch.range.studies import accounts, smoke
from stillwatch.range.studies.dials import dialled
from stillwatch.range.studies.hidden import hidden_pack
from stillwatch.range.studies.mimic import mimic
from stillwatch.range.studies.order import Order, Size

Orders = Callable[..., Order]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seed": -1}, "seed: got -1, expected a whole number from 0 to 999,999"),
        ({"size": Size(accounts=10, exchanges=9000, worlds=1)}, "accounts: got 10, expected 300 to 2,000,000"),
        ({"size": Size(accounts=600, exchanges=700, worlds=1)}, "exchanges: got 700, expected at least 12"),
        ({"size": Size(accounts=600, exchanges=9000, worlds=0)}, "worlds: got 0, expected 1 to 10,000"),
    ],
)
def test_impossible_sizes_are_refused(order: Orders, changes: dict[str, object], told: str) -> None:
    with pytest.raises(Error, match=told):
        order(**changes)


@pytest.mark.parametrize(
    ("knobs", "told"),
    [
        ({"kind": "nobody"}, "campaign: got 'nobody'"),
        ({"accounts": 2}, "accounts: got 2, expected at least 5"),
        ({"each": 0}, "requests per account: got 0"),
        ({"dilution": 1.0}, "at 1 there is no campaign left"),
        ({"accounts": 10_000, "each": 2000}, "at most 10,000,000"),
    ],
)
def test_impossible_dials_are_refused(knobs: dict[str, object], told: str) -> None:
    with pytest.raises(Error, match=told):
        dialled(**{"kind": "grading", "accounts": 100, "each": 5, **knobs})  # type: ignore[arg-type]


def test_a_copy_of_customers_needs_a_share_from_none_to_all() -> None:
    with pytest.raises(Error, match=r"share: got 1\.5, expected 0 to 1"):
        mimic(accounts=100, each=10, share=1.5)
    with pytest.raises(Error, match="expected at least 20 and 4"):
        mimic(accounts=3, each=10, share=0.5)


def test_worlds_for_developing_and_for_testing_share_no_seed(order: Orders) -> None:
    size = Size(accounts=600, exchanges=9000, worlds=5)
    test, develop = (order(size=size, fold=fold).seeds for fold in (Fold.TEST, Fold.DEVELOP))
    assert test == (3, 4, 5, 6, 7)
    assert not set(test) & set(develop)


def test_every_preset_says_what_it_runs_and_what_it_costs() -> None:
    wanted = {"smoke", "windows", "accounts", "actors", "heads", "campaigns", "lookalikes", "evasion", "null"}
    wanted |= {"surface", "ablation"}
    assert wanted | {"leave-one-campaign-out", "leave-one-lookalike-out"} == set(PRESETS)
    for name, one in PRESETS.items():
        assert one.name == name
        assert one.question.endswith("?")
        assert one.runs
        assert one.cost
        assert one.missing == ()


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(Error, match="preset: got 'smok', expected one of smoke, windows"):
        preset("smok")


def test_a_preset_without_its_engine_is_refused_and_not_faked(order: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    one = PRESETS["smoke"]
    lame = type(one)(
        name="smoke",
        question=one.question,
        runs=one.runs,
        cost=one.cost,
        size=one.size,
        study="smoke",
        needs=("stillwatch.range.nowhere",),
    )
    monkeypatch.setitem(PRESETS, "smoke", lame)
    with pytest.raises(Error, match=r"cannot be run in this build, which has no stillwatch\.range\.nowhere"):
        run_preset(order())


def test_a_preset_that_reads_data_says_so(order: Orders, tmp_path: Path) -> None:
    with pytest.raises(Error, match="--data DIR"):
        run_preset(order(preset="windows"))
    with pytest.raises(Error, match=r"--data: .*nowhere: no such folder"):
        run_preset(order(preset="windows", data=tmp_path / "nowhere"))


def test_unmimic_is_refused_where_it_is_not_run_or_not_there(order: Orders, tmp_path: Path) -> None:
    with pytest.raises(Error, match="--unmimic-python: the preset smoke does not run unmimic; expected with accounts"):
        run_preset(order(unmimic_python=tmp_path / "python"))
    with pytest.raises(Error, match="environment could not be used"):
        run_preset(order(preset="accounts", unmimic_python=tmp_path / "python"))


def test_the_interpreter_that_was_named_reaches_unmimic(
    order: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path | None] = []

    def stop(*, unmimic_python: Path | None) -> None:
        asked.append(unmimic_python)
        raise Error("far enough")

    monkeypatch.setattr("stillwatch.range.peers.actor_roster.account_peers", stop)
    with pytest.raises(Error, match="far enough"):
        accounts.study(order(preset="accounts", unmimic_python=tmp_path / "python"))
    assert asked == [tmp_path / "python"]


def test_a_folder_in_which_another_run_writes_is_left_alone(order: Orders) -> None:
    asked = order()
    with (asked.out / ".lock").open("w") as lock:
        lock.write("4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Error, match="process 4711 is running a study here"):
            run_preset(asked)


def test_hidden_prompts_are_read_from_text_json_lines_and_parquet(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join(f"first {k}" for k in range(100)) + "\n\nfirst 0\n")
    (tmp_path / "b.jsonl").write_text("\n".join(json.dumps({"prompt": f"second {k}"}) for k in range(100)))
    pq.write_table(pa.table({"text": [f"third {k} " * 40 for k in range(20)]}), tmp_path / "c.parquet")
    pack = hidden_pack(tmp_path, read_pack())
    assert len(pack.hidden) == 220
    assert pack.texts("mmlu", "gsm8k_train", longest=50) == [
        *(f"first {k}" for k in range(100)),
        *(f"second {k}" for k in range(100)),
    ]
    assert pack.names().all == read_pack().names().all


def test_too_few_hidden_prompts_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    with pytest.raises(Error, match=r"got 2 distinct prompts .* expected at least 200"):
        hidden_pack(tmp_path, read_pack())
    with pytest.raises(Error, match="no such folder"):
        hidden_pack(tmp_path / "nowhere", read_pack())
    (tmp_path / "b.jsonl").write_text("{}\nnot json\n")
    with pytest.raises(Error, match=r"b\.jsonl:2: not JSON"):
        hidden_pack(tmp_path, read_pack())


@pytest.mark.slow
def test_the_smoke_study_runs_from_end_to_end(order: Orders) -> None:
    told: list[tuple[str, int, int]] = []
    asked = order(tell=lambda *step: told.append(step))
    result = smoke.study(asked)
    assert told == [("worlds", k, 4) for k in range(5)]
    assert [row[0] for row in result.sections[0].figures[0].rows] == ["scaffold", "reasoning", "grading"]  # type: ignore[union-attr]
    assert result.provenance.seeds == (3,)
    assert len(result.provenance.worlds) == 4
    assert result.provenance.cpu_seconds > 0
    again = smoke.study(asked)
    assert again == result
