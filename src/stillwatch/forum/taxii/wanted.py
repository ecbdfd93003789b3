"""What a client asks for: filters, page and place, read once from the query string."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from stillwatch.forum.taxii.wire import Refusal, micros, version_key

__all__ = ["MOST_LIMIT", "Wanted", "next_mark", "read_wanted"]

MOST_LIMIT = 10**18 - 1
"""Largest `limit` that is read; a page is never longer than the hub's own, whatever a client asks for (TAXII 2.1, 3.4)."""

_MOST_VALUES = 200
_MARK_BYTES = 13
_WORDS = ("first", "last", "all")
_SPECS = ("2.0", "2.1")
_VALUE = re.compile(r"[A-Za-z0-9.:+_-]{1,300}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One page: at most `limit` objects added after `after` (microseconds; exclusive) that match.

    `specs` None means the newest kind of STIX that there is of each object; `versions` are first, last, all and keys of versions.
    """

    limit: int
    after: int = -(1 << 62)
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    specs: tuple[str, ...] | None = None
    versions: tuple[str, ...] = ("last",)

    @property
    def match(self) -> str:
        """The filters in one text, equal for equal filters; neither place nor page."""
        return "|".join(
            ",".join(one) for one in (self.ids, self.types, ("*",) if self.specs is None else self.specs, self.versions)
        )


def read_wanted(
    query: bytes, *, most: int, key: bytes, scope: str, allowed: tuple[str, ...], versions: str = "last"
) -> Wanted:
    """Read a query string.

    Args:
        query: As it came.
        most: Most objects of a page.
        key: What `next_mark` was given.
        scope: What the request is about; a mark of another scope is refused.
        allowed: Fields that match[...] may name here.
        versions: What is meant when match[version] is not given.

    Raises:
        Refusal: 400, with the parameter at fault.
    """
    asked = _asked(query)
    matches = {field: _values(asked.pop(f"match[{field}]", None)) for field in allowed}
    for name in asked:
        if name.startswith("match["):
            raise Refusal(400, f"{name[:60]}: expected one of {', '.join(f'match[{one}]' for one in allowed)} here")
    after = _moment(asked.get("added_after"))
    wanted = Wanted(
        limit=min(_limit(asked.get("limit"), most), most),
        ids=matches.get("id") or (),
        types=matches.get("type") or (),
        specs=_specs(matches.get("spec_version")),
        versions=_versions(matches.get("version") or (versions,)),
        **({} if after is None else {"after": after}),
    )
    if (mark := asked.get("next")) is None:
        return wanted
    place = _place(mark[0], key, f"{scope}|{wanted.match}")
    return Wanted(
        limit=wanted.limit,
        after=max(place, wanted.after),
        ids=wanted.ids,
        types=wanted.types,
        specs=wanted.specs,
        versions=wanted.versions,
    )


def next_mark(place: int, key: bytes, scope: str, wanted: Wanted) -> str:
    """Where the next page begins, as a text that means nothing to the client and cannot be made up."""
    raw = place.to_bytes(8, "big", signed=True)
    return base64.urlsafe_b64encode(raw + _seal(raw, key, f"{scope}|{wanted.match}")).decode()


def _asked(query: bytes) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError as error:
        raise Refusal(400, "the query string is not one, or has more than 50 parameters") from error
    asked: dict[str, list[str]] = {}
    for name, value in pairs:
        asked.setdefault(name, []).append(value)
    for name in ("limit", "added_after", "next"):
        if len(asked.get(name, [])) > 1:
            raise Refusal(400, f"{name}: is there more than once")
    return asked


def _values(given: list[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    values = sorted({one.strip() for text in given for one in text.split(",")})
    if not all(_VALUE.fullmatch(one) for one in values):
        raise Refusal(400, "match[...]: expected ids, types or versions, joined by commas")
    if len(values) > _MOST_VALUES:
        raise Refusal(400, f"match[...]: got {len(values)} values, expected at most {_MOST_VALUES}")
    return tuple(values)


def _limit(given: list[str] | None, most: int) -> int:
    if given is None:
        return most
    if not (given[0].isascii() and given[0].isdigit() and len(given[0]) <= 40 and 0 < int(given[0]) <= MOST_LIMIT):
        raise Refusal(400, f"limit: got {given[0][:40]!r}, expected a whole number from 1 to {MOST_LIMIT}")
    return int(given[0])


def _moment(given: list[str] | None) -> int | None:
    if given is None:
        return None
    try:
        return micros(given[0])
    except ValueError as error:
        raise Refusal(400, f"added_after: {error}") from error


def _specs(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(one for one in _SPECS if one in values)


def _versions(values: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(sorted(one if one in _WORDS else version_key(one) for one in values))
    except ValueError as error:
        raise Refusal(400, f"match[version]: {error}, or first, last or all") from error


def _place(mark: str, key: bytes, scope: str) -> int:
    try:
        raw = base64.b64decode(mark.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 8 + _MARK_BYTES or raw[8:] != _seal(raw[:8], key, scope):
        raise Refusal(400, "next: expected what the last page gave, with the same filters", code="unknown_next")
    return int.from_bytes(raw[:8], "big", signed=True)


def _seal(raw: bytes, key: bytes, scope: str) -> bytes:
    return hashlib.blake2b(raw + scope.encode(), digest_size=_MARK_BYTES, key=key, person=b"taxii next").digest()
