"""What a log says of itself at one moment: its name, how many leaves it has, and their root (C2SP tlog-checkpoint)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from stillwatch.forum.log.note import Note

__all__ = ["Checkpoint", "read_checkpoint"]

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """`origin` names the log for ever; whoever signs two roots of one size is caught by both signatures."""

    origin: str
    size: int
    root: bytes

    def note(self) -> Note:
        """The text that is signed."""
        return Note(text=f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n")


def read_checkpoint(note: Note) -> Checkpoint:
    """The checkpoint in a note; lines after the third are extensions, which the signatures cover and nobody need know.

    Raises:
        ValueError: when it is none.
    """
    lines = note.text.split("\n")
    try:
        origin, size, root = lines[0], lines[1], base64.b64decode(lines[2], validate=True)
    except (IndexError, binascii.Error) as error:
        raise ValueError("expected an origin, a size and a root, one a line") from error
    if not origin or not _SIZE.fullmatch(size) or len(root) != 32:
        raise ValueError("expected an origin, a size and a root of 32 bytes in base64")
    return Checkpoint(origin=origin, size=int(size), root=root)
