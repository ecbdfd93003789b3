"""A journal that was checked is not read again, and yet nobody changes what was checked unseen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stillwatch.cases import walking
from stillwatch.cases.chain import Record, read_line
from stillwatch.cases.journal import Journal
from stillwatch.core import TamperingFound

from .desk import desk, entry, journal, opening

RECORDS = 40


@pytest.fixture
def kept(tmp_path: Path) -> Journal:
    """A journal of some records, read once."""
    made = journal(tmp_path)
    with made.writing() as append:
        append([entry(number, about=f"account:A-{number % 3}") for number in range(RECORDS)])
    assert len(made.history()) == RECORDS
    return made


def other(kept: Journal) -> Journal:
    """The same journal as another process sees it."""
    return journal(kept.folder.parent)


def numbers(kept: Journal) -> list[int]:
    return [told.record.body["number"] for told in kept.history()]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the records that are read from the file."""
    seen: list[int] = []

    def counted(line: bytes) -> Record:
        record = read_line(line)
        seen.append(record.seq)
        return record

    monkeypatch.setattr(walking, "read_line", counted)
    return seen


def test_a_step_and_a_look_read_nothing_that_was_read_before(kept: Journal, read: list[int]) -> None:
    for number in range(5):
        kept.append(entry(100 + number))
        assert numbers(kept)[-1] == 100 + number
    assert read == [], "what this process wrote it does not read"
    other(kept).append(entry(200))
    read.clear()
    assert numbers(kept)[-1] == 200
    assert read == [RECORDS + 6], "of what another wrote, that alone"
    assert kept.history() == other(kept).history(), "and it is what reading it whole gives"


def test_a_desk_keeps_its_cases_up_step_by_step(tmp_path: Path, read: list[int]) -> None:
    at = desk(tmp_path)
    case = at.open(opening(), by="mary").id
    read.clear()
    for _ in range(3):
        at.see(case, by="joe", why="a look")
    book = at.book()
    at.see(case, by="joe", why="a look")
    assert read == []
    assert at.cases() == desk(tmp_path).cases()
    assert at.book().feedback == desk(tmp_path).book().feedback
    assert len(book.history) + 1 == len(at.book().history), "a book that somebody holds stays as it was"
    assert list(book.of_kinds("case.seen", "case.opened")) == list(book.history)
    assert [told.record.seq for told in book.by_case[case][-2:]] == [3, 4]


@pytest.mark.parametrize("line", [1, 17, RECORDS])
def test_a_byte_that_is_changed_after_it_was_checked_is_found_at_the_next_look_and_step(
    kept: Journal, line: int
) -> None:
    path = kept.folder / walking.LINES
    whole = path.read_bytes()
    place = sum(len(one) + 1 for one in whole.split(b"\n")[: line - 1]) + 60
    changed = bytearray(whole)
    changed[place] ^= 1
    rewritten(path, bytes(changed))
    with pytest.raises(TamperingFound, match=rf"journal\.jsonl:{line} "):
        kept.history()
    rewritten(path, whole)
    assert numbers(kept) == list(range(RECORDS)), "put back, it is whole again"


def test_our_own_append_does_not_cover_up_what_somebody_changed_before_it(kept: Journal) -> None:
    path = kept.folder / walking.LINES
    whole = path.read_bytes()
    rewritten(path, whole[:60] + bytes([whole[60] ^ 1]) + whole[61:])
    with pytest.raises(TamperingFound, match=r"journal\.jsonl:1 "):
        kept.append(entry(1))
    assert path.read_bytes() == whole[:60] + bytes([whole[60] ^ 1]) + whole[61:], "nothing was written behind it"


def test_another_file_with_the_same_length_in_its_place_is_read_anew(kept: Journal) -> None:
    path = kept.folder / walking.LINES
    whole = path.read_bytes()
    path.rename(path.with_suffix(".away"))
    path.write_bytes(whole[:-3] + b"9}\n")
    with pytest.raises(TamperingFound):
        kept.history()


def test_who_is_forgotten_elsewhere_is_gone_at_the_next_look(kept: Journal) -> None:
    assert "note" in kept.history()[1].private
    assert other(kept).subjects.destroy("account:A-1")
    assert "note" not in kept.history()[1].private
    assert "note" in kept.history()[2].private
    kept.append(entry(7, about="account:A-1"))
    assert "note" in kept.history()[-1].private, "a stranger of the same name"
    assert kept.history() == other(kept).history()


def test_an_older_journal_with_its_older_head_is_read_as_it_is(kept: Journal) -> None:
    """A back-up that was put back: not to be told from an old journal, but never mixed with what was read before."""
    files = [kept.folder / name for name in ("journal.head", walking.LINES)]
    before = [path.read_bytes() for path in files]
    kept.append(entry(500))
    for path, data in zip(files, before, strict=True):
        rewritten(path, data)
    assert numbers(kept) == list(range(RECORDS))
    kept.append(entry(600))
    assert numbers(kept) == [*range(RECORDS), 600]
    assert kept.history() == other(kept).history()


def rewritten(path: Path, data: bytes) -> None:
    """Write a file in place, at least a tick of the file system's clock after whoever wrote it last."""
    with path.open("rb+") as file:
        file.write(data)
        file.truncate()
    told = path.stat()
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns + 10_000_000))
