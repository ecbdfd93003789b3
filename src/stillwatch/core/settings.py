"""Settings: one TOML file, read once and passed on. Unknown keys are errors, and every fault is reported at once.

Each setting carries its meaning and bounds where it is declared; the reference page in the docs is generated from here.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import itertools
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillwatch.core.errors import Fault, SettingsError

__all__ = [
    "ActorSettings",
    "BudgetSettings",
    "DetectSettings",
    "IngestSettings",
    "KeepSettings",
    "RunSettings",
    "Settings",
    "read_settings",
    "settings_from",
]


def _setting(
    default: Any,
    meaning: str,
    *,
    low: float | None = None,
    high: float | None = None,
    among: tuple[str, ...] | None = None,
) -> Any:
    return field(default=default, metadata={"meaning": meaning, "low": low, "high": high, "among": among})


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestSettings:
    """How logs are read."""

    max_line_bytes: int = _setting(33_554_432, "longest line that is read; a longer one is rejected", low=1024)
    future_hours: int = _setting(
        24, "how far ahead of the clock a timestamp may lie before its row is rejected", low=0, high=8760
    )
    default_account: str = _setting("", "account of rows whose log names none; empty: they stay unattributed")
    scaffolds: str = _setting(
        "", "TOML file of further public harness texts, each a [[scaffold]] with name and text; empty: only those known"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetSettings:
    """What may be wrong of what is proposed for single accounts: the harder an action hits, the less. None may exceed the one above it."""

    review: float = _setting(
        0.05, "expected share of wrong ones among the accounts put up for review", low=1e-6, high=0.5
    )
    verify: float = _setting(0.02, "the same among those for which a check of identity is proposed", low=1e-6, high=0.5)
    throttle: float = _setting(
        0.01, "the same among those for which a lower rate limit is proposed", low=1e-6, high=0.5
    )
    block: float = _setting(0.001, "the same among those that a person is asked to block", low=1e-6, high=0.5)


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectSettings:
    """How single accounts are weighed."""

    budgets: BudgetSettings = field(default_factory=BudgetSettings)
    contamination: float = _setting(
        0.1, "share of accounts that may be guilty before the p-values lose their promise", low=0.0, high=0.4
    )
    least_stratum: int = _setting(
        200, "accounts that a product type needs to be calibrated alone; smaller ones are pooled", low=20
    )
    poisoned: float = _setting(
        0.01,
        "share of the cleared accounts that may be hostile before the p-values lose their promise",
        low=0.0,
        high=0.4,
    )
    window_days: int = _setting(
        30, "days up to the last one of the logs on which single accounts are measured and compared", low=1
    )
    watch_from: str = _setting(
        "",
        "day such as 2026-08-01 from which product types whose guarantee is off, or that are short of cleared accounts, start anew; "
        "empty: they stay so",
    )
    clearance_days: int = _setting(365, "days for which a clearance counts, where it says when it was given", low=1)
    standing_days: int = _setting(
        14, "days for which a step that the machine proposes stands, unless it is concluded again", low=1, high=365
    )

    @property
    def begins(self) -> dt.date | None:
        """`watch_from` as a date."""
        return dt.date.fromisoformat(self.watch_from) if self.watch_from else None


@dataclass(frozen=True, kw_only=True, slots=True)
class ActorSettings:
    """How candidate actors are found and tested."""

    actor_fdr: float = _setting(
        0.05, "expected share of wrong ones among the actors put up for review", low=1e-6, high=0.5
    )
    family_support: int = _setting(
        20, "distinct accounts that must send a phrase before it counts as a template's", low=3
    )
    least_members: int = _setting(10, "accounts that a candidate needs", low=3)
    hub_share: float = _setting(
        0.02, "share of all accounts beyond which a shared thing links nobody", low=1e-6, high=1.0
    )
    max_candidates: int = _setting(200, "candidates that are tested in one run, densest first", low=1)
    window_days: int = _setting(
        0,
        "days up to the last one of the logs in which actors are sought and tested; 0: all. With 1, a day costs what a day holds, and "
        "actors of earlier days are known again by what is kept of them",
        low=0,
    )
    evidence_half_life_days: int = _setting(
        30,
        "days unseen after which a tracked actor's evidence counts half, one idle day as much as another; 0: never less",
        low=0,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSettings:
    """What a run may use."""

    workers: int = _setting(0, "processes for reading and featurising; 0: one a core", low=0, high=256)
    engine: str = _setting(
        "duckdb", "what detection runs on: duckdb, in this process, or spark (extra `spark`)", among=("duckdb", "spark")
    )
    spark_master: str = _setting("local[2]", "where Spark runs: local with so many threads, or a cluster's address")
    memory_mb: int = _setting(1500, "memory that the query engine may take before it spills to disk", low=200)
    seed: int = _setting(0, "seed of every permutation and sample", low=0)
    examples: int = _setting(3, "redacted examples of a family that the report may show", low=0, high=20)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepSettings:
    """For how long what was read is kept. `stillwatch tidy` carries it out; what is under legal hold stays."""

    text_days: int = _setting(
        0, "days after which prompts, answers and instructions are blanked; their numbers stay; 0: never", low=0
    )
    days: int = _setting(0, "days after which exchanges and what was measured of them are dropped; 0: never", low=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseSettings:
    """What a scan does about cases by itself; it decides none."""

    open: str = _setting(
        "never",
        "whether a scan opens a case for every actor for review that has none: `never` leaves that to people, `review` does",
        among=("never", "review"),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything that can be set."""

    ingest: IngestSettings = field(default_factory=IngestSettings)
    detect: DetectSettings = field(default_factory=DetectSettings)
    actors: ActorSettings = field(default_factory=ActorSettings)
    run: RunSettings = field(default_factory=RunSettings)
    keep: KeepSettings = field(default_factory=KeepSettings)
    cases: CaseSettings = field(default_factory=CaseSettings)

    def values(self) -> dict[str, Any]:
        """Every setting by path such as `detect.budgets.review`."""
        return dict(_values(self, ""))

    def changed(self) -> dict[str, Any]:
        """The settings that differ from their defaults, by path."""
        plain = Settings().values()
        return {path: value for path, value in self.values().items() if value != plain[path]}


def _values(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for one in dataclasses.fields(group):
        value = getattr(group, one.name)
        if dataclasses.is_dataclass(value):
            yield from _values(value, f"{path}{one.name}.")
        else:
            yield f"{path}{one.name}", value


def read_settings(path: Path | None) -> Settings:
    """Read a settings file; the defaults when there is none.

    Raises:
        SettingsError: with every fault of the file.
    """
    if path is None or not path.exists():
        return Settings()
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(path=str(path), message=f"not TOML: {error}")]) from error
    return settings_from(raw)


def settings_from(raw: Mapping[str, Any]) -> Settings:
    """Turn a parsed TOML document into settings.

    >>> settings_from({"detect": {"least_stratum": 300}}).detect.least_stratum
    300

    Raises:
        SettingsError: with every fault at once.
    """
    faults: list[Fault] = []
    settings = _build(Settings, raw, "", faults)
    faults += _unordered(settings.detect.budgets)
    faults += _undated(settings.detect)
    if faults:
        raise SettingsError(faults)
    return typing.cast(Settings, settings)


def _build(kind: type, raw: Mapping[str, Any], path: str, faults: list[Fault]) -> Any:
    hints = typing.get_type_hints(kind)
    fields = {one.name: one for one in dataclasses.fields(kind)}
    given: dict[str, Any] = {}
    for key, value in raw.items():
        here = f"{path}{key}"
        if key not in fields:
            faults.append(Fault(path=here, message=_unknown(key, list(fields))))
        elif dataclasses.is_dataclass(hints[key]):
            if isinstance(value, Mapping):
                given[key] = _build(typing.cast(type, hints[key]), value, f"{here}.", faults)
            else:
                faults.append(Fault(path=here, message=f"got {_shown(value)}, expected a table such as [{here}]"))
        elif (message := _wrong(value, hints[key], fields[key].metadata)) is not None:
            faults.append(Fault(path=here, message=message))
        else:
            given[key] = float(value) if hints[key] is float else value
    return kind(**given)


def _unordered(budgets: BudgetSettings) -> Iterator[Fault]:
    """Budgets that allow more errors than that of a milder action."""
    names = [one.name for one in dataclasses.fields(budgets)]
    for milder, harder in itertools.pairwise(names):
        most, got = getattr(budgets, milder), getattr(budgets, harder)
        if got > most:
            message = f"got {got:g}, expected no more than detect.budgets.{milder} ({most:g})"
            yield Fault(path=f"detect.budgets.{harder}", message=message)


def _undated(detect: DetectSettings) -> Iterator[Fault]:
    """A day that is none."""
    try:
        _ = detect.begins
    except ValueError:
        message = f'got {_shown(detect.watch_from)}, expected a day such as "2026-08-01"'
        yield Fault(path="detect.watch_from", message=message)


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=2, cutoff=0.5)
    return f"unknown; did you mean {' or '.join(near)}?" if near else f"unknown; known are {', '.join(known)}"


def _wrong(value: Any, expected: Any, metadata: types.MappingProxyType[Any, Any]) -> str | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        int: number and isinstance(value, int),
        float: number,
        str: isinstance(value, str),
        bool: isinstance(value, bool),
    }
    if fits[expected] and metadata["among"] is not None and value not in metadata["among"]:
        return f"got {_shown(value)}, expected one of {', '.join(metadata['among'])}"
    words = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}[expected]
    low, high = metadata["low"], metadata["high"]
    bounds = " and ".join(f"{sign} {bound:g}" for sign, bound in ((">=", low), ("<=", high)) if bound is not None)
    wanted = f"{words} {bounds}".strip()
    if not fits[expected]:
        return f"got {_shown(value)}, expected {wanted}"
    if number and not ((low is None or value >= low) and (high is None or value <= high)):  # no bound holds nan
        return f"got {value:g}, expected {wanted}"
    return None


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
