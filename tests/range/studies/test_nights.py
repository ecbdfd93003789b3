"""What a campaign had before action hangs on the night on which it was named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core import Settings
from stillwatch.range.names import Ints
from stillwatch.range.studies.bench import Bench
from stillwatch.range.studies.dials import dialled
from stillwatch.range.studies.look import Blind, Group, Said
from stillwatch.range.studies.order import Order, Size
from stillwatch.range.studies.seen import OURS, Seen

CAMPAIGN = dialled("grading", accounts=12, each=20, days=2)


class FromNight:
    """Names everybody from one night on, and remembers up to when it was shown anything."""

    def __init__(self, night: int) -> None:
        self.night = night
        self.seen_until: list[int | None] = []

    def __call__(self, world: Blind, settings: Settings, cleared: Ints) -> Said:
        self.seen_until.append(world.until)
        late = world.until is None
        engine, features, _, _ = world.open(settings)
        with engine:
            accounts = np.unique(engine.to_arrow(features).column("account").to_numpy())
        named = late if self.night == 2 else self.night == 1
        return Said(method=OURS, groups=(Group(accounts=accounts, decision="review", score=3.0),) if named else ())


def told(order: Callable[..., Order], detector: FromNight) -> Seen:
    size = Size(accounts=600, exchanges=9000, worlds=1, days=2)
    return Bench(order(size=size)).world("nights", 3, {OURS: detector}, campaign=CAMPAIGN, nightly=True)


def test_a_campaign_named_in_the_first_night_loses_the_second_day(order: Callable[..., Order]) -> None:
    detector = FromNight(1)
    seen = told(order, detector)
    assert seen.told["yield"] == pytest.approx(0.5, abs=0.15)
    assert 20 < (seen.told["detected_hours"] or 0) <= 24
    assert (seen.told["dearer"] or 0) > 1.5
    midnight = detector.seen_until[1]
    assert detector.seen_until[0] is None
    assert midnight is not None
    assert midnight % 86_400_000_000 == 0


def test_a_campaign_named_when_all_is_over_had_everything(order: Callable[..., Order]) -> None:
    seen = told(order, FromNight(2))
    assert seen.told["yield"] == 1.0
    assert (seen.told["detected_hours"] or 0) > 44


def test_a_campaign_that_nobody_names_pays_no_more(order: Callable[..., Order]) -> None:
    seen = told(order, FromNight(3))
    assert (seen.told["yield"], seen.told["detected_hours"], seen.told["dearer"]) == (1.0, None, 1.0)


def test_a_night_shows_nothing_of_the_day_after(order: Callable[..., Order]) -> None:
    bench = Bench(order(size=Size(accounts=600, exchanges=9000, worlds=1, days=2)))
    world = bench.background(bench.recipe(3))
    at = pa.concat_tables([pq.read_table(f, columns=["at"]) for f in world.files]).column("at").cast(pa.int64())
    cut = int(np.median(at.to_numpy()))
    blind = Blind(features=world.files, texts=[], facts=world.facts(), releases=world.store.read("releases"),
                  scratch=bench.order.out, until=cut)  # fmt: skip
    engine, features, _, _ = blind.open(Settings())
    with engine:
        shown = engine.to_arrow(features).column("at").cast(pa.int64()).to_numpy()
    assert shown.max() < cut
    assert shown.size == (at.to_numpy() < cut).sum()
