"""The log of sealed files: a proof goes with a file, and a checkpoint that somebody holds binds all that came before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cases.desk import SIGNER, desk, opening

from stillwatch.cases import Desk, redact, seal
from stillwatch.core import CaseError, TamperingFound
from stillwatch.forum.log import read_checkpoint, read_note
from stillwatch.pipeline import checked_proof, grown, log_checkpoint, log_proof


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """A desk with five sealed files, one of them redacted."""
    made = desk(tmp_path)
    case = made.open(opening(), by="mary").id
    paths = [seal(made, case, by="mary", why=f"for counsel, {number}") for number in range(4)]
    redact(made, paths[1], {"member": "bystanders"}, by="mary", why="bystanders")
    return made


def test_every_sealed_file_is_proved_to_be_in_the_log_offline(at: Desk) -> None:
    keys = [at.signer.public]
    places = set()
    for path in at.sealed.glob("*.tar"):
        data = path.read_bytes()
        told = checked_proof(data, log_proof(at, data), keys)
        places.add(told.index)
        assert told.size == 5
        with pytest.raises(TamperingFound, match="not at that place"):
            checked_proof(data + b" ", log_proof(at, data), keys)
    assert places == set(range(5))
    with pytest.raises(CaseError, match="knows no sealed file"):
        log_proof(at, b"another")


def test_no_changed_proof_and_no_stranger_is_believed(at: Desk) -> None:
    data = next(at.sealed.glob("*.tar")).read_bytes()
    proof = log_proof(at, data)
    with pytest.raises(TamperingFound, match="none of the keys"):
        checked_proof(data, proof, [SIGNER.public])
    for place in range(len(proof)):
        changed = proof[:place] + chr(ord(proof[place]) ^ 1) + proof[place + 1 :]
        with pytest.raises(TamperingFound):
            checked_proof(data, changed, [at.signer.public])
    for broken in ("", "x", proof[:-30], proof.replace("index ", "index -")):
        with pytest.raises(TamperingFound):
            checked_proof(data, broken, [at.signer.public])


def test_a_later_log_only_adds_to_the_checkpoint_that_somebody_holds(at: Desk, tmp_path: Path) -> None:
    held = log_checkpoint(at)
    assert read_checkpoint(read_note(held)).size == 5
    seal(at, next(iter(at.cases())), by="joe", why="later")
    assert grown(at, held).size == 5
    assert read_checkpoint(read_note(log_checkpoint(at))).size == 6
    other = desk(tmp_path / "other")
    seal(other, other.open(opening(), by="mary").id, by="mary", why="x")
    with pytest.raises(TamperingFound, match="not one of this"):
        grown(other, held)
    with pytest.raises(TamperingFound):
        grown(at, held.replace("\n5\n", "\n4\n"))


def test_a_journal_written_anew_by_who_holds_the_key_is_told_from_the_checkpoint(at: Desk) -> None:
    held = log_checkpoint(at)
    files = [at.journal.folder / name for name in ("journal.head", "journal.jsonl")]
    before = [path.read_bytes() for path in files]
    case = next(iter(at.cases()))
    seal(at, case, by="mary", why="the sixth")
    sixth = log_checkpoint(at)
    for path, data in zip(files, before, strict=True):
        path.write_bytes(data)
    assert grown(Desk(at.workspace), held).size == 5
    seal(at, case, by="mary", why="another sixth in its place")
    with pytest.raises(TamperingFound, match="is not what it was"):
        grown(at, sixth)
