"""The installation's key is replaced: nothing that was signed is lost, nobody gains by an old key, and a crash costs nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillwatch.cases import (
    Desk,
    ask_to_export,
    export,
    followed,
    journal_faults,
    let_go,
    make_key,
    read_public,
    read_signer,
    redact,
    rotate,
    rotations,
    seal,
    verified,
    vouching,
    waiting,
)
from stillwatch.cases import rotating as rotating_module
from stillwatch.cases.archive import pack, unpack
from stillwatch.cases.sealing import Seal, sealed_case
from stillwatch.cases.signing import make_private
from stillwatch.cases.verifying import ROTATIONS
from stillwatch.core import CaseError, TamperingFound
from stillwatch.engine import durable_write

from .desk import desk, opening, ticking


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """A desk with one case."""
    made = desk(tmp_path)
    made.open(opening(members=2), by="mary")
    return made


def again(at: Desk) -> Desk:
    """The same workspace, as another process sees it."""
    return Desk(at.workspace, ticking())


def keys_of(at: Desk) -> Path:
    return at.workspace.root / "keys"


def only(at: Desk) -> str:
    (case,) = at.cases()
    return case


def test_the_journal_goes_on_under_the_new_key_and_says_that_it_was_replaced(at: Desk) -> None:
    old = at.signer.public
    made = rotate(at, by="mary", why="a laptop was lost")
    assert at.signer.public == made.new == read_public(keys_of(at) / "collector.pub.pem") != old
    assert at.journal.head().key == made.new.id
    record = at.journal.history()[-1]
    assert record.record.kind == "key.rotated"
    assert record.record.body["old"] == old.id
    assert record.private["note"] == "a laptop was lost"
    at.see(only(at), by="joe", why="afterwards")
    assert journal_faults(at.journal.folder, made.new) == []
    assert journal_faults(at.journal.folder, old)[0].line == 0, "the old key vouches for no head any more"
    assert not list(keys_of(at).rglob("*next*"))
    private = [path for path in keys_of(at).rglob("*.pem") if b"PRIVATE" in path.read_bytes()]
    assert private == [keys_of(at) / "collector.pem"], "the private half of the old key is not kept"


def test_a_desk_that_was_open_meanwhile_goes_on_with_the_new_key(at: Desk) -> None:
    other = again(at)
    other.cases()
    made = rotate(at, by="mary", why="every year")
    other.see(only(at), by="joe", why="with the same desk")
    assert other.journal.head().key == made.new.id
    assert [one.kind for one in again(at).journal.records()][-2:] == ["key.rotated", "case.seen"]


def test_who_knew_the_first_key_can_follow_to_the_last_and_nobody_else_can_lead_him(at: Desk, tmp_path: Path) -> None:
    first = at.signer.public
    for _ in range(3):
        rotate(at, by="mary", why="every year")
    chain = rotations(keys_of(at))
    assert followed([one.statement for one in chain], first) == at.signer.public
    with pytest.raises(TamperingFound, match="was not given"):
        followed([one.statement for one in reversed(chain)], first)
    with pytest.raises(TamperingFound, match="was not given"):
        followed([chain[0].statement], at.signer.public)
    told = json.loads(chain[0].statement)
    told["signatures"] = told["signatures"][:1]
    half = json.dumps(told, separators=(",", ":"), sort_keys=True).encode()
    with pytest.raises(TamperingFound, match="old key and the new one"):
        followed([half], first)
    (keys_of(at) / "retired" / f"{chain[1].old[:16]}.dsse.json").unlink()
    with pytest.raises(TamperingFound, match="follow one another"):
        rotations(keys_of(at))


def test_what_was_sealed_before_is_still_this_house_s_and_can_be_redacted_and_let_go(at: Desk, tmp_path: Path) -> None:
    path = seal(at, only(at), by="mary", why="for counsel")
    old = at.signer.public
    for _ in range(2):
        rotate(at, by="mary", why="every year")
    assert verified(path.read_bytes(), [old]).signed == (old.id,)
    copy = redact(at, path, {"member": "bystanders"}, by="mary", why="x")
    told = verified(copy.read_bytes(), at.own_keys)
    assert told.redacted_by == (at.signer.public.id,)
    assert sum(name.startswith(ROTATIONS) for name in told.files) == 2
    again_ = redact(at, copy, {"link": "another house's"}, by="mary", why="x")
    assert {kind for kind, _ in verified(again_.read_bytes(), at.own_keys).removed.values()} == {"member", "link"}
    export(at, copy, tmp_path / "out.tar", recipient="counsel", by="mary", why="x")
    ask_to_export(at, only(at), copy.name, recipient="counsel", by="mary", why="x")
    (asked,) = waiting(at.book(), only(at))
    assert let_go(at, only(at), asked.seq, by="joe", note="fine") == copy.read_bytes()


def test_a_redaction_by_a_successor_whom_the_sealing_key_did_not_name_is_refused(at: Desk) -> None:
    path = seal(at, only(at), by="mary", why="for counsel")
    old = at.own_keys
    for _ in range(2):
        rotate(at, by="mary", why="every year")
    files = unpack(redact(at, path, {"member": "bystanders"}, by="mary", why="x").read_bytes())
    keys = [*old, *at.own_keys]
    names = sorted(name for name in files if name.startswith(ROTATIONS))
    for gone in (names, names[:1], names[1:]):
        with pytest.raises(TamperingFound):
            verified(pack({name: data for name, data in files.items() if name not in gone}), keys)
    swapped = {**files, names[0]: files[names[1]], names[1]: files[names[0]]}
    with pytest.raises(TamperingFound, match="handed on what it had not signed"):
        verified(pack(swapped), keys)


def test_a_file_that_an_old_key_signs_after_it_was_retired_is_not_this_house_s(at: Desk, tmp_path: Path) -> None:
    stolen = read_signer(keys_of(at) / "collector.pem")
    head = at.journal.head()
    rotate(at, by="mary", why="it was stolen")
    told = Seal(at="2026-11-01T09:00:00Z", reviewer="mary", version="0", journal=head)
    forged = at.sealed / f"{only(at)}-{'0' * 12}.tar"
    at.sealed.mkdir(exist_ok=True)
    forged.write_bytes(sealed_case(at.case(only(at)), told, [stolen]))
    with pytest.raises(CaseError, match="retired, and the journal knows no such file"):
        export(at, forged, tmp_path / "out.tar", recipient="x", by="mary", why="x")
    with pytest.raises(CaseError, match="retired, and the journal knows no such file"):
        ask_to_export(at, only(at), forged.name, recipient="x", by="mary", why="x")
    stranger = tmp_path / "stranger.pem"
    make_key(stranger)
    forged.write_bytes(sealed_case(at.case(only(at)), told, [read_signer(stranger)]))
    with pytest.raises(CaseError, match="was not sealed by this installation"):
        redact(at, forged, {"member": "x"}, by="mary", why="x", keys=[read_signer(stranger).public])


class Cut(Exception):
    """Where a process is killed."""


@pytest.mark.parametrize("after", range(7))
def test_a_replacement_that_was_cut_off_anywhere_is_finished_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Every write of the replacement in turn is the last that the killed process makes."""
    at = desk(tmp_path)
    at.open(opening(members=2), by="mary")
    first = at.signer.public
    left = [after]

    def until_cut(real: Callable[..., Any]) -> Callable[..., Any]:
        def write(*given: Any, **more: Any) -> Any:
            if left[0] == 0:
                raise Cut
            left[0] -= 1
            return real(*given, **more)

        return write

    with monkeypatch.context() as patch:
        patch.setattr(rotating_module, "durable_write", until_cut(durable_write))
        patch.setattr(rotating_module, "make_private", until_cut(make_private))
        patch.setattr(at.journal, "hand_over", until_cut(at.journal.hand_over))
        patch.setattr(type(at.journal), "_append", until_cut(type(at.journal)._append))
        patch.setattr(Path, "replace", until_cut_of_the_key(until_cut, Path.replace))
        with pytest.raises(Cut):
            rotate(at, by="mary", why="every year")
    other = again(at)
    other.see(only(other), by="joe", why="before it is finished")
    assert journal_faults(other.journal.folder, *vouching(keys_of(other))) == []
    made = rotate(other, by="mary", why="every year")
    assert other.signer.public == made.new != first
    assert [one.kind for one in other.journal.records()].count("key.rotated") == 1
    assert followed([one.statement for one in rotations(keys_of(other))], first) == other.signer.public
    told = next(one for one in other.journal.records() if one.kind == "key.rotated")
    assert told.body["sha256"] == hashlib.sha256(made.statement).hexdigest()
    other.see(only(other), by="joe", why="after it")
    assert journal_faults(other.journal.folder, made.new) == []
    shutil.rmtree(at.workspace.root)


def until_cut_of_the_key(until_cut: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    cut = until_cut(real)
    return lambda path, target: (cut if path.name == "collector.next.pem" else real)(path, target)


def test_a_key_is_replaced_before_there_is_any_journal_and_never_without_a_reason(tmp_path: Path) -> None:
    at = desk(tmp_path)
    old = at.signer.public
    with pytest.raises(CaseError, match="say why"):
        rotate(at, by="mary", why=" ")
    assert at.signer.public == old
    rotate(at, by="mary", why="x")
    assert at.signer.public != old
    assert not at.journal.begun()
    at.open(opening(members=2), by="mary")
    assert at.journal.head().key == at.signer.public.id


def test_a_journal_that_somebody_changed_is_not_vouched_for_by_a_new_key(at: Desk) -> None:
    lines = at.journal.folder / "journal.jsonl"
    lines.write_bytes(lines.read_bytes().replace(b'"seq":1', b'"seq":2'))
    with pytest.raises(TamperingFound):
        rotate(again(at), by="mary", why="x")
    assert not (keys_of(at) / "collector.next.pem").exists()
