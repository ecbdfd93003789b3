"""An auditor with an old checkpoint in the hand, and hubs that changed their past since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.forum.log.test_note import LOG, WITNESS

from stillwatch.core import TamperingFound
from stillwatch.forum.log import Checkpoint, Ledger, NoteKey, audit, cosigned, months, signed
from stillwatch.forum.taxii.database import Connection, connector, make_tables

ORIGIN = "hub.example/log"
KEYS = [NoteKey(name=ORIGIN, key=LOG.public), NoteKey(name="lab-a", key=WITNESS.public, witness=True)]
NOVEMBER = 1_795_000_000_000_000


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Connection]:
    connection = connector(str(tmp_path / "hub.sqlite"))()
    make_tables(connection)
    Ledger(connection).add([{"kind": "write", "member": "lab-a", "n": number} for number in range(7)], at=NOVEMBER)
    Ledger(connection).add([{"kind": "refusal", "member": "lab-b", "code": "R2,R3"}], at=NOVEMBER + 1)
    yield connection
    connection.close()


def point(log: Ledger, size: int) -> Checkpoint:
    return Checkpoint(origin=ORIGIN, size=size, root=log.root(size))


def test_a_log_that_only_grew_is_told_so_and_by_whom(held: Connection) -> None:
    log = Ledger(held)
    old = cosigned(signed(point(log, 5).note(), ORIGIN, LOG), "lab-a", WITNESS, at=1)
    done = audit(log.events(), [old, signed(point(log, 8).note(), ORIGIN, LOG)], KEYS, origin=ORIGIN)
    assert (done.size, done.root, done.erased) == (8, log.root(8), 0)
    assert [(size, sorted(one.name for one in seen)) for size, seen in done.vouched] == [
        (5, [ORIGIN, "lab-a"]),
        (8, [ORIGIN]),
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE log_events SET event = CAST('{}' AS BLOB) WHERE seq = 2", "event 2"),
        ("DELETE FROM log_events WHERE seq = 3", "event 3: is missing"),
        ("UPDATE log_nodes SET hash = zeroblob(32) WHERE level = 0 AND place = 4", "event 4"),
        ("DELETE FROM log_events WHERE seq >= 4", "only 4 events"),
        ("UPDATE log_events SET salt = NULL, event = CAST('{}' AS BLOB) WHERE seq = 2", "event 2: is half erased"),
        ("UPDATE log_events SET event = NULL WHERE seq = 2", "event 2: is half erased"),
        ("UPDATE log_events SET at = at + 2678400000000 WHERE seq = 2", "event 2: stands under another time"),
    ],
)
def test_a_changed_past_is_found_and_named(held: Connection, change: str, told: str) -> None:
    old = signed(point(Ledger(held), 5).note(), ORIGIN, LOG)
    held.do(change)
    with pytest.raises(TamperingFound, match=told):
        audit(Ledger(held).events(), [old], KEYS, origin=ORIGIN)


def test_a_log_written_anew_is_caught_by_a_checkpoint_that_somebody_kept(held: Connection, tmp_path: Path) -> None:
    old = signed(point(Ledger(held), 5).note(), ORIGIN, LOG)
    other = connector(str(tmp_path / "other.sqlite"))()
    make_tables(other)
    Ledger(other).add([{"kind": "write", "member": "lab-a", "n": number} for number in range(9)], at=NOVEMBER)
    assert audit(Ledger(other).events(), [], KEYS, origin=ORIGIN).size == 9
    with pytest.raises(TamperingFound, match="another past"):
        audit(Ledger(other).events(), [old], KEYS, origin=ORIGIN)
    other.close()


def test_a_checkpoint_of_somebody_else_is_no_checkpoint(held: Connection) -> None:
    with pytest.raises(TamperingFound, match="not signed by"):
        audit(Ledger(held).events(), [signed(point(Ledger(held), 5).note(), ORIGIN, WITNESS)], KEYS, origin=ORIGIN)


def test_a_checkpoint_of_another_log_by_the_same_hub_is_no_checkpoint(held: Connection) -> None:
    other = Checkpoint(origin="other.example/log", size=5, root=Ledger(held).root(5))
    with pytest.raises(TamperingFound, match="not signed by"):
        audit(Ledger(held).events(), [signed(other.note(), ORIGIN, LOG)], KEYS, origin=ORIGIN)


def test_an_erased_event_leaves_its_leaf_and_every_proof(held: Connection) -> None:
    log = Ledger(held)
    old = signed(point(log, 8).note(), ORIGIN, LOG)
    log.erase(2)
    assert audit(log.events(), [old], KEYS, origin=ORIGIN).erased == 1


def test_equal_events_have_leaves_that_nobody_can_compare(held: Connection) -> None:
    log = Ledger(held)
    log.add([{"kind": "write"}, {"kind": "write"}], at=NOVEMBER)
    assert len(set(log.leaves(0, 10))) == 10


def test_a_month_is_counted_by_kind_member_and_rule(held: Connection) -> None:
    (month,) = months(Ledger(held).events())
    assert month.kinds == {"write": 7, "refusal": 1}
    assert month.members["lab-a", "write"] == 7
    assert month.refusals == {"R2": 1, "R3": 1}


def test_proofs_out_of_the_database_are_those_of_the_tree(held: Connection) -> None:
    from stillwatch.forum.log import consistent, included

    log = Ledger(held)
    for seq, event in enumerate(log.events(batch=3)):
        assert included(event.leaf, seq, 8, log.inclusion(seq, 8), log.root(8))
        assert consistent(seq, 8, log.consistency(seq, 8), log.root(seq), log.root(8))
