"""An order for tiny worlds, and a detector that costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core import Settings
from stillwatch.range.names import Ints
from stillwatch.range.studies.look import Blind, Group, Said
from stillwatch.range.studies.order import Order, Size
from stillwatch.range.studies.seen import OURS

TINY = Size(accounts=600, exchanges=9000, worlds=1)


class Counting:
    """Puts up every account of the world for review as one group, and keeps the tables that it was shown."""

    def __init__(self) -> None:
        self.shown: list[dict[str, pa.Table]] = []
        self.cleared: list[Ints] = []

    def __call__(self, world: Blind, settings: Settings, cleared: Ints) -> Said:
        features, texts = (
            pa.concat_tables([pq.read_table(f) for f in files]) for files in (world.features, world.texts)
        )
        self.shown.append({"features": features, "texts": texts, "facts": world.facts, "releases": world.releases})
        self.cleared.append(cleared)
        accounts = np.unique(features["account"].to_numpy())
        score = np.zeros(accounts.size)
        return Said(
            method=OURS,
            groups=(Group(accounts=accounts, decision="review", score=3.0),),
            accused=np.setdiff1d(accounts, cleared),
            tested=int(accounts.size),
            scores=(accounts, score),
        )


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose cache of backgrounds the tests share."""
    return tmp_path_factory.mktemp("range")


@pytest.fixture
def order(tmp_path: Path, shared: Path) -> Callable[..., Order]:
    """Orders with a folder of their own and the shared cache of backgrounds."""
    (shared / "cache").mkdir(exist_ok=True)

    def make(**changes: object) -> Order:
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        if not (out / "cache").exists():
            (out / "cache").symlink_to(shared / "cache")
        settings: dict[str, object] = {"preset": "smoke", "seed": 3, "out": out, "size": TINY, **changes}
        return Order(**settings)  # type: ignore[arg-type]

    return make
