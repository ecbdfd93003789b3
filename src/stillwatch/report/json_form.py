"""The view as JSON, and back: what other programs read. Its schema is packaged as `schema.json`."""

from __future__ import annotations

import math
import re
import sys
from importlib import resources
from typing import Any

import msgspec

from stillwatch.core.errors import FormatError
from stillwatch.report.view import ScanView

__all__ = ["json_schema", "packaged_schema", "read_json", "render_json"]

_SURROGATE = re.compile("[\ud800-\udfff]")


def render_json(view: ScanView) -> bytes:
    """One scan as compact JSON in UTF-8 that keeps `schema.json`; unknown is null.

    JSON knows no infinity: an infinite e-value becomes the largest number there is. Lone surrogates become U+FFFD.
    """
    return msgspec.json.encode(_plain(msgspec.to_builtins(view)))


def read_json(data: bytes) -> ScanView:
    """The view that `render_json` wrote.

    Raises:
        FormatError: when the bytes are no such JSON; the message names the field.
    """
    try:
        return msgspec.json.decode(data, type=ScanView)
    except (msgspec.DecodeError, ValueError) as error:
        raise FormatError(f"report: got {error}, expected the JSON of a scan (form stillwatch.scan/1)") from error


def json_schema() -> bytes:
    """The JSON Schema (2020-12) of `render_json`, as `schema.json` holds it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stillwatch scan",
        **msgspec.json.schema(ScanView),
    }
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=1) + b"\n"


def packaged_schema() -> bytes:
    """The schema as it was packaged."""
    return resources.files("stillwatch.report").joinpath("schema.json").read_bytes()


def _plain(value: Any) -> Any:
    """The value with what JSON or UTF-8 cannot hold replaced."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if kind is float:
        return value if math.isfinite(value) else _finite(value)
    if kind is dict:
        return {key: _plain(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_plain(item) for item in value]
    return value


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else math.copysign(sys.float_info.max, value)
