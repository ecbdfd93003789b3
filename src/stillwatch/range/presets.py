"""The presets of `stillwatch range run`: what each runs, what it costs, and which question it answers."""

from __future__ import annotations

import fcntl
import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from stillwatch.core.errors import Error
from stillwatch.engine import durable_write
from stillwatch.range.page import render_markdown, render_page
from stillwatch.range.results import Result, render_result
from stillwatch.range.studies.order import Order, Size

__all__ = ["PRESETS", "Preset", "Ran", "preset", "run_preset"]

Study = Callable[[Order], Result]


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """One study that can be run by name.

    Attributes:
        name: what it is called on the command line.
        question: what it answers.
        runs: what it builds and looks at.
        cost: about how long it takes on two cores.
        size: worlds it builds unless told otherwise.
        study: the file of `range/studies` that does it.
        needs: packages of the range that it stands on; without one of them it is refused.
        needs_data: whether it reads data sets that are not in the repository.
        guests: whether it runs a method that lives in an environment of its own (`--unmimic-python`).
    """

    name: str
    question: str
    runs: str
    cost: str
    size: Size
    study: str
    needs: tuple[str, ...] = ()
    needs_data: bool = False
    guests: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Parts that this build does not have."""
        parts = (f"stillwatch.range.studies.{self.study}", *self.needs)
        return tuple(part for part in parts if not _there(part))


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


_DAYS = Size(accounts=6000, exchanges=150_000, worlds=5, days=3)

PRESETS: dict[str, Preset] = {
    one.name: one
    for one in (
        Preset(
            name="smoke",
            question="Does everything run, and is what stands out found?",
            runs="one small world, innocent and with each of three campaigns spliced in",
            cost="under a minute",
            size=Size(accounts=3000, exchanges=45_000, worlds=1, days=2),
            study="smoke",
        ),
        Preset(
            name="windows",
            question="On the window protocol of arXiv 2606.05725, what do its methods and ours reach beside the published figures?",
            runs="every window method on every pair found in --data, five window sizes, six shares of attacking queries, three seeds",
            cost="about 25 minutes for ten pairs",
            size=Size(accounts=6000, exchanges=150_000, worlds=1),
            study="windows",
            needs=("stillwatch.range.windows",),
            needs_data=True,
        ),
        Preset(
            name="accounts",
            question="How many accounts of a campaign does each method find one by one, at a given rate of false accusations?",
            runs="every campaign in every world, scored account by account by every method",
            cost="about 40 minutes",
            size=_DAYS,
            study="accounts",
            needs=("stillwatch.range.peers",),
            guests=True,
        ),
        Preset(
            name="actors",
            question="How does the chance of finding a campaign change with its accounts, load, dilution and likeness to others?",
            runs="detectability curves of three campaigns, the in-distribution limit, and every method that finds groups",
            cost="about an hour and a half",
            size=_DAYS,
            study="actors",
        ),
        Preset(
            name="heads",
            question="Are campaigns found whose every account is quiet, at the sizes that were reported?",
            runs="many accounts with few requests each: reported patterns, hidden in other traffic, replaced, two in one pool",
            cost="about 40 minutes",
            size=Size(accounts=100_000, exchanges=1_200_000, worlds=3, days=2),
            study="heads",
        ),
        Preset(
            name="surface",
            question="From how many accounts, with how many requests of each, is a harvest found, and by which evidence?",
            runs="three campaigns at 50 to 4,000 accounts and 4 to 40 requests of each, nothing shared but wording",
            cost="about 20 minutes",
            size=Size(accounts=20_000, exchanges=240_000, worlds=3, days=2),
            study="surface",
        ),
        Preset(
            name="ablation",
            question="What is each kind of link, test and innocent explanation worth?",
            runs="the patterns of the preset heads, judged with everything and without each thing",
            cost="about 40 minutes",
            size=Size(accounts=20_000, exchanges=240_000, worlds=3, days=2),
            study="ablation",
        ),
        Preset(
            name="campaigns",
            question="Which of the campaigns that were reported are found, and at what cost to the innocent?",
            runs="every campaign, one at a time, in every world",
            cost="about 20 minutes",
            size=_DAYS,
            study="campaigns",
        ),
        Preset(
            name="lookalikes",
            question="Which benign populations are taken for an attack?",
            runs="each of more than forty family types alone among ordinary customers, and the demo's ten together",
            cost="about 30 minutes",
            size=_DAYS,
            study="lookalikes",
        ),
        Preset(
            name="evasion",
            question="What does each way of evading buy the attacker, and what does it cost?",
            runs="a campaign with every evasion knob, one at a time, and attackers who feel for the threshold",
            cost="about an hour",
            size=_DAYS,
            study="evasion",
            needs=("stillwatch.range.evasion.moves",),
        ),
        Preset(
            name="null",
            question="How often is anybody accused in a world in which nobody is guilty?",
            runs="innocent worlds of 100,000 accounts; finished ones are kept, so it can be interrupted",
            cost="overnight for 100 worlds; --worlds 10 --accounts 6000 --exchanges 150000 takes ten minutes",
            size=Size(accounts=100_000, exchanges=2_500_000, worlds=100, days=7),
            study="null",
        ),
        Preset(
            name="leave-one-campaign-out",
            question="Is a campaign found at a threshold that was chosen without it?",
            runs="every campaign in every world; each is judged at the threshold that the others choose",
            cost="about 20 minutes, none after the preset campaigns in the same folder",
            size=_DAYS,
            study="leave_one_campaign_out",
        ),
        Preset(
            name="leave-one-lookalike-out",
            question="Is a benign population spared at a threshold that was chosen without it?",
            runs="worlds without and with each family type; each is judged at the threshold that the others choose",
            cost="about 30 minutes",
            size=_DAYS,
            study="leave_one_lookalike_out",
        ),
    )
}
"""Every preset, in the order in which they are listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What a run gave: the result, and where it lies as JSON, as a page and as Markdown."""

    result: Result
    json: Path
    page: Path
    markdown: Path


def preset(name: str) -> Preset:
    """One preset by name.

    Raises:
        Error: when there is none.
    """
    if name not in PRESETS:
        raise Error(
            f"preset: got {name!r}, expected one of {', '.join(PRESETS)}; stillwatch range list says what they do"
        )
    return PRESETS[name]


def run_preset(order: Order) -> Ran:
    """Run a preset and write `result.json`, `page.html` and `result.md` into the order's folder.

    Finished worlds are kept there: the same order again goes on where it was interrupted.

    Raises:
        Error: when the preset is not known, its parts are not in this build, its data is not named, or another run writes to the folder.
        DiskFull: before a world that would not fit is begun.
    """
    chosen = preset(order.preset)
    if chosen.missing:
        raise Error(
            f"preset {chosen.name}: cannot be run in this build, which has no {', '.join(chosen.missing)}; "
            "stillwatch range list says which presets can"
        )
    if chosen.needs_data and order.data is None:
        raise Error(
            f"preset {chosen.name}: reads data sets that are not in the repository; name their folder with --data DIR"
        )
    for name, folder in (("--data", order.data), ("--hidden", order.hidden), ("--prompts", order.prompts)):
        if folder is not None and not folder.is_dir():
            raise Error(f"{name}: {folder}: no such folder")
    if order.unmimic_python is not None:
        if not chosen.guests:
            where = ", ".join(one.name for one in PRESETS.values() if one.guests)
            raise Error(f"--unmimic-python: the preset {chosen.name} does not run unmimic; expected with {where} alone")
        from stillwatch.range.peers.elicitation_unmimic import check_environment

        check_environment(order.unmimic_python)
    study = cast(Study, importlib.import_module(f"stillwatch.range.studies.{chosen.study}").study)
    order.out.mkdir(parents=True, exist_ok=True)
    with (order.out / ".lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise Error(
                f"{order.out}: process {lock.read().strip() or '?'} is running a study here; wait for it or name another folder with --out"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        result = study(order)
        ran = Ran(
            result=result,
            json=order.out / "result.json",
            page=order.out / "page.html",
            markdown=order.out / "result.md",
        )
        durable_write(ran.json, render_result(result))
        durable_write(ran.page, render_page(result).encode())
        durable_write(ran.markdown, render_markdown(result).encode())
    return ran
