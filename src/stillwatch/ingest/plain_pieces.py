"""Plain lines of formats whose exchanges lie in several records: decoded one by one, put together by key, read many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from .clean import Reading
from .exchanges import Exchanges
from .plain import NOT_PLAIN, PlainLine

__all__ = ["Piece", "PlainPieces"]

Line = TypeVar("Line", bound=PlainLine)
Item = TypeVar("Item")


class Piece(NamedTuple):
    """Part of an exchange: the record or sub-record, and where it stood; `raw` is its line where `value` is a decoded plain one."""

    value: Any
    line: int
    source: int
    raw: bytes = b""


class PlainPieces(Generic[Line, Item]):
    """How a format's plain lines are decoded, and how the pieces of one key are put together and read, an exchange for each key.

    `key` gives what a line's pieces are joined by, or `None` where it is not plain after all; `together` makes an item of all pieces of
    one key, in file order, or `None` where they are not plain together. `moment` gives the time that a line tells, which is looked at
    only where some exchange has none of its own; `at` tells an item's time and `field` what that is called. `read` makes columns of many
    items, all but the times; `spelled` looks at a line before all else, where its type alone cannot tell whether it is plain.
    """

    def __init__(
        self,
        line_type: type[Line],
        *,
        key: Callable[[Line], str | None],
        together: Callable[[Sequence[Piece]], Item | None],
        at: Callable[[Item], Any],
        field: str,
        read: Callable[[Sequence[Item], Reading], Exchanges],
        moment: Callable[[Line], int | None] = lambda _line: None,
        spelled: Callable[[bytes], bool] = lambda _line: True,
    ) -> None:
        self.together = together
        self.at = at
        self.field = field
        self.read = read
        self.moment = moment
        self._key = key
        self._spelled = spelled
        self._decode = msgspec.json.Decoder(line_type).decode

    def decoded(self, line: bytes) -> tuple[str, Line] | None:
        """A line's key and what stands on it, `None` where it is not plain or no JSON."""
        try:
            if not line.isascii():
                line.decode()
            found = self._decode(line)
            key = self._key(found)
            return (key, found) if key is not None and self._spelled(line) else None
        except NOT_PLAIN:
            return None
