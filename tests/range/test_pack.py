"""The prompt pack is small, its licences are listed, and what must not ship does not."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stillwatch.range.names import Names

REPOSITORY = Path(__file__).resolve().parents[2]
PACK = REPOSITORY / "prompts"
SOURCES = {
    cells[0]: cells
    for line in (PACK / "SOURCES.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| source")
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}


def test_the_pack_is_under_its_size() -> None:
    assert sum(path.stat().st_size for path in PACK.glob("*.parquet")) < 12_000_000


def test_every_file_has_its_source_with_origin_licence_and_count() -> None:
    files = {path.stem: path for path in PACK.glob("*.parquet")}
    assert set(files) == set(SOURCES)
    for name, cells in SOURCES.items():
        _, origin, licence, count, _, split, _ = cells
        assert origin
        assert re.search(r"MIT|Apache-2\.0|CC BY|CC0|BSD|ODC-BY|CDLA", licence)
        assert not re.search(r"NC|unclear|not checked|vary", licence)
        assert split in {"demo", "kept back"}
        assert pq.read_metadata(files[name]).num_rows == int(count)


@pytest.mark.parametrize(
    "name", ["hh_rlhf_harmless_test", "hate_speech_posts", "big_bench_hard", "math_eval_suite", "p3_t0_mixture"]
)
def test_offensive_canaried_and_unclear_sources_are_left_out(name: str) -> None:
    assert name not in SOURCES


def test_share_alike_parts_are_marked() -> None:
    text = (PACK / "SOURCES.md").read_text(encoding="utf-8")
    shared = {name for name, cells in SOURCES.items() if "BY-SA" in cells[2]}
    head = text.split("| source")[0]
    assert shared == {"benign_pipelines", "nq_open", "sgd_user_turns", "xquad_questions"}
    assert all(name in head for name in shared)


def test_columns_are_the_same_everywhere_and_no_text_is_empty_or_double() -> None:
    for name in SOURCES:
        table = pq.read_table(PACK / f"{name}.parquet")
        assert table.column_names == ["source", "id", "kind", "lang", "text", "output", "conversation"]
        texts = table["text"].to_pylist()
        assert all(texts)
        assert len(set(texts)) == len(texts)


def test_real_users_prompts_hold_no_address_to_reach_them() -> None:
    for name in ("wildchat_structural", "oasst1_en_train", "oasst1_en_validation", "oasst1_fi_mt"):
        for text in pq.read_table(PACK / f"{name}.parquet")["text"].to_pylist():
            found = re.findall(r"[\w.+-]+@[\w-]+\.[\w.-]+", text)
            assert all(mail == "name@mail.example" for mail in found)


def test_quantile_tables_are_small() -> None:
    assert (REPOSITORY / "src" / "stillwatch" / "range" / "_quantiles.json").stat().st_size < 60_000


def test_a_list_with_new_texts_is_numbered_anew_in_each_copy() -> None:
    names = Names()
    names.numbers(["a", "b"])
    old, new = ["b", "a"], ["b", "c"]
    one, other = names.copy(), names.copy()
    other.numbers(["x", "y"])
    assert one.kept(old).tolist() == other.kept(old).tolist() == [1, 0]
    assert one.kept(new).tolist() == [1, 2]
    assert other.kept(new).tolist() == [1, 4]
    assert [other.all[k] for k in other.kept(new).tolist()] == new
