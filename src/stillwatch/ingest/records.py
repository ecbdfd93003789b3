"""Bytes to records: lines or whole documents of JSON, with every fault caught where it stands."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from .log_format import Record

__all__ = [
    "AloneOnItsLine",
    "Fault",
    "document_records",
    "holds_records",
    "is_lines",
    "line_records",
    "parse",
    "stands_alone",
    "unwrap",
]

_decode = msgspec.json.Decoder().decode
_BLANK = b" \t\r\n\x00"
_MOST_DIGITS = 4300
"""Digits that Python makes a whole number of; more it refuses, as turning them costs the square of their number."""
_LISTS = ("data", "records", "entries", "items", "results")
_HOLDERS = frozenset(("log", *_LISTS))
_OWN = frozenset(("id", "messages", "response", "request"))
_INNER = re.compile(r'\{\s*(?:"log"\s*:\s*\{.*?)?"(?:data|records|entries|items|results)"\s*:\s*\[', re.DOTALL)


class Fault(msgspec.Struct, frozen=True):
    """A line or element that is no record, and why."""

    reason: str


def _whole(digits: str) -> int | float:
    """A whole number, or, with more digits than Python turns into one at once, a float near it: nothing that counts has so many."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


_scan = json.JSONDecoder(strict=False, parse_int=_whole).raw_decode


def parse(line: bytes) -> tuple[Any, bool]:
    """Read one JSON value; returns it and whether invalid UTF-8 had to be replaced. Control characters in texts and NaN are let pass.

    Raises:
        ValueError: when it is no JSON.
    """
    try:
        return _decode(line), False
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except (msgspec.DecodeError, UnicodeError):
        pass
    repaired = False
    try:
        decoded = line.decode()
    except UnicodeDecodeError:
        decoded = line.decode("utf-8", "replace")
        repaired = True
    try:
        return json.loads(decoded, strict=False, parse_int=_whole), repaired
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


class AloneOnItsLine(msgspec.Struct):
    """Base of types that read a few fields of a line: decoding fails where the line may be a page of records, as `unwrap` tells it."""

    log: None = None
    data: None = None
    records: None = None
    entries: None = None
    items: None = None
    results: None = None


def stands_alone(record: Mapping[str, Any]) -> bool:
    """Whether an object has none of the fields in which pages and archives keep records."""
    return _HOLDERS.isdisjoint(record)


def unwrap(record: Any) -> list[Any] | None:
    """The records inside a page or an archive (`{"data": [...]}`, `{"log": {"entries": [...]}}`), or `None` when it is a record itself."""
    if isinstance(record, list):
        return record
    if not isinstance(record, dict) or _HOLDERS.isdisjoint(record):
        return None
    log = record.get("log")
    if isinstance(log, dict) and isinstance(log.get("entries"), list):
        entries: list[Any] = log["entries"]
        return entries
    if len(record) <= 8:
        for key in _LISTS:
            inner = record.get(key)
            if isinstance(inner, list) and (record.get("object") == "list" or not _OWN & record.keys()):
                return inner if not inner or any(isinstance(element, dict) for element in inner) else None
    return None


def holds_records(head: bytes) -> bool:
    """Whether a document that begins so is a page or an archive of records rather than a record."""
    return _INNER.match(head.lstrip(_BLANK).removeprefix(b"\xef\xbb\xbf")[:4096].decode("utf-8", "replace")) is not None


def is_lines(head: bytes) -> bool:
    """Whether the first line that is not blank or a lone bracket holds a whole JSON value: then each line stands for itself."""
    for line in head.split(b"\n"):
        bare = line.strip(_BLANK).removeprefix(b"\xef\xbb\xbf")
        if not bare or bare in (b"[", b"]"):
            continue
        try:
            value, _ = parse(bare.removesuffix(b","))
        except ValueError:
            return False
        return isinstance(value, dict)
    return False


def line_records(
    data: bytes, first_line: int, wanted: Callable[[int, bytes], bool] | None = None
) -> Iterator[tuple[int, Record | Fault, bool]]:
    """Each line as (line number, record or fault, whether invalid UTF-8 was replaced). Blank lines and lone brackets are no faults.

    A line that is not `wanted` by its number and bytes is passed over undecoded.
    """
    number = first_line - 1
    for line in io.BytesIO(data):
        number += 1
        if wanted is not None and not wanted(number, line):
            continue
        repaired = False
        try:
            value = _decode(line)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            bare = line.strip(_BLANK)
            if not bare:
                continue
            if number == 1:
                bare = bare.removeprefix(b"\xef\xbb\xbf")
            if bare in (b"[", b"]", b"],"):
                continue
            try:
                value, repaired = parse(bare.removesuffix(b","))
            except ValueError as error:
                yield number, Fault(_broken(bare, error)), False
                continue
        if type(value) is dict:
            inner = unwrap(value)
            if inner is None:
                yield number, value, repaired
                continue
        else:
            inner = value if isinstance(value, list) else None
        if inner is None:
            yield number, Fault("got a JSON value that is no object, expected an object"), repaired
            continue
        for element in inner:
            yield (
                number,
                element if isinstance(element, dict) else Fault("got an element that is no object, expected an object"),
                repaired,
            )


def _broken(bare: bytes, error: ValueError) -> str:
    if str(error) == "nested too deeply":
        return "got JSON nested too deeply to read, expected an object"
    if bare[:1] in b"{[" and bare[-1:] not in b"}]":
        return "the line ends in the middle of its JSON"
    return "got a line that is no JSON, expected an object"


def document_records(data: bytes) -> Iterator[tuple[int, Record | Fault, bool]]:
    """Each element of a JSON document (or of several in a row) as (its number from 1, record or fault, whether UTF-8 was replaced).

    A document that breaks off keeps the elements before the break; the rest is one fault.
    """
    bare = data.strip(_BLANK).removeprefix(b"\xef\xbb\xbf")
    if not bare:
        return
    repaired = False
    try:
        value, repaired = parse(bare)
        elements = unwrap(value)
        yield from _elements([value] if elements is None else elements, 0, repaired)
        return
    except ValueError as error:
        if str(error) == "nested too deeply":
            yield 1, Fault("got JSON nested too deeply to read, expected an object"), False
            return
    try:
        decoded = bare.decode()
    except UnicodeDecodeError:
        decoded = bare.decode("utf-8", "replace")
        repaired = True
    inner = _INNER.match(decoded)
    inside = decoded.startswith("[") or inner is not None
    position = inner.end() if inner is not None else (1 if inside else 0)
    number = 0
    while position < len(decoded):
        if decoded[position] in " \t\r\n,\x00":
            position += 1
            continue
        if decoded[position] == "]" and inside:
            return
        try:
            value, position = _scan(decoded, position)
        except (ValueError, RecursionError):
            yield number + 1, Fault("the document ends or breaks in the middle of its JSON"), repaired
            return
        elements = unwrap(value)
        for entry in _elements([value] if elements is None else elements, number, repaired):
            number = entry[0]
            yield entry


def _elements(elements: list[Any], before: int, repaired: bool) -> Iterator[tuple[int, Record | Fault, bool]]:
    for number, element in enumerate(elements, start=before + 1):
        yield (
            number,
            element if isinstance(element, dict) else Fault("got an element that is no object, expected an object"),
            repaired,
        )
