"""A small study with every kind of figure, and with text that would do harm if it were not escaped."""

from __future__ import annotations

from stillwatch.range.results import (
    Bar,
    Bars,
    Column,
    Curves,
    Line,
    Machine,
    Note,
    Point,
    Provenance,
    Result,
    Section,
    Table,
    Unit,
    WorldUsed,
)

HOSTILE = '<script src="https://evil.example/x.js"></script>\u202e"&'


def study(title: str = "A study") -> Result:
    """Bars, curves, a table and a note."""
    points = tuple(
        Point(x=x, value=y, low=max(0.0, y - 0.1), high=y + 0.1, n=5) for x, y in ((0.0, 0.01), (0.1, 0.4), (1.0, 0.9))
    )
    return Result(
        preset="smoke",
        title=title,
        question="Is it found?",
        answer=("It is found.",),
        sections=(
            Section(
                title="Curves",
                lead="What changes.",
                figures=(
                    Curves(
                        title="Power",
                        x_name="share of harvest",
                        y_name="found",
                        x_unit=Unit.SHARE,
                        x_log=True,
                        lines=(
                            Line(name="ours", points=points),
                            Line(name=HOSTILE, points=points[:2], ours=False),
                            Line(name="silent", points=(Point(x=0.1, value=None),), ours=False),
                        ),
                        interval="95 %",
                        level=0.01,
                        level_name="FPR",
                        prominent=True,
                    ),
                    Curves(
                        title="Small", x_name="accounts", y_name="found", lines=(Line(name="ours", points=points[1:]),)
                    ),
                ),
            ),
            Section(
                title="Others",
                figures=(
                    Bars(
                        title="Bars",
                        bars=(Bar(label="a", value=0.2, low=0.1, high=0.4, ours=True), Bar(label="nobody", value=None)),
                        level=0.05,
                        level_name="nominal",
                    ),
                    Table(
                        title="Table",
                        columns=(
                            Column(name="who"),
                            Column(name="share", unit=Unit.SHARE),
                            Column(name="e", unit=Unit.EVIDENCE),
                        ),
                        rows=(("a|b", 0.5, 1e12), (HOSTILE, None, None), *((f"row {k}", 0.1, 2.0) for k in range(18))),
                    ),
                    Note(title="Note", text="Mind this."),
                ),
            ),
        ),
        limits=("It is made up.",),
        provenance=Provenance(
            preset="smoke",
            command="stillwatch range run smoke",
            date="2026-01-02T03:04:05+00:00",
            seed=1,
            seeds=(1, 2),
            settings={"accounts": 600},
            versions={"stillwatch": "0"},
            machine=Machine(system="Linux", processor="one", cores=2, memory_gb=None),
            worlds=(WorldUsed(name="w", seed=1, accounts=600, exchanges=9000, content="00"),),
            cpu_seconds=12.0,
        ),
    )
