"""Reasoning signatures of a world: customers send them back where they belong, campaigns that replay send them from other accounts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.engine import DuckEngine
from stillwatch.range.ground import Reply
from stillwatch.range.launches import launches
from stillwatch.range.press import Press
from stillwatch.range.recipe import Part, Recipe
from stillwatch.range.signatures import NOTHING, continued, signed
from stillwatch.range.studies.featured import NAMES
from stillwatch.range.studies.rows import features_of
from stillwatch.range.world import World, build_world
from stillwatch.signals import SIGNALS, measure, register

CAMPAIGNS = ("C13", "C7", "replay")


def recipe(*, history: bool) -> Recipe:
    parts = [Part(role="actor", name=name, scale=0.02, most=600) for name in CAMPAIGNS]
    return Recipe(seed=3, accounts=600, exchanges=18_000, days=2, history=history, parts=tuple(parts))


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A world with its register of signatures, and the value of `artifact_replay` by role and account."""

    world: World
    sent: list[dict[str, object]]
    replay: dict[str, list[float]]
    roles: dict[int, str]


def measured(*, history: bool) -> Measured:
    world = build_world(recipe(history=history))
    press = Press(world.sheet, world.desk, world.recipe, launches(3, 2))
    features = pa.Table.from_batches([features_of(batch, NAMES)[0] for batch in press.slices()])
    roles = dict(
        zip(NAMES.names("account", world.truth["account"].to_pylist()), world.truth["role"].to_pylist(), strict=True)
    )
    with DuckEngine(threads=1) as engine:
        relation = engine.from_arrow(features)
        artifacts = engine.to_arrow(register(engine, relation))
        nothing = engine.from_arrow(pa.table({"account": pa.array([], pa.int64())}))
        values = measure(engine, relation, nothing, nothing, engine.from_arrow(artifacts), nothing,
                         signals=[SIGNALS["artifact_replay"]])["artifact_replay"]  # fmt: skip
    replay: dict[str, list[float]] = {}
    for account, value, n in zip(*(values[c].to_pylist() for c in ("account", "value", "n")), strict=True):
        if n >= SIGNALS["artifact_replay"].needs:
            replay.setdefault(roles[account] or "", []).append(value)
    sent = [row for row in artifacts.to_pylist() if row["role"] == "sent"]
    return Measured(world=world, sent=sent, replay=replay, roles={k: v for k, v in roles.items() if k is not None})


@pytest.fixture(scope="module")
def kept() -> Measured:
    return measured(history=True)


def moved(row: dict[str, object]) -> bool:
    return bool(row["other_account"] or row["other_org"] or row["other_conversation"])


def test_customers_send_signatures_back_in_their_own_conversation_and_replayers_from_other_accounts(
    kept: Measured,
) -> None:
    told: Counter[tuple[str, bool]] = Counter()
    for row in kept.sent:
        told[kept.roles[int(str(row["account"]))], moved(row)] += int(str(row["exchanges"]))
    assert told["benign", False] > 300
    assert told["benign", True] == 0
    assert told["actor", True] > 300
    assert told["actor", True] > 20 * told["actor", False]


def test_the_signal_tells_them_apart(kept: Measured) -> None:
    assert len(kept.replay["benign"]) > 20
    assert max(kept.replay["benign"]) == 0.0
    assert len(kept.replay["actor"]) > 20
    assert min(kept.replay["actor"]) > 0.9


def test_a_shortened_conversation_begins_alike_and_is_no_replay(kept: Measured) -> None:
    edited = [row for row in kept.sent if row["edited_prefix"]]
    assert len(edited) > 10
    assert {kept.roles[int(str(row["account"]))] for row in edited} == {"benign"}
    assert not any(moved(row) for row in edited)


def test_without_earlier_turns_replays_are_seen_and_edits_unknown() -> None:
    bare = measured(history=False)
    assert max(bare.replay["benign"]) == 0.0
    assert min(bare.replay["actor"]) > 0.9
    of_customers = [row for row in bare.sent if bare.roles[int(str(row["account"]))] == "benign"]
    assert {row["edited_prefix"] for row in of_customers} == {None}


def test_replays_bring_blocks_that_another_account_of_the_operator_was_handed_before(kept: Measured) -> None:
    c = kept.world.sheet.columns
    row_of = {int(word): row for row, word in enumerate(c["request"].tolist())}
    sending = np.flatnonzero(c["sends"] != NOTHING)
    origin = np.array([row_of[int(word)] for word in c["sends"][sending].tolist()])
    assert c["signed"][origin].all()
    assert (c["at"][origin] <= c["at"][sending]).all()
    group = np.array(kept.world.truth["group"].to_pylist())
    assert (group[c["account"][origin]] == group[c["account"][sending]]).all()
    actors = np.isin(group[c["account"][sending]], CAMPAIGNS) & (c["before"][sending] < 0)
    assert (c["account"][origin] != c["account"][sending])[actors].all()


def test_small_models_failures_and_labels_bring_none() -> None:
    model = np.array([0, 2, 2, 2, 5])
    status = np.array([200, 200, 500, 200, 200])
    reply = np.array([Reply.PROSE, Reply.PROSE, Reply.NOTHING, Reply.LABEL, Reply.CODE])
    asked = np.ones(5, bool)
    assert signed(asked, model, status, reply).tolist() == [False, True, False, False, True]
    assert not signed(~asked, model, status, reply).any()


def test_a_turn_after_a_failed_one_sends_what_was_returned_before_it() -> None:
    request = np.array([11, 12, 13, 14], np.uint64)
    before, brought = np.array([-1, 0, 1, -1]), np.array([True, False, True, False])
    assert continued(request, before, brought).tolist() == [0, 11, 11, 0]
