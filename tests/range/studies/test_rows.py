"""Rows that are featurised as they are painted are those that a log of them would give."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.ingest import ReadOptions, plan, read_chunk
from stillwatch.pipeline.stage import featurise
from stillwatch.range.demo import demo_parts
from stillwatch.range.press import Press
from stillwatch.range.recipe import Recipe
from stillwatch.range.studies.featured import NAMES
from stillwatch.range.studies.rows import features_of
from stillwatch.range.world import build_world


def test_featurising_painted_rows_gives_what_reading_their_log_gives(tmp_path: Path) -> None:
    world = build_world(Recipe(seed=3, accounts=150, exchanges=1500, days=2, parts=demo_parts(0.02)))
    batches = list(Press(world.sheet, world.desk, world.recipe, world.launched).slices())
    path = tmp_path / "log.parquet"
    pq.write_table(pa.Table.from_batches(batches), path)
    read = [read_chunk(chunk, NAMES, ReadOptions()).batch for chunk in plan([path], ReadOptions()).chunks]
    told, said = zip(*(features_of(batch, NAMES) for batch in batches), strict=True)
    direct = pa.Table.from_batches(told).sort_by("exchange_id")
    by_file = pa.Table.from_batches([featurise(rows, NAMES) for rows in read]).sort_by("exchange_id")
    for name in direct.column_names:
        assert direct[name].equals(by_file[name]), name
    assert direct["tools"].null_count < direct.num_rows
    assert direct["end_user"].null_count < direct.num_rows
    assert pa.Table.from_batches(said).sort_by("exchange_id")["prompt"].null_count == 0
