"""A study of `stillwatch range run` as figures of the page: every bar of its plots beside its interval, and all its figures."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
from figures import Figures, bar

from stillwatch.range import PRESETS, run_preset
from stillwatch.range.page import render_markdown
from stillwatch.range.results import Bar, Bars, Result, Unit
from stillwatch.range.studies.figures import GLANCE
from stillwatch.range.studies.order import Order, Tell

STUDIES = tuple(name for name in PRESETS if name not in ("smoke", "windows", "heads", "surface", "ablation"))
"""Presets whose figures may stand on the page: windows have a part of their own, those of heads a page of their own, smoke measures nothing."""

FOLDERS = {"leave-one-campaign-out": "campaigns", "leave-one-lookalike-out": "lookalikes"}
"""Studies that look at the worlds of another one, and so share its folder."""

_WORLDS = "The worlds"
_SHOWN = "stillwatch range run"


def study(chosen: argparse.Namespace, *, tell: Tell | None = None) -> Figures:
    """Run a preset, or go on with the one that is kept, at its own size or at the one asked for."""
    result = run_preset(ordered(chosen, tell=tell or say)).result
    return [*_bars(result)], raw_of(result)


def headlines(raw: dict[str, Any]) -> Iterator[str]:
    """Names of the few figures of a study that stand before all others."""
    result = result_of(raw)
    for section, figure in _drawn(result):
        if figure.prominent:
            yield from (_name(result, section, figure, one) for one in figure.bars)


def result_of(raw: dict[str, Any]) -> Result:
    """A study as it stands in the figures."""
    return msgspec.convert({name: value for name, value in raw.items() if name != "exchanges"}, Result)


def ordered(chosen: argparse.Namespace, *, tell: Tell) -> Order:
    """The preset that was chosen, as an order."""
    preset = PRESETS[chosen.preset]
    asked = {name: getattr(chosen, name) for name in ("accounts", "exchanges", "days", "worlds")}
    size = replace(preset.size, **{name: value for name, value in asked.items() if value is not None})
    told = [f"--{name} {getattr(size, name)}" for name in asked if getattr(size, name) != getattr(preset.size, name)]
    if chosen.unmimic_python is not None:
        told.append("--unmimic-python PYTHON")
    return Order(
        preset=preset.name,
        seed=chosen.seed,
        out=chosen.keep / FOLDERS.get(preset.name, preset.name),
        size=size,
        unmimic_python=chosen.unmimic_python,
        command=" ".join([_SHOWN, preset.name, f"--seed {chosen.seed}", *told]),
        tell=tell,
    )


def say(stage: str, done: int, total: int) -> None:
    print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True)


def _drawn(result: Result) -> Iterator[tuple[str, Bars]]:
    for section in result.sections:
        for figure in section.figures:
            if isinstance(figure, Bars):
                yield section.title, figure


def _bars(result: Result) -> Iterator[dict[str, Any]]:
    """One entry for every bar of a prominent plot, peers among them, and for ours of the others; the rest stands in the study's tables."""
    for section, figure in _drawn(result):
        for one in figure.bars:
            if one.ours or figure.prominent:
                yield _entry(result, section, figure, one)


def _entry(result: Result, section: str, figure: Bars, one: Bar) -> dict[str, Any]:
    times, unit = _scaled(figure)
    value = None if one.value is None else round(times * one.value, 1 if times == 100 else 2)
    limit, holds = "-", None
    if result.preset == "null" and figure.level is not None:
        limit = f"{times * figure.level:g} % nominal"
        holds = _within(one, figure.level)
    return bar(_name(result, section, figure, one), value, unit, limit, holds)


def _scaled(figure: Bars) -> tuple[int, str]:
    """By what a value is multiplied, and its unit then."""
    if figure.unit in (Unit.SHARE, Unit.RATE):
        return 100, "%"
    return 1, {Unit.FACTOR: "times", Unit.SECONDS: "s"}.get(figure.unit, "")


def _name(result: Result, section: str, figure: Bars, one: Bar) -> str:
    times, _ = _scaled(figure)
    doubt = "" if one.low is None or one.high is None else f" ({times * one.low:.1f} to {times * one.high:.1f})"
    over = f", n = {one.n}" if one.n is not None else ""
    where = "" if section == GLANCE else f"{section}: "
    return f"{result.preset}: {where}{figure.title[0].lower()}{figure.title[1:]}: {one.label}{doubt}{over}"


def _within(one: Bar, level: float) -> bool | None:
    """Whether a rate keeps a level, as far as its interval tells; few worlds tell neither."""
    if one.low is None or one.high is None:
        return None
    return False if one.low > level else True if one.high <= level else None


def raw_of(result: Result) -> dict[str, Any]:
    """The result without the list of its worlds, which the same command gives again."""
    kept = tuple(section for section in result.sections if section.title != _WORLDS)
    told: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(result, sections=kept))
    told["exchanges"] = sum(world["exchanges"] for world in told["provenance"]["worlds"])
    told["provenance"]["worlds"] = []
    return told


def commit_of(found: dict[str, Any], part: str) -> str:
    """The commit that a part of a page was measured at."""
    return next((bar["commit"] for bar in found["bars"] if bar["part"] == part), "unknown")


def told_of(raw: dict[str, Any], *, commit: str) -> Iterator[str]:
    """A study as a section of the page."""
    result = result_of(raw)
    told, settings = result.provenance, result.provenance.settings
    text, _, _ = render_markdown(result).partition("\n## Where it comes from")
    text = re.sub(r"^(#+ )", r"#\1", text, flags=re.MULTILINE)
    title, _, rest = text.partition("\n")
    yield from ("", title, "")
    yield (
        f"Run on {settings['worlds']:,} world{'s' if settings['worlds'] > 1 else ''} of {settings['accounts']:,} ordinary customers and {settings['exchanges']:,} exchanges over {settings['days']} days "
        f"(lookalikes and campaigns come on top), fold {settings['fold']}; {raw['exchanges']:,} exchanges looked at in all, {told.cpu_seconds:,.0f} s of a core, at {commit} on {told.date[:10]}. `{told.command}`."
    )
    if not any(figure.prominent for _, figure in _drawn(result)):
        yield ""
        yield (
            "**Older than this page.** It was run before the detector and the studies were last changed, stands here until it is run again (`python bench/range.py rounds`), and has no figure among the first ones. "
            "Its intervals of innocent classes count worlds of one seed as independent, and are too narrow."
        )
    yield rest.rstrip()
