"""Signed notes as other logs write them, and what a forged line is worth."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.cases import Signer
from stillwatch.forum.log import (
    Checkpoint,
    Note,
    NoteKey,
    cosigned,
    key_text,
    read_checkpoint,
    read_key,
    read_note,
    signed,
    signers,
)

LOG = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
WITNESS = Signer(Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32))
POINT = Checkpoint(origin="hub.example/log", size=3, root=bytes(range(32)))
KEYS = [
    NoteKey(name="hub.example/log", key=LOG.public),
    NoteKey(name="lab-a", key=WITNESS.public, witness=True),
]
NEUMANN = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def both() -> Note:
    return cosigned(signed(POINT.note(), "hub.example/log", LOG), "lab-a", WITNESS, at=1_700_000_000)


def test_the_note_of_gos_own_documentation_is_read_and_holds() -> None:
    key = read_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = read_note(NEUMANN)
    assert [one.name for one in signers(note, [key])] == ["PeterNeumann"]
    assert str(note) == NEUMANN


def test_a_checkpoint_carries_the_word_of_the_log_and_of_a_witness_with_its_time() -> None:
    note = read_note(str(both()))
    assert read_checkpoint(note) == POINT
    assert [(one.name, one.at) for one in signers(note, KEYS)] == [("hub.example/log", None), ("lab-a", 1_700_000_000)]


def test_a_changed_text_is_nobodys_word() -> None:
    note = read_note(str(both()).replace("\n3\n", "\n4\n"))
    with pytest.raises(ValueError, match="not over this text"):
        signers(note, KEYS)


def test_a_changed_time_is_not_the_witnesss_word() -> None:
    name, line = both().lines[1]
    moved = Note(text=both().text, lines=(both().lines[0], (name, line[:11] + bytes([line[11] ^ 1]) + line[12:])))
    with pytest.raises(ValueError, match="lab-a"):
        signers(moved, KEYS)


def test_a_line_of_an_unknown_key_proves_nothing() -> None:
    assert signers(both(), []) == []


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_told_by_a_text(key: NoteKey) -> None:
    assert read_key(key_text(key)) == key


@pytest.mark.parametrize("text", ["", "a", "a+b+c", "lab+00000000+" + key_text(KEYS[0]).split("+", 2)[2]])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no signatures\n",
        "text\n\nnot a line\n",
        "text\n\n\u2014 x !!!\n",
        "bell\a\n\n" + NEUMANN.rsplit("\n\n")[1],
        "text\n\n" + NEUMANN.rsplit("\n\n")[1] * 101,
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_note(text)


@pytest.mark.parametrize("text", ["o\n03\n" + "A" * 44 + "\n", "o\n3\nAAAA\n", "o\n-1\nAAAA\n", "o\n"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_checkpoint(Note(text=text))
