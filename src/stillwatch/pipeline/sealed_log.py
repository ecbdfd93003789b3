"""Every file that was ever sealed here as one leaf of a tree (RFC 6962): nobody adds one with an older date, or takes one out, unseen.

A leaf is the SHA-256 of a sealed, stamped or redacted file, in the order of the journal, so the tree follows from the journal and nothing
else is kept. A checkpoint is its size and root, signed by the collector in the form that transparency logs speak (C2SP tlog-checkpoint):
who holds yesterday's is shown that today's only adds to it. A proof (C2SP tlog-proof) goes with a file and is checked offline.

Misled by: a checkpoint that nobody outside holds proves nothing; send it to counsel, a regulator or another lab now and then.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.cases import SEALED_KINDS, Desk, PublicKey
from stillwatch.core import CaseError, TamperingFound
from stillwatch.forum.log import (
    Checkpoint,
    NoteKey,
    included,
    leaf_hash,
    read_checkpoint,
    read_note,
    signed,
    signers,
    tree,
)

__all__ = ["Included", "checked_proof", "grown", "log_checkpoint", "log_proof"]

_FORM = "c2sp.org/tlog-proof@v1"
_MOST_HASHES = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Included:
    """A file's place in the log: the leaf's number, counted from 0, how many leaves there were, and who signed that."""

    index: int
    size: int
    origin: str
    signed: tuple[str, ...]


def log_checkpoint(desk: Desk) -> str:
    """Size and root of the log as it stands, signed by the collector."""
    leaves = _leaves(desk)
    return _checkpoint(desk, _nodes(leaves), len(leaves))


def log_proof(desk: Desk, data: bytes) -> str:
    """The proof that a file of this installation is in the log.

    Raises:
        CaseError: when no record of the journal says that this very file was made.
    """
    leaves, leaf = _leaves(desk), _leaf(data)
    if leaf not in leaves:
        raise CaseError("the journal knows no sealed file of these bytes")
    index, size, nodes = leaves.index(leaf), len(leaves), _nodes(leaves)
    return _written(index, tree.inclusion(nodes, index, size), _checkpoint(desk, nodes, size))


def checked_proof(data: bytes, proof: str, keys: Sequence[PublicKey]) -> Included:
    """What a proof says of a file, offline.

    Raises:
        TamperingFound: when it is no proof of this file, or none of the keys signed its checkpoint.
    """
    try:
        head, _, note_text = proof.partition("\n\n")
        form, numbered, *hashes = head.split("\n")
        word, _, number = numbered.partition(" ")
        if (
            form != _FORM
            or word != "index"
            or not (number.isascii() and number.isdigit())
            or len(hashes) > _MOST_HASHES
        ):
            raise ValueError("no proof of a transparency log")
        path = [base64.b64decode(one, validate=True) for one in hashes]
        note = read_note(note_text)
        if _written(int(number), path, str(note)) != proof:
            raise ValueError("not in the form in which proofs are written")
        checkpoint = read_checkpoint(note)
        found = signers(note, [NoteKey(name=checkpoint.origin, key=key) for key in keys])
        if not found:
            raise ValueError("none of the keys that were given signed the checkpoint")
        if not included(_leaf(data), int(number), checkpoint.size, path, checkpoint.root):
            raise ValueError("the file is not at that place of the log")
    except ValueError as error:
        raise TamperingFound([f"proof: {error}"]) from error
    return Included(
        index=int(number), size=checkpoint.size, origin=checkpoint.origin, signed=tuple(one.name for one in found)
    )


def grown(desk: Desk, earlier: str) -> Checkpoint:
    """An earlier checkpoint of this log, if today's only adds to it.

    Raises:
        TamperingFound: when it is not of this log, or something in it was changed, moved or taken out since.
    """
    try:
        note = read_note(earlier)
        checkpoint = read_checkpoint(note)
        ours = signers(note, [NoteKey(name=_origin(desk), key=key) for key in desk.own_keys])
    except ValueError as error:
        raise TamperingFound([f"checkpoint: {error}"]) from error
    leaves = _leaves(desk)
    if not ours or checkpoint.origin != _origin(desk):
        raise TamperingFound(["checkpoint: not one of this installation's"])
    if checkpoint.size > len(leaves) or tree.root(_nodes(leaves), checkpoint.size) != checkpoint.root:
        raise TamperingFound([f"log: is not what it was when its {checkpoint.size} files were signed"])
    return checkpoint


def _written(index: int, path: Sequence[bytes], checkpoint: str) -> str:
    return "\n".join([_FORM, f"index {index}", *(base64.b64encode(one).decode() for one in path), "", checkpoint])


def _leaves(desk: Desk) -> list[bytes]:
    return [leaf_hash(bytes.fromhex(told.record.body["sha256"])) for told in desk.book().of_kinds(*SEALED_KINDS)]


def _leaf(data: bytes) -> bytes:
    return leaf_hash(hashlib.sha256(data).digest())


def _nodes(leaves: Sequence[bytes]) -> tree.MemoryNodes:
    nodes = tree.MemoryNodes()
    for size, leaf in enumerate(leaves):
        tree.append(nodes, size, leaf)
    return nodes


def _origin(desk: Desk) -> str:
    """The log's name: that of the journal."""
    return f"stillwatch/{desk.journal.head().journal}"


def _checkpoint(desk: Desk, nodes: tree.MemoryNodes, size: int) -> str:
    checkpoint = Checkpoint(origin=_origin(desk), size=size, root=tree.root(nodes, size))
    return str(signed(checkpoint.note(), checkpoint.origin, desk.signer))
