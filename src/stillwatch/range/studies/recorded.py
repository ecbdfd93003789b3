"""The record of a study: sections and sentences with where they came from."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from stillwatch.range.results import Machine, Provenance, Result, Section
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.seen import Seen

__all__ = ["STANDING_LIMITS", "machine", "recorded"]

_MADE_UP = (
    "Every world is made up: real prompts and real arrival patterns, but accounts, firms and campaigns as we understand public reports "
    "of them. A rate measured here is not a rate on anybody's traffic."
)
STANDING_LIMITS = (
    _MADE_UP,
    "The detector and the worlds were built by the same people; what they both overlook is not seen here.",
    "What is bought outside the provider's API, such as transcripts from a reseller, never shows in its logs and is not missed here.",
)
"""What no study of the range can say."""

_LIBRARIES = ("numpy", "scipy", "pyarrow", "duckdb")


def recorded(
    order: Order,
    *,
    title: str,
    question: str,
    answer: Sequence[str],
    sections: Sequence[Section],
    worlds: Iterable[Seen],
    prompts: str,
    limits: Sequence[str] = (),
) -> Result:
    """A result with its provenance."""
    seen = list({one.name: one for one in worlds}.values())
    size = order.size
    return Result(
        preset=order.preset,
        title=title,
        question=question,
        answer=tuple(answer),
        sections=tuple(sections),
        limits=(*limits, *STANDING_LIMITS),
        provenance=Provenance(
            preset=order.preset,
            command=order.command,
            date=max((one.finished for one in seen), default=dt.datetime.now(dt.UTC).isoformat(timespec="seconds")),
            seed=order.seed,
            seeds=order.seeds,
            settings={
                "accounts": size.accounts,
                "exchanges": size.exchanges,
                "worlds": size.worlds,
                "days": size.days,
                "fold": order.fold.value,
                **{f"detector.{path}": value for path, value in order.settings.changed().items()},
            },
            versions={
                "stillwatch": version("stillwatch"),
                "python": platform.python_version(),
                **{name: version(name) for name in _LIBRARIES},
            },
            machine=machine(),
            worlds=tuple(one.used for one in seen),
            cpu_seconds=round(sum(one.cpu_seconds for one in seen), 1),
            prompts=prompts,
        ),
    )


def machine() -> Machine:
    """The machine at hand, as far as it tells."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (ValueError, OSError):
        memory = None
    return Machine(
        system=f"{platform.system()} {platform.machine()}", processor=_processor(), cores=cores, memory_gb=memory
    )


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    if told.is_file():
        for line in told.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
