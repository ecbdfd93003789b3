"""Every benign family type settles lookalikes of its own group, sends within the day, and is the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stillwatch.range.ground import Ground
from stillwatch.range.lookalikes import LOOKALIKES
from stillwatch.range.lookalikes.roster import ALL_LOOKALIKES
from stillwatch.range.rhythm import DAY
from stillwatch.range.seeds import stream

NewGround = Callable[..., Ground]


def rows(ground: Ground) -> dict[str, Any]:
    """The columns sent so far."""
    return {name: np.concatenate(parts) for name, parts in ground.rows.items()}


def built(new_ground: NewGround, name: str, *, seed: int = 1, scale: float = 0.15) -> Ground:
    """One lookalike alone."""
    ground = new_ground()
    ALL_LOOKALIKES[name].build(ground, stream(seed, "lookalike", name), scale)
    return ground


def test_there_are_at_least_forty_benign_family_types() -> None:
    assert len(ALL_LOOKALIKES) >= 40
    assert set(LOOKALIKES) <= set(ALL_LOOKALIKES)


def test_every_population_of_the_list_has_a_type() -> None:
    populations = {one.stands_for for one in ALL_LOOKALIKES.values()}
    assert len(populations) >= 20 + 5
    for words in ("regression", "monitors", "continuous", "migration", "consumer plan", "proxies", "routers", "resellers", "harness",
                  "synthetic", "researchers", "evaluators", "judges", "regulated", "classrooms", "VPN", "stolen", "relays",
                  "translation", "reasoning"):  # fmt: skip
        assert any(words in population for population in populations), words


@pytest.mark.parametrize("name", ALL_LOOKALIKES)
def test_a_lookalike_settles_its_own_group_and_stays_within_the_day(new_ground: NewGround, name: str) -> None:
    ground = built(new_ground, name)
    sent = rows(ground)
    assert set(ground.accounts["role"]) == {"lookalike"}
    assert set(ground.accounts["group"]) == {name}
    assert ground.sent == len(sent["at"]) > 0
    assert set(sent["account"].tolist()) <= set(range(ground.settled))
    assert sent["at"].min() >= 0
    assert sent["at"].max() < DAY
    before = sent["before"]
    later = before >= 0
    assert (sent["account"][later] == sent["account"][before[later]]).all()
    assert ALL_LOOKALIKES[name].trips
    assert ALL_LOOKALIKES[name].differs


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ALL_LOOKALIKES if name != "agent_fleet"])
def test_a_lookalike_is_the_same_for_the_same_seed_and_no_other(new_ground: NewGround, name: str) -> None:
    first, again, other = (rows(built(new_ground, name, seed=seed, scale=0.08)) for seed in (3, 3, 4))
    assert all((first[c] == again[c]).all() for c in ("account", "at", "text", "frame", "ip", "tokens_out"))
    assert len(first["at"]) != len(other["at"]) or (first["at"] != other["at"]).any()


def test_only_a_stolen_key_is_a_right_finding() -> None:
    right = {name for name, one in ALL_LOOKALIKES.items() if one.finding_is_right}
    assert right == {"stolen_key/resale", "stolen_key/harvest"}
