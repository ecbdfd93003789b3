"""`stillwatch forum demo`: five labs, two custodians and a hub on this machine, from the first scan to what each lab found by listening."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from stillwatch.cli.forum import forum_app

if TYPE_CHECKING:
    from stillwatch.range.labs import Share

__all__ = ["forum_demo", "played"]


@forum_app.command(name="demo")
def forum_demo(
    *,
    out: Path = Path("forum-demo"),
    seed: int = 7,
    accounts: int = 300,
    exchanges: int = 3600,
    prompts: Path | None = None,
) -> None:
    """Let five labs with traffic of their own warn each other of one operator, and compare what each found with the sealed truth.

    Args:
        out: Folder for everything; replaced.
        seed: Seed of the five worlds.
        accounts: Ordinary customers of each lab.
        exchanges: Their exchanges.
        prompts: Folder of the prompt pack; the repository's by default.
    """
    from stillwatch.core import Error
    from stillwatch.range.labs import LABS

    if out.exists():
        if not (out / "transcript.txt").is_file() and any(out.iterdir()):
            raise Error(f"{out}: holds something else than a forum demo; name another folder with --out")
        shutil.rmtree(out)
    begun = time.monotonic()
    played(
        out,
        seed=seed,
        shares=LABS,
        accounts=accounts,
        exchanges=exchanges,
        prompts=prompts,
        console=Console(highlight=False),
    )
    print(f"\nTook {time.monotonic() - begun:.0f} s. Every command with what it said: {out / 'transcript.txt'}")
    print(f"Report: {(out / 'report.html').resolve()}")


def played(
    out: Path,
    *,
    seed: int,
    shares: tuple[Share, ...],
    accounts: int,
    exchanges: int,
    prompts: Path | None,
    console: Console,
) -> dict[str, object]:
    """Play it all and return the figures; `report.md`, `report.html` and `report.json` are written beside the transcript."""
    import json
    from dataclasses import asdict

    from stillwatch.cli._forum_counter import Counter
    from stillwatch.cli._forum_house import House
    from stillwatch.cli._forum_opening import open_forum
    from stillwatch.cli._forum_play import Play
    from stillwatch.range.labs import Side, as_html, as_markdown, as_text, audit, outcome, write_labs

    console.print(f"Writing a day of traffic at {len(shares)} labs, seed {seed} ...")
    labs = write_labs(out, seed=seed, shares=shares, accounts=accounts, exchanges=exchanges, prompts=prompts)
    with Play(out, console) as play:
        houses = [House(play, paths) for paths in labs]
        for house in houses:
            house.scan()
        counter = Counter(play, "counter", out / "counter")
        open_forum(play, houses, counter)
        console.print("[bold]Each lab warns the others[/] of what people there decided")
        for house in houses:
            house.warn()
        counter.make_boards()
        console.print("[bold]Each lab listens[/] and looks again in its own traffic")
        for house in houses:
            house.listen()
        for house in houses:
            house.bear_out()
        for house in houses:
            house.hear_back()
        console.print(
            "[bold]The first lab with a case asks[/] who else has seen its actor; the others tell the counter alone"
        )
        asker = next((house for house in houses if house.ask()), None)
        heard_back = "nobody had a case to ask about"
        if asker is not None:
            for house in houses:
                if house is not asker:
                    house.answer()
            counter.count()
            heard_back = asker.told(counter.code)
            play.tell(f"  {asker.name} is told: {heard_back}")
        found = [outcome(h.name, h.paths.truth, before=h.before, shown=h.shown, pointed=h.pointed()) for h in houses]
        sides = [
            Side(paths=h.paths, workspace=h.space, suspects=h.suspects, left=h.left(), came=h.came()) for h in houses
        ]
        audited = audit(sides, play.custodians, play.epoch)
    told = {
        "seed": seed,
        "labs": [asdict(one) for one in found],
        "asked": heard_back,
        "audit": [{**asdict(one), "clean": one.clean} for one in audited],
    }
    (out / "report.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    (out / "report.md").write_text(f"# Five labs, one operator\n\n{as_markdown(found, audited)}", "utf-8")
    (out / "report.html").write_text(as_html(found, audited), "utf-8")
    console.print("\n[bold]Against the sealed truth[/] (the labs saw only their own logs and what they were told)")
    print(as_text(found, audited))
    return told
