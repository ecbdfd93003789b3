"""What a study of the range says, as records: the content of `result.json`, of the page and of the Markdown.

A result is a title, a question, its answer in sentences that were computed, sections of figures, limits in words, and where it all
came from. A figure is bars, curves, a table or a note. Nothing in a result is formatted: numbers stay numbers, an unknown one is null.
"""

from __future__ import annotations

import math
from enum import StrEnum
from importlib import resources
from typing import Annotated, Any, TypeAlias

import msgspec

from stillwatch.core import Estimate
from stillwatch.core.errors import FormatError

__all__ = [
    "FORM",
    "Bar",
    "Bars",
    "Cell",
    "Column",
    "Curves",
    "Figure",
    "Line",
    "Machine",
    "Note",
    "Point",
    "Provenance",
    "Result",
    "Section",
    "Table",
    "Unit",
    "WorldUsed",
    "bar_of",
    "packaged_schema",
    "point_of",
    "read_result",
    "render_result",
    "result_schema",
]

FORM = "stillwatch.range/1"
"""The form of `result.json`; its number is raised when a field changes its meaning."""


class Unit(StrEnum):
    """What a number counts or measures, and so how it is written."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    SHARE = "share"
    RATE = "rate"
    EVIDENCE = "evidence"
    SECONDS = "seconds"
    FACTOR = "factor"


def _said(meaning: str) -> msgspec.Meta:
    return msgspec.Meta(description=meaning)


_Value: TypeAlias = Annotated[float | None, _said("the measured value; null where nothing could be measured")]
_Low: TypeAlias = Annotated[float | None, _said("low end of the interval; null where there is none")]
_High: TypeAlias = Annotated[float | None, _said("high end of the interval; null where there is none")]
_N: TypeAlias = Annotated[
    int | None, _said("independent units behind the value (worlds, actors, accounts); null where it is exact")
]
_Interval: TypeAlias = Annotated[
    str, _said("what the intervals are: level, method and unit; empty where there are none")
]


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar with its interval."""

    label: str
    value: _Value
    low: _Low = None
    high: _High = None
    n: _N = None
    ours: Annotated[bool, _said("whether it is Stillwatch's own value, not a peer's")] = False
    remark: str = ""


class Bars(msgspec.Struct, frozen=True, kw_only=True, tag="bars", tag_field="kind"):
    """Values side by side, from zero."""

    title: str
    bars: tuple[Bar, ...]
    unit: Unit = Unit.SHARE
    caption: str = ""
    interval: _Interval = ""
    level: Annotated[float | None, _said("a line to hold the bars against, such as a nominal error rate")] = None
    level_name: str = ""
    prominent: Annotated[bool, _said("whether it stands among a study's few first figures")] = False


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One point of a curve with its interval."""

    x: float
    value: _Value
    low: _Low = None
    high: _High = None
    n: _N = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One curve: a method, or a campaign."""

    name: str
    points: tuple[Point, ...]
    ours: Annotated[bool, _said("whether it is Stillwatch's own curve, not a peer's")] = True


class Curves(msgspec.Struct, frozen=True, kw_only=True, tag="curves", tag_field="kind"):
    """How a value changes along a dial that the attacker turns."""

    title: str
    x_name: str
    y_name: str
    lines: tuple[Line, ...]
    x_unit: Unit = Unit.COUNT
    y_unit: Unit = Unit.SHARE
    x_log: bool = False
    caption: str = ""
    interval: _Interval = ""
    level: Annotated[float | None, _said("a line to hold the curves against, such as the false-positive rate")] = None
    level_name: str = ""
    prominent: Annotated[bool, _said("whether it is drawn large, before all others")] = False


Cell: TypeAlias = str | int | float | bool | None
"""One entry of a table; null is unknown."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a table."""

    name: str
    unit: Unit = Unit.TEXT


class Table(msgspec.Struct, frozen=True, kw_only=True, tag="table", tag_field="kind"):
    """Rows under named columns."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: got a row of {len(row)} entries under {len(self.columns)} columns")


class Note(msgspec.Struct, frozen=True, kw_only=True, tag="note", tag_field="kind"):
    """A paragraph that belongs between figures."""

    title: str
    text: str


Figure: TypeAlias = Bars | Curves | Table | Note


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Figures that answer one question."""

    title: str
    lead: str = ""
    figures: tuple[Figure, ...] = ()


class WorldUsed(msgspec.Struct, frozen=True, kw_only=True):
    """One world that was built: the same seed and size give the same content hash on every machine."""

    name: str
    seed: int
    accounts: int
    exchanges: int
    content: Annotated[str, _said("hash of everything in the world")]


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What it ran on."""

    system: str
    processor: str
    cores: int
    memory_gb: Annotated[float | None, _said("null where the system does not tell")]


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where a result came from; enough to make it again."""

    preset: str
    command: str
    date: Annotated[str, _said("when the last world was finished, ISO 8601 in UTC")]
    seed: int
    seeds: Annotated[tuple[int, ...], _said("seeds of all worlds of the study")]
    settings: Annotated[
        dict[str, Any], _said("settings of the study and settings of the detector that differ from their defaults")
    ]
    versions: Annotated[dict[str, str], _said("versions of Stillwatch, Python and what numbers depend on")]
    machine: Machine
    worlds: tuple[WorldUsed, ...]
    cpu_seconds: Annotated[float, _said("processor time of all worlds together, those of earlier runs included")]
    prompts: Annotated[str, _said("where prompts came from: the pack, and a hidden folder by its content hash")] = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One study: the content of `result.json`."""

    preset: str
    title: str
    question: str
    answer: Annotated[tuple[str, ...], _said("the answer in sentences, computed from the figures below")]
    sections: tuple[Section, ...]
    limits: Annotated[tuple[str, ...], _said("what the study cannot say")]
    provenance: Provenance
    form: str = FORM


def point_of(x: float, estimate: Estimate) -> Point:
    """A measured value as a point; what is not finite is unknown."""
    return Point(x=x, value=_known(estimate.value), low=_known(estimate.low), high=_known(estimate.high), n=estimate.n)


def bar_of(label: str, estimate: Estimate, *, ours: bool = False, remark: str = "") -> Bar:
    """A measured value as a bar; what is not finite is unknown."""
    return Bar(
        label=label,
        value=_known(estimate.value),
        low=_known(estimate.low),
        high=_known(estimate.high),
        n=estimate.n,
        ours=ours,
        remark=remark,
    )


def _known(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def render_result(result: Result) -> bytes:
    """A result as indented JSON in UTF-8 that keeps the schema."""
    return msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n"


def read_result(data: bytes, name: str = "result.json") -> Result:
    """The result that `render_result` wrote.

    Raises:
        FormatError: when the bytes are no such JSON; the message names the field.
    """
    try:
        result = msgspec.json.decode(data, type=Result)
    except (msgspec.DecodeError, ValueError) as error:
        raise FormatError(f"{name}: got {error}, expected the JSON of a study (form {FORM})") from error
    if result.form != FORM:
        raise FormatError(f"{name}: got form {result.form}, expected {FORM}")
    return result


def result_schema() -> bytes:
    """The JSON Schema (2020-12) of `render_result`, as `result.schema.json` holds it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A study of Stillwatch's range",
        **msgspec.json.schema(Result),
    }
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=1) + b"\n"


def packaged_schema() -> bytes:
    """The schema as it was packaged."""
    return resources.files("stillwatch.range").joinpath("result.schema.json").read_bytes()
