"""The window protocol on tiny made-up pairs: finds them, runs every cell, tells what is missing, says the same twice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core.errors import Error, Undecidable
from stillwatch.range.peers.window_peer import Queries, Tail
from stillwatch.range.windows import in_distribution_limit, joined, run_windows
from stillwatch.range.windows.embedders import embedder
from stillwatch.range.windows.pairs import PAIRS, find_pairs, read_texts
from stillwatch.range.windows.protocol import windows_of
from stillwatch.range.windows.published import published, published_mean
from stillwatch.range.windows.results import WindowsResult

GARDEN = "tulip rose spade hedge lawn seed bulb pear apple plum cherry fence gate water soil frost prune mulch"
LEDGER = "invoice credit debit audit ledger asset profit margin budget equity bond yield share broker fund"


def sentences(rng: np.random.Generator, vocabulary: str, count: int) -> list[str]:
    return [" ".join(rng.choice(vocabulary.split(), size=7)) + f" {rng.integers(1 << 40):x}" for _ in range(count)]


def write(path: Path, texts: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"text": texts}), path)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rebuilt pairs of one corpus, one of another, and one pair in the paper's own layout."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(1)
    write(folder / "squad__normal.parquet", sentences(rng, GARDEN, 600))
    write(folder / "squad_wiki__attacker.parquet", sentences(rng, LEDGER, 200))
    write(folder / "model_leeching__attacker.parquet", sentences(rng, GARDEN, 200))
    write(folder / "prompts" / "hate_speech_posts.parquet", sentences(rng, LEDGER, 500))
    write(folder / "meaeq_hate__attacker.parquet", sentences(rng, GARDEN, 200))
    for side, vocabulary in (("normal", GARDEN), ("attacker", LEDGER)):
        path = folder / "ME_BERT_boolq_wiki" / side / "queries.jsonl"
        path.parent.mkdir(parents=True)
        rows = [json.dumps({"query": text}) for text in sentences(rng, vocabulary, 300)]
        path.write_text("\n".join([*rows, "", json.dumps({"other": 1})]) + "\n", encoding="utf-8")
    return folder


def small(data: Path, **given: object) -> WindowsResult:
    settings: dict[str, object] = {"seeds": (1, 20), "sizes": (20,), "windows": 12, "null_draws": 40}
    return run_windows(data, **(settings | given))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def result(data: Path) -> WindowsResult:
    return small(data)


def test_every_pair_at_hand_is_run_and_every_other_is_named(result: WindowsResult) -> None:
    assert [pair.name for pair in result.pairs] == [
        "ME_BERT_boolq_wiki",
        "ME_BERT_squad_wiki",
        "Meaeq_HATESPEECH",
        "model_leeching",
    ]
    assert [pair.rebuilt for pair in result.pairs] == [False, True, True, True]
    assert set(result.missing) == {pair.name for pair in PAIRS} - {pair.name for pair in result.pairs}
    assert result.missing["Meaeq_IMDB"] == "imdb__normal.parquet is not there"
    assert "never rebuilt" in result.missing["ME_BERT_mnli_wiki"]
    assert all(pair.differs for pair in result.pairs if pair.rebuilt)


def test_a_cell_for_each_pair_seed_size_peer_and_tail(result: WindowsResult) -> None:
    tails = {(peer, "upper") for peer in ("mmd", "mmd-matched", "mahalanobis", "spread", "ours-topics")}
    tails |= {(peer, tail) for peer in ("prada", "seat", "cap") for tail in ("two-sided", "upper")}
    assert {(cell.peer, str(cell.tail)) for cell in result.cells} == tails
    assert len(result.cells) == 4 * 2 * len(tails)
    assert list(result.cells[0].tpr) == ["0.02", "0.05", "0.1", "0.25", "0.5", "1"]


def test_other_words_are_found_and_the_same_words_are_not(result: WindowsResult) -> None:
    found = {
        row.name: [c for c in result.cells if c.pair == row.name and c.peer == "mmd-matched"] for row in result.pairs
    }
    assert min(cell.tpr["1"] for cell in found["ME_BERT_squad_wiki"]) == 1.0
    assert np.mean([cell.tpr["1"] for cell in found["model_leeching"]]) < 0.35
    assert np.mean([cell.auc["1"] for cell in found["model_leeching"]]) == pytest.approx(0.5, abs=0.2)


def test_the_same_run_twice_is_equal_and_another_seed_is_not(data: Path) -> None:
    once, again = (small(data, seeds=(7,), sizes=(20,), pairs=["Meaeq_HATESPEECH"]) for _ in range(2))
    assert once == again
    other = small(data, seeds=(8,), sizes=(20,), pairs=["Meaeq_HATESPEECH"])
    assert [cell.auc for cell in other.cells] != [cell.auc for cell in once.cells]


def test_parts_joined_are_the_whole(data: Path, result: WindowsResult) -> None:
    parts = [
        small(data, seeds=(seed,), peers=peers) for seed in (20, 1) for peers in (["cap"], ["seat", "mahalanobis"])
    ]
    whole = small(data, peers=["cap", "mahalanobis", "seat"])
    assert joined(parts) == whole
    assert set(map(str, whole.cells)) < set(map(str, result.cells))
    with pytest.raises(Error, match="two hold the same"):
        joined([parts[0], parts[0]])


def test_a_part_run_with_other_settings_is_not_joined(data: Path, result: WindowsResult) -> None:
    part = small(data, seeds=(3,), null_draws=61, pairs=["Meaeq_HATESPEECH"], peers=["cap"])
    with pytest.raises(Error, match="null_draws"):
        joined([result, part])


def test_means_are_over_pairs_and_doubt_is_over_corpora(result: WindowsResult) -> None:
    one = next(s for s in result.summaries if (s.peer, s.size, s.over) == ("mmd", 20, "all"))
    mine = [cell for cell in result.cells if cell.peer == "mmd" and cell.size == 20]
    assert one.corpora == 3
    assert one.tpr["0.25"].value == pytest.approx(np.mean([cell.tpr["0.25"] for cell in mine]))
    assert one.tpr["0.25"].low <= one.tpr["0.25"].value <= one.tpr["0.25"].high
    assert one.tpr["0.25"].n == 3


def test_shortage_of_queries_is_marked_and_averaged_apart(data: Path) -> None:
    run = small(data, seeds=(1,), sizes=(110, 27), peers=["mahalanobis"])
    short = {cell.pair: (cell.benign_redrawn, cell.null_overlaps) for cell in run.cells if cell.size == 110}
    assert short["ME_BERT_squad_wiki"] == (False, False)
    assert short["Meaeq_HATESPEECH"] == (True, False)
    assert {cell.pair: cell.held_out for cell in run.cells}["ME_BERT_squad_wiki"] == 120
    assert {(s.over, s.size, s.pairs) for s in run.summaries if s.over == "enough"} == {
        ("enough", 27, ("ME_BERT_squad_wiki", "model_leeching"))
    }


def test_a_run_becomes_json_without_infinities(data: Path) -> None:
    run = small(data, seeds=(1,), sizes=(20,), pairs=["Meaeq_HATESPEECH"], peers=["cap"])
    plain = run.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    first = dict(zip(plain["cells"]["columns"], plain["cells"]["rows"][0], strict=True))
    assert first["pair"] == "Meaeq_HATESPEECH"
    assert first["tpr 0.25"] == pytest.approx(run.cells[0].tpr["0.25"], abs=1e-5)
    assert plain["summaries"][0]["seeds"] == [1]
    assert "single corpus" in plain["summaries"][0]["fpr"]["method"]


def test_progress_is_told(data: Path) -> None:
    told: list[str] = []
    small(data, seeds=(1,), sizes=(20,), pairs=["Meaeq_HATESPEECH"], peers=["cap"], progress=told.append)
    assert told == ["hate, seed 1, cap"]


def test_windows_hold_the_share_of_attackers_that_they_say() -> None:
    rows = windows_of(np.random.default_rng(1), benign=50, attacker=30, size=20, shares=(0.0, 0.02, 0.5, 1.0), count=3)
    assert (rows >= 50).sum(axis=1).tolist() == [0] * 3 + [1] * 3 + [10] * 3 + [20] * 3
    assert all(len(set(row)) == 20 for row in rows.tolist())
    assert rows.max() < 80


def test_published_figures_are_those_of_the_paper() -> None:
    names = [pair.name for pair in PAIRS]
    mean = published_mean("mmd", Tail.UPPER, 1500, names)
    assert mean is not None
    assert round(100 * mean.average_tpr, 1) == 90.5
    assert round(100 * mean.balanced_accuracy, 1) == 95.1
    rebuilt = published_mean("mmd", Tail.UPPER, 1500, [pair.name for pair in PAIRS if pair.attacker])
    assert rebuilt is not None
    assert round(rebuilt.tpr["0.05"], 3) == 0.655 or round(rebuilt.tpr["0.05"], 2) == 0.65
    assert published("seat", Tail.UPPER, 1500, names[0]) != published("seat", Tail.TWO_SIDED, 1500, names[0])
    assert published("mmd-matched", Tail.UPPER, 1500, names[0]) is None
    assert published_mean("mmd", Tail.UPPER, 500, names) is None


def test_a_folder_that_cannot_be_used_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(Error, match="no such folder"):
        run_windows(tmp_path / "nowhere")
    with pytest.raises(Error, match="holds none of the pairs; ME_BERT_boolq_random"):
        run_windows(tmp_path)
    with pytest.raises(Error, match="expected among ME_BERT_boolq_random"):
        find_pairs(tmp_path, ("mine",))


def test_a_file_that_cannot_be_used_is_told_by_name(tmp_path: Path) -> None:
    broken = tmp_path / "a.parquet"
    broken.write_bytes(b"PAR1 this is not Parquet")
    with pytest.raises(Error, match=r"a\.parquet: cannot be read as Parquet"):
        read_texts(broken)
    pq.write_table(pa.table({"prompt": ["x"]}), broken)
    with pytest.raises(Error, match="got columns prompt, expected a column text"):
        read_texts(broken)
    pq.write_table(pa.table({"text": ["", None, " "]}), broken)
    with pytest.raises(Error, match="holds no texts"):
        read_texts(broken)
    lines = tmp_path / "b.jsonl"
    lines.write_text('{"query": "x"}\nnot json\n', encoding="utf-8")
    with pytest.raises(Error, match=r"b\.jsonl:2: is not JSON"):
        read_texts(lines)
    lines.write_text('{"query": 5}\n', encoding="utf-8")
    with pytest.raises(Error, match=r"b\.jsonl:1: query: got int"):
        read_texts(lines)


def test_an_embedder_that_is_not_there_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Error, match="expected one of hashed-words"):
        embedder("bge")
    monkeypatch.setitem(__import__("sys").modules, "wordllama", None)
    with pytest.raises(Error, match="needs the package wordllama"):
        embedder("wordllama")


def test_settings_that_cannot_be_used_are_refused(data: Path) -> None:
    for given, told in (
        ({"sizes": ()}, "sizes"),
        ({"sizes": (20, 20)}, "sizes"),
        ({"fractions": (0.0,)}, "fractions"),
        ({"pool_share": 1.0}, "pool_share"),
        ({"windows": 0}, "windows"),
        ({"seeds": ()}, "seeds"),
    ):
        with pytest.raises(ValueError, match=told):
            small(data, **given)


def test_power_is_the_false_positive_rate_when_attackers_ask_what_others_ask() -> None:
    rng = np.random.default_rng(31)
    rows = rng.normal(size=(1000, 6)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    texts = sentences(rng, GARDEN, 1000)
    found = in_distribution_limit(
        Queries(vectors=rows, texts=texts), name="made-up", splits=6, sizes=(25,), windows=20, null_draws=60
    )
    declared = {"mmd", "mmd-matched", "mahalanobis", "ours-topics", "prada", "seat", "cap", "spread"}
    assert {row.peer for row in found.rows} == declared
    for row in found.rows:
        assert row.splits == 6
        assert abs(row.excess.value) <= 0.1, row.peer
        assert abs(row.power["0.25"].value - row.fpr.value) <= 0.1, row.peer
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_the_limit_wants_enough_queries() -> None:
    with pytest.raises(Undecidable, match="n = 40"):
        in_distribution_limit(Queries(vectors=np.eye(40, dtype=np.float32)), name="few", sizes=(100,))
