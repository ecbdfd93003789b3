"""Large worlds come in the columns promised, in the size asked for, and the same for the same seed."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.core.errors import Error
from stillwatch.range import write_parquet
from stillwatch.range.truth import read_truth

COLUMNS = """
at account org api_key ip user_agent model system prompt messages output input_tokens output_tokens max_tokens
temperature n stream status request_id conversation
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world in Parquet."""
    out = tmp_path_factory.mktemp("parquet")
    write_parquet(out, seed=2, accounts=1200, exchanges=20_000, prompt_bytes=1024, workers=1)
    return out


def test_rows_accounts_and_columns_are_as_asked(written: Path) -> None:
    table = pq.read_table(written / "logs")
    assert table.num_rows == 20_000
    assert len(set(table["request_id"].to_pylist())) == 20_000
    assert table.column_names == COLUMNS.split()
    accounts = set(table["account"].to_pylist())
    assert len(accounts) == 1200
    assert accounts == set(read_truth(written / "truth").role)


def test_prompts_have_about_the_length_asked_for(written: Path) -> None:
    prompts = pq.read_table(written / "logs")["prompt"]
    assert 900 < pc.mean(pc.binary_length(prompts)).as_py() < 1150
    assert len(set(prompts.to_pylist())) == len(prompts)


def test_without_a_length_the_prompts_are_those_of_the_pack(tmp_path: Path) -> None:
    write_parquet(tmp_path, seed=2, accounts=1000, exchanges=16_000, prompt_bytes=None, workers=1)
    prompts = set(pq.read_table(tmp_path / "logs")["prompt"].to_pylist())
    assert prompts & set(
        pq.read_table(Path(__file__).resolve().parents[2] / "prompts" / "nq_open.parquet")["text"].to_pylist()
    )


def test_earlier_turns_are_json_that_alternates(written: Path) -> None:
    found = [json.loads(text) for text in pq.read_table(written / "logs")["messages"].to_pylist() if text is not None]
    assert len(found) > 1000
    for turns in found:
        assert [turn["role"] for turn in turns] == ["user", "assistant"] * (len(turns) // 2)


def test_times_rise_within_a_file_and_unknown_is_null(written: Path) -> None:
    table = pq.read_table(written / "logs")
    times = table["at"].to_pylist()
    assert times == sorted(times)
    assert 0 < table["max_tokens"].null_count < table.num_rows
    assert 0 < table["temperature"].null_count < table.num_rows
    assert 0 < table["system"].null_count < table.num_rows


def test_the_same_seed_gives_the_same_file(written: Path, tmp_path: Path) -> None:
    write_parquet(tmp_path, seed=2, accounts=1200, exchanges=20_000, prompt_bytes=1024, workers=1)
    for path in sorted((written / "logs").iterdir()):
        assert path.read_bytes() == (tmp_path / "logs" / path.name).read_bytes()


def test_too_few_exchanges_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Error, match="4 exchanges each"):
        write_parquet(tmp_path, seed=1, accounts=2000, exchanges=3000)
