"""What every page of figures has: the machine, and each figure beside its bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


def bars_of(found: dict[str, Any], script: str, *, before: Sequence[str] = ()) -> Iterator[str]:
    """The machine and versions, then whatever stands `before` the bars, then each figure beside its bar."""
    machine = found["machine"]
    yield (
        f"Written by `{script}`, never by hand. Machine: "
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}; "
        + ", ".join(f"{k} {v}" for k, v in found["versions"].items())
        + "."
    )
    yield from before
    yield from ("", "| figure | value | bar | holds | commit | command |", "|---|---|---|---|---|---|")
    marks = {True: "yes", False: "**no**", None: "-"}
    for b in found["bars"]:
        holds, value = marks[b["holds"]], "-" if b["value"] is None else f"{b['value']:,} {b['unit']}".strip()
        yield f"| {b['name']} | {value} | {b['bar']} | {holds} | {b['commit']} | `{b['command']}` |"
