"""JSON in the one form that RFC 8785 allows, so that equal values are equal bytes and a hash of them means something.

Keys are sorted by UTF-16 code units, numbers are written as ECMAScript writes doubles, strings with the fewest escapes. What a double
cannot hold (whole numbers beyond it, NaN, infinity) and what UTF-8 cannot hold (lone surrogates) is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

__all__ = ["canonical", "read_canonical"]

_EXACT = 1 << 53
"""Whole numbers up to here are doubles without a gap."""


def canonical(value: Any) -> bytes:
    """The canonical bytes of a value made of mappings, lists, texts, numbers, truth values and None (RFC 8785).

    >>> canonical({"b": [1.0, 1e30], "a": "é"})
    b'{"a":"\\xc3\\xa9","b":[1,1e+30]}'

    Raises:
        ValueError: on what has no canonical form.
    """
    try:
        return _written(value).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read_canonical(data: bytes) -> Any:
    """The value of canonical bytes; no other bytes have it.

    Raises:
        ValueError: when the bytes are no JSON, or not in canonical form.
    """
    try:
        value = json.loads(data.decode(), parse_int=_read_whole)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if canonical(value) != data:
        raise ValueError("not in canonical form (RFC 8785)")
    return value


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return encode_basestring(value)  # as json.dumps writes it, without making an encoder for each text
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("got a key that is no text")
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_written(key)}:{_written(value[key])}" for key in keys) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_written, value)) + "]"
    raise ValueError(f"got a {type(value).__name__}, expected what JSON can hold")


def _whole(value: int) -> str:
    if abs(value) < _EXACT:
        return str(int(value))
    try:
        near = float(value)
    except OverflowError as error:
        raise ValueError("got a whole number that no double can hold") from error
    told = _double(near)
    if int(near) != value and told != str(value):
        raise ValueError(f"got {value}, which no double can hold exactly")
    return told


def _read_whole(digits: str) -> int | float:
    value = int(digits)
    return value if abs(value) < _EXACT else float(digits)


def _double(value: float) -> str:
    """A double as ECMAScript writes it (ECMA-262, Number::toString): the fewest digits that give it back."""
    if not math.isfinite(value):
        raise ValueError(f"got {value}, expected a finite number")
    if value == 0:
        return "0"
    told = Decimal(repr(abs(value))).as_tuple()
    digits = "".join(map(str, told.digits)).rstrip("0") or "0"
    point = int(told.exponent) + len(told.digits)
    sign = "-" if value < 0 else ""
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'+' if point > 0 else '-'}{abs(point - 1)}"
