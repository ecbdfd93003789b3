"""The journal keeps what it acknowledged, shows where it was touched, and forgets a subject without breaking."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stillwatch.cases import journal as room
from stillwatch.cases.canonical import canonical
from stillwatch.cases.chain import line_of, linked, read_line
from stillwatch.cases.journal import Entry, Journal, journal_faults
from stillwatch.cases.signing import Signer
from stillwatch.core.errors import TamperingFound

from .desk import SIGNER, entry, journal

RECORDS = 6


@pytest.fixture
def kept(tmp_path: Path) -> Journal:
    """A journal of a dozen records."""
    made = journal(tmp_path)
    for number in range(RECORDS):
        made.append(entry(number, about=f"account:A-{number % 3}"))
    return made


def faults(kept: Journal) -> list[tuple[int, str]]:
    return [(one.line, one.message) for one in journal_faults(kept.folder, SIGNER.public)]


def test_what_was_appended_is_read_back_in_order_with_who_and_when(kept: Journal) -> None:
    told = kept.history()
    assert [t.record.body["number"] for t in told] == list(range(RECORDS))
    assert {t.private["by"] for t in told} == {"mary"}
    assert told[3].private["note"] == "note 3, a ö customer"
    assert dt.datetime.fromisoformat(told[0].record.at) < dt.datetime.fromisoformat(told[1].record.at)
    assert faults(kept) == []


def test_no_name_and_no_note_stands_in_the_file(kept: Journal) -> None:
    data = (kept.folder / "journal.jsonl").read_bytes()
    assert b"mary" not in data
    assert b"customer" not in data
    assert b"A-1" not in data


def test_every_changed_byte_is_found_in_its_line(kept: Journal, tries: Callable[..., int]) -> None:
    """Seeded changes, all found, each located in the line that was changed.

    Were one byte of a hundred not covered, five hundred changes would miss it in less than one run of a hundred.
    """
    rng = random.Random(6)  # noqa: S311 - places of changes, no secret
    path = kept.folder / "journal.jsonl"
    whole = path.read_bytes()
    for _ in range(tries(500, whole=2000)):
        place = rng.randrange(len(whole))
        changed = bytearray(whole)
        changed[place] ^= rng.randrange(1, 256)
        path.write_bytes(changed)
        found = journal_faults(kept.folder, SIGNER.public)
        assert found, place
        assert found[0].line == whole.count(b"\n", 0, place) + 1
        assert found[0].offset == whole.rfind(b"\n", 0, place) + 1


def test_every_changed_byte_of_the_head_is_found(kept: Journal) -> None:
    path = kept.folder / "journal.head"
    whole = path.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        assert faults(kept)[0][0] == 0, place


@pytest.mark.parametrize("line", [1, 3, RECORDS])
def test_a_line_that_is_taken_out_moved_or_said_twice_is_missed(kept: Journal, line: int) -> None:
    path = kept.folder / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    out, swapped, twice = lines.copy(), lines.copy(), lines.copy()
    del out[line - 1]
    other = line % RECORDS
    swapped[line - 1], swapped[other] = swapped[other], swapped[line - 1]
    twice.insert(line, lines[line - 1])
    for touched in (out, swapped, twice) if line < RECORDS else (out, swapped):  # behind the head nothing counts
        path.write_bytes(b"".join(touched))
        assert faults(kept)


def test_a_journal_rehashed_from_end_to_end_is_not_what_the_collector_signed(kept: Journal) -> None:
    path = kept.folder / "journal.jsonl"
    last, lines = "0" * 64, []
    for number, line in enumerate(path.read_bytes().splitlines()):
        record = read_line(line)
        if number == 4:
            record.body["number"] = 5
        record = linked(record, last)
        last = record.hash
        lines.append(line_of(record))
    path.write_bytes(b"".join(lines))
    assert [message for _, message in faults(kept)] == [f"is not record {RECORDS} as the collector signed it"]


def test_another_key_vouches_for_nothing(kept: Journal, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    stranger = Signer(Ed25519PrivateKey.generate())
    assert journal_faults(kept.folder, stranger.public)[0].line == 0


def test_a_torn_last_line_is_set_aside_wherever_it_was_torn(kept: Journal) -> None:
    path, head = kept.folder / "journal.jsonl", kept.folder / "journal.head"
    acknowledged, signed = path.read_bytes(), head.read_bytes()
    kept.append(entry(99))
    unacknowledged = path.read_bytes()[len(acknowledged) :]
    for torn in (1, 40, len(unacknowledged) - 1, len(unacknowledged)):
        path.write_bytes(acknowledged + unacknowledged[:torn])
        head.write_bytes(signed)
        assert faults(kept) == []
        assert len(list(kept.records())) == RECORDS
        kept.append(entry(100))
        told = list(kept.records())
        assert [r.kind for r in told[RECORDS:]] == [room.SET_ASIDE, "case.seen"]
        assert told[RECORDS].body["bytes"] == torn
        assert any(p.read_bytes() == unacknowledged[:torn] for p in (kept.folder / "unacknowledged").iterdir())


@pytest.mark.parametrize("left", [0, 1, 700])
def test_acknowledged_records_that_are_cut_off_are_missed(kept: Journal, left: int) -> None:
    path = kept.folder / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:left])
    assert "are acknowledged" in faults(kept)[-1][1]
    with pytest.raises(TamperingFound, match=r"acknowledged|not in the form|no record"):
        list(kept.records())


def test_nothing_is_appended_to_a_journal_that_was_cut(kept: Journal) -> None:
    path = kept.folder / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(TamperingFound):
        kept.append(entry(1))


def test_a_journal_without_its_head_is_refused(kept: Journal) -> None:
    (kept.folder / "journal.head").unlink()
    with pytest.raises(TamperingFound, match="missing"):
        kept.append(entry(1))


def test_a_record_is_acknowledged_only_when_the_head_names_it(kept: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(room, "durable_write", _no_disk)
        with pytest.raises(OSError, match="gone"):
            kept.append(entry(77))
    assert 77 not in [r.body["number"] for r in kept.records()]
    kept.append(entry(78))
    assert [r.body.get("number") for r in kept.records()][-2:] == [None, 78]


def _no_disk(*_: object, **__: object) -> None:
    raise OSError("gone")


def test_killed_writers_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    script = Path(__file__).with_name("kill_writers.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path, "25", "6"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[2]) > 25


def test_a_forgotten_subject_is_unreadable_and_the_chain_stays_whole(kept: Journal) -> None:
    before = (kept.folder / "journal.jsonl").read_bytes()
    assert kept.subjects.destroy("account:A-1")
    told = kept.history()
    assert [("note" in t.private) for t in told] == [n % 3 != 1 for n in range(RECORDS)]
    assert (kept.folder / "journal.jsonl").read_bytes() == before
    assert faults(kept) == []
    assert not kept.subjects.destroy("account:A-1")


def test_a_forgotten_key_is_nowhere_in_the_store(kept: Journal) -> None:
    subject = kept.subjects.known("account:A-1")
    assert subject is not None
    assert subject.key in kept.subjects.path.read_bytes()
    kept.subjects.destroy("account:A-1")
    assert subject.key not in kept.subjects.path.read_bytes()


def test_who_comes_back_after_being_forgotten_is_a_stranger(kept: Journal) -> None:
    before = kept.subjects.of(["account:A-1"])["account:A-1"]
    kept.subjects.destroy("account:A-1")
    assert kept.subjects.of(["account:A-1"])["account:A-1"].id != before.id


def test_the_length_of_a_sealed_field_does_not_give_a_name_away(tmp_path: Path) -> None:
    made = journal(tmp_path)
    lengths = {
        len(made.append(entry(1, by=name)).private[-1].sealed) for name in ("Al", "Bartholomew Featherstonehaugh")
    }
    assert len(lengths) == 1


def test_a_sealed_field_cannot_be_moved_to_another_record(kept: Journal) -> None:
    from stillwatch.cases.subjects import opened_fields

    first = next(kept.records())
    with pytest.raises(TamperingFound, match="not sealed here"):
        opened_fields(first.private, kept.subjects.keys(), "elsewhere/1")


def test_files_of_the_journal_are_readable_by_their_owner_alone(kept: Journal) -> None:
    for path in (kept.folder / "journal.jsonl", kept.folder / "journal.head", kept.subjects.path):
        assert path.stat().st_mode & 0o077 == 0


def test_a_thing_that_has_no_canonical_form_is_not_recorded(kept: Journal) -> None:
    with pytest.raises(ValueError, match="finite"):
        kept.append(Entry(kind="x", by="mary", body={"e": float("inf")}))
    assert len(list(kept.records())) == RECORDS
    assert canonical({"b": 1, "a": 2}) == b'{"a":2,"b":1}'


def gone(kept: Journal) -> None:
    for name in ("journal.jsonl", "journal.head"):
        (kept.folder / name).unlink()


def test_a_journal_that_is_gone_is_missed_and_never_begun_anew(kept: Journal) -> None:
    gone(kept)
    for use in (kept.begin, kept.begun, kept.history, lambda: kept.append(entry(1)), lambda: list(kept.records())):
        with pytest.raises(TamperingFound, match="the journal is gone"):
            use()
    assert not (kept.folder / "journal.head").exists()


def test_its_name_alone_says_that_there_was_a_journal(kept: Journal) -> None:
    gone(kept)
    kept.subjects.path.unlink()
    with pytest.raises(TamperingFound, match=r"journal is gone: .*journal\.name"):
        kept.begin()


def test_another_journal_in_its_place_is_told_from_it(kept: Journal, tmp_path: Path) -> None:
    other = journal(tmp_path / "other")
    other.append(entry(1))
    for name in ("journal.jsonl", "journal.head"):
        (kept.folder / name).write_bytes((other.folder / name).read_bytes())
    with pytest.raises(TamperingFound, match="another journal"):
        kept.history()


def test_nothing_is_recorded_and_nothing_told_before_the_journal_is_begun(tmp_path: Path) -> None:
    from stillwatch.cases.subjects import Subjects
    from stillwatch.core import CaseError

    fresh = Journal(
        tmp_path / "desk", SIGNER, Subjects(tmp_path / "subjects.sqlite", b"k" * 32), lambda: dt.datetime.now(dt.UTC)
    )
    assert (fresh.begun(), fresh.history()) == (False, [])
    with pytest.raises(CaseError, match="no case was opened here yet"):
        fresh.append(entry(1))
    fresh.begin()
    assert fresh.append(entry(1)).seq == 1


def test_a_piece_whose_writer_was_killed_before_recording_it_is_recorded_by_the_next(
    kept: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = kept.folder / "journal.head"
    signed = head.read_bytes()
    kept.append(entry(99))
    head.write_bytes(signed)
    with monkeypatch.context() as killed:
        killed.setattr(Journal, "_append", _no_disk)
        with pytest.raises(OSError, match="gone"):
            kept.append(entry(100))
    assert not any(r.kind == room.SET_ASIDE for r in kept.records())
    assert faults(kept) == []
    kept.append(entry(101))
    kept.append(entry(102))
    told = [r for r in kept.records() if r.kind == room.SET_ASIDE]
    pieces = [one.name for one in (kept.folder / "unacknowledged").iterdir()]
    assert pieces == [f"{one.body['piece']}.recorded" for one in told]
    assert len(pieces) == 1
