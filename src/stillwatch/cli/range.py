"""`stillwatch range`: worlds with known truth, and what detectors find in them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.text import Text

from stillwatch.cli.app import app
from stillwatch.cli.listing import listing, show_list
from stillwatch.cli.progress import progress_bar

__all__ = ["range_app", "range_list", "range_run", "range_show"]

range_app = App(name="range", help="Build worlds with known truth and measure what detectors find in them.")
app.command(range_app)


@range_app.command(name="run")
def range_run(
    preset: str,
    /,
    *,
    seed: int = 1,
    out: Path | None = None,
    data: Path | None = None,
    hidden: Path | None = None,
    prompts: Path | None = None,
    worlds: int | None = None,
    accounts: int | None = None,
    exchanges: int | None = None,
    days: int | None = None,
    develop: Annotated[bool, Parameter(negative=())] = False,
    settings: Path | None = None,
    unmimic_python: Path | None = None,
) -> None:
    """Run a preset: build its worlds, let detectors look, and write result.json, page.html and result.md.

    Finished worlds are kept in the folder, so the same command goes on where it was interrupted.

    Args:
        preset: Name of the preset; stillwatch range list says which there are.
        seed: Seed of the first world; the next worlds have the next seeds.
        out: Folder of the run; range-PRESET by default.
        data: Folder of data sets that are not in the repository, for presets that read them.
        hidden: Folder of prompts nobody has seen (txt, jsonl or parquet), which the campaigns then ask.
        prompts: Folder of the prompt pack; the repository's by default.
        worlds: How many worlds; the preset's number by default.
        accounts: Ordinary customers in a world; the preset's number by default. Lookalikes and campaigns come on top.
        exchanges: Their exchanges over all days; the preset's number by default.
        days: Days of a world; the preset's number by default.
        develop: Use the seeds and prompt sources for developing, which share nothing with those for testing.
        settings: Settings file of the detector; the defaults otherwise.
        unmimic_python: Interpreter of an environment that has unmimic, which the preset accounts then runs beside the others.
    """
    from stillwatch.core import Error, Settings, read_settings
    from stillwatch.range.presets import preset as find
    from stillwatch.range.presets import run_preset
    from stillwatch.range.splits import Fold
    from stillwatch.range.studies.order import Order, Size

    chosen = find(preset)
    if settings is not None and not settings.exists():
        raise Error(f"{settings}: no such settings file")
    size = Size(
        accounts=chosen.size.accounts if accounts is None else accounts,
        exchanges=chosen.size.exchanges if exchanges is None else exchanges,
        worlds=chosen.size.worlds if worlds is None else worlds,
        days=chosen.size.days if days is None else days,
    )
    with progress_bar() as tell:
        order = Order(
            preset=chosen.name,
            seed=seed,
            out=out or Path(f"range-{chosen.name}"),
            size=size,
            data=data,
            hidden=hidden,
            prompts=prompts,
            fold=Fold.DEVELOP if develop else Fold.TEST,
            settings=Settings() if settings is None else read_settings(settings),
            unmimic_python=unmimic_python,
            command=shlex.join(["stillwatch", *sys.argv[1:]]),
            tell=tell,
        )
        ran = run_preset(order)
    console = Console(highlight=False)
    console.print(Text(ran.result.title, "bold"))
    for sentence in ran.result.answer:
        console.print(Text(f"  {sentence}"))
    console.print(Text(f"\nPage: {ran.page}"))
    console.print(Text(f"Result: {ran.json}"))


@range_app.command(name="list")
def range_list() -> None:
    """List the presets with their questions and costs."""
    from stillwatch.range.presets import PRESETS

    table = listing("preset", "question", "cost")
    for one in PRESETS.values():
        cost = "not in this build" if one.missing else one.cost + ("; needs --data" if one.needs_data else "")
        table.add_row(one.name, Text(one.question), Text(cost, "dim" if one.missing else ""))
    show_list(table)


@range_app.command(name="show")
def range_show(preset: str, /) -> None:
    """Say what a preset runs, what it needs and what it costs.

    Args:
        preset: Name of the preset.
    """
    from stillwatch.range.presets import preset as find

    one = find(preset)
    size = one.size
    facts = (
        ("question", one.question),
        ("runs", one.runs),
        (
            "worlds",
            f"{size.worlds} of {size.accounts:,} accounts and {size.exchanges:,} exchanges over {size.days} days",
        ),
        ("cost", one.cost),
        (
            "needs",
            "data sets that are not in the repository (--data DIR)"
            if one.needs_data
            else "nothing beyond the repository",
        ),
        ("can be run", "yes" if not one.missing else f"no, this build has no {', '.join(one.missing)}"),
    )
    console = Console(highlight=False)
    console.print(Text(one.name, "bold"))
    for name, value in facts:
        console.print(Text.assemble((f"  {name:<12}", "dim"), value))
