"""STIX as it comes from outside, read within bounds: a bundle, a TAXII envelope, a list, or one object."""

from __future__ import annotations

import json
from typing import Any

from stillwatch.forum.words import ForumError

__all__ = ["DEEPEST", "LARGEST", "MOST_OBJECTS", "read_objects"]

LARGEST = 32 * 1024 * 1024
DEEPEST = 24
MOST_OBJECTS = 20_000


def read_objects(data: bytes) -> list[dict[str, Any]]:
    """The STIX objects of some bytes, as they stand; whether they may pass is for the rules to say.

    Raises:
        ForumError: when the bytes are too many, no JSON, too deep, name a field twice, or hold no objects. It repeats nothing.
    """
    if len(data) > LARGEST:
        raise ForumError(f"{len(data):,} bytes, at most {LARGEST:,} are read at once")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
        _no_deeper(value)
    except (RecursionError, _TooDeepError) as error:
        raise ForumError(f"nested deeper than {DEEPEST} levels, which no STIX object is") from error
    except _TwiceError as error:
        raise ForumError("an object names a field twice, which readers read differently") from error
    except ValueError as error:
        raise ForumError("not JSON in UTF-8") from error
    found = _objects(value)
    if len(found) > MOST_OBJECTS:
        raise ForumError(f"{len(found):,} objects, at most {MOST_OBJECTS:,} are read at once")
    return found


class _TwiceError(ValueError):
    pass


class _TooDeepError(ValueError):
    pass


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict) and isinstance(value.get("objects"), list):
        value = value["objects"]
    elif isinstance(value, dict) and "type" in value and value["type"] != "bundle":
        value = [value]
    if not isinstance(value, list) or not all(
        isinstance(one, dict) and isinstance(one.get("type"), str) for one in value
    ):
        raise ForumError("expected a STIX bundle, a TAXII envelope, a list of objects or one object, each with a type")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _no_deeper(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
        if not level:
            return
    raise _TooDeepError
