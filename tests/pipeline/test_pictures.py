"""What a report draws of an actor agrees with what its tables count: harvest apart from what else the members sent."""

from __future__ import annotations

from pathlib import Path

from .logs import run, traffic, workspace, write_captures


def test_hours_and_uses_hold_the_harvest_of_the_tables_and_no_other_exchange(tmp_path: Path) -> None:
    rows = traffic(customers=40, workers=16, each=12)
    plain = [row["prompt"] for row in rows if row["account"].startswith("customer")]
    for i, row in enumerate(row for row in rows if row["account"].startswith("worker")):
        if i % 6 == 0:
            row["prompt"] = plain[i]
    view = run(workspace(tmp_path / "w"), [write_captures(tmp_path / "a.jsonl", rows)]).view
    assert view.actors
    for actor in view.actors:
        assert 0 < actor.harvest_exchanges < actor.exchanges
        assert sum(hour.harvest for hour in actor.hours) == actor.harvest_exchanges
        assert sum(hour.other for hour in actor.hours) == actor.exchanges - actor.harvest_exchanges
        assert sum(use.attempts for use in actor.uses) == actor.harvest_exchanges
        assert sum(member.exchanges for member in actor.members) == actor.exchanges
