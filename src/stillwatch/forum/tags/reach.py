"""Where a member finds the custodians, and what it pinned: one TOML file beside the tokens.

pins = "pins.json"                          # statements of keys, relative to this file

[custodians.north]
url = "https://tags.north.example"
token_file = "north.token"                  # readable by its owner alone
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from stillwatch.engine import durable_write
from stillwatch.forum.tags.client import Tagged, tag_values
from stillwatch.forum.tags.committed import Committee, Statement, committee, read_statements
from stillwatch.forum.tags.kinds import Kind
from stillwatch.forum.tags.refusals import TagError
from stillwatch.forum.tags.remote import asking

__all__ = ["Reach", "pin", "read_reach"]


class _At(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str
    token_file: str


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pins: str
    custodians: dict[str, _At]


class Reach:
    """The custodians as one member reaches them."""

    def __init__(self, file: _File, beside: Path) -> None:
        self._file, self._beside = file, beside

    def committee(self, epoch: str | None, today: dt.date) -> Committee:
        """The pinned committee of an epoch, or of the newest that is open."""
        statements = read_statements((self._beside / self._file.pins).read_bytes())
        return committee(statements, epoch, today=today)

    async def tag(self, held: Committee, kind: Kind, values: Sequence[str], *, allow_dense: bool = False) -> Tagged:
        """Tags of raw values from all custodians; see `client.tag_values`."""
        async with AsyncExitStack() as stack:
            asks = {
                name: await stack.enter_async_context(asking(at.url, self._token(at)))
                for name, at in self._file.custodians.items()
            }
            return await tag_values(held, asks, kind, values, allow_dense=allow_dense)

    def _token(self, at: _At) -> str:
        path = self._beside / at.token_file
        if path.stat().st_mode & 0o077:
            raise TagError(f"{path}: others can read it; chmod 600, and ask the custodian for a new token")
        return path.read_text().strip()


def read_reach(path: Path) -> Reach:
    """The file that says where the custodians are.

    Raises:
        TagError: when it is not as above.
    """
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise TagError(f"{path}: {error}") from error
    return Reach(found, path.parent)


def pin(path: Path, published: Sequence[Path], today: dt.date) -> Sequence[Statement]:
    """Pin the statements that the custodians published, each proven to be of keys that they hold; those pinned before stay.

    Raises:
        TagError: when a custodian says something else of an epoch than was pinned: compare with other members.
        NotProven: when a key comes without proof that it is held.
    """
    kept = {(s.custodian, s.epoch): s for s in (read_statements(path.read_bytes()) if path.exists() else ())}
    for file in published:
        for statement in read_statements(file.read_bytes()):
            before = kept.setdefault((statement.custodian, statement.epoch), statement)
            if before.digest != statement.digest:
                raise TagError(
                    f"{file}: custodian {statement.custodian!r} now says other keys for epoch {statement.epoch} than were pinned;"
                    " it may be tracking somebody: compare digests with other members"
                )
    statements = sorted((s for s in kept.values() if s.closes > today), key=lambda s: (s.epoch, s.custodian))
    for epoch in sorted({s.epoch for s in statements}):
        committee(tuple(statements), epoch, today=today)
    durable_write(path, msgspec.json.format(msgspec.json.encode(statements), indent=1) + b"\n")
    return statements
