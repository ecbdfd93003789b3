"""`stillwatch expand`: from one known account, prompt or indicator to the accounts that belong to it."""

from __future__ import annotations

import json as json_form
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stillwatch.cli.app import app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.actors import Expanded, Reached

__all__ = ["accounts_as_json", "expand"]

_LISTED = 40


@app.command
def expand(
    *,
    seed: Annotated[list[str] | None, Parameter(negative=())] = None,
    prompt: Annotated[list[str] | None, Parameter(negative=(), allow_leading_hyphen=True)] = None,
    workspace: Path = DEFAULT_WORKSPACE,
    level: float | None = None,
    all: Annotated[bool, Parameter(negative=())] = False,  # noqa: A002 - the option is called so
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Grow a known account, prompt or indicator to the accounts that belong to it.

    Accounts are found in one half of their hours and tested in the other half; every one says why it was looked at. Nothing is written.

    Args:
        seed: A handle (A-... or X-...), or kind:value with account, ip, subnet, agent, tls, payment, device or registration.
        prompt: File that holds a known prompt, or - for standard input, so that no text stands in the shell's history.
        workspace: Folder of the scan.
        level: Expected share of wrong ones among the accounts shown; actors.actor_fdr of the settings by default.
        all: List the accounts that were not shown as well.
        json: Print everything as JSON.
    """
    from stillwatch.core import Error, read_settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import expand_seed, seed_of

    if not seed and not prompt:
        raise Error("expand: name a --seed or a --prompt")
    if level is not None and not 0 < level < 1:
        raise Error(f"--level: got {level}, expected a share between 0 and 1")
    texts = [sys.stdin.read() if name == "-" else _text(Path(name)) for name in prompt or []]
    space = Workspace(workspace, make=False)
    found = expand_seed(
        space, seed_of(space, seed or [], texts), read_settings(workspace / "stillwatch.toml"), level=level
    )
    if json:
        print(json_form.dumps(_plain(found), indent=1))
        return
    _show(found, everything=all)


def _text(path: Path) -> str:
    from stillwatch.core import Error

    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise Error(f"{path}: not UTF-8 text") from error


def _show(found: Expanded, *, everything: bool) -> None:
    from stillwatch.actors import Verdict

    console = Console(highlight=False)
    for hub in found.hubs:
        console.print(Text.assemble(("note", "yellow"), " ", hub))
    told = "; ".join(f"{found.count(verdict):,} {verdict}" for verdict in Verdict)
    console.print(f"Known accounts: {len(found.seeds):,}. Others looked at: {len(found.reached):,} ({told}).")
    titles = {
        Verdict.SHOWN: f"Shown: at most {found.level:.1%} of these are wrong on average",
        Verdict.TIED: "Tied by a fact of the records: facts, without an error rate; their conduct shows nothing",
    }
    for verdict in list(Verdict) if everything else list(titles):
        title = titles.get(verdict, f"{str(verdict).capitalize()}: looked at, and no finding")
        _list(console, title, [one for one in found.reached if one.verdict is verdict], everything=everything)
    console.print(Text(f"Null of each account: {found.null}.", "dim"))
    if found.whole is not None:
        console.print(Text(f"The whole group, before anybody was picked: {_evidence(found)}."))
        for reason in found.whole.explanations:
            if reason.fits:
                console.print(Text(f"An innocent explanation fits, {reason.name.replace('_', ' ')}: {reason.why}"))


def _list(console: Console, title: str, accounts: Sequence[Reached], *, everything: bool) -> None:
    """A table of accounts with one verdict, the first of them unless all are wanted."""
    from stillwatch.core import handle

    if not accounts:
        return
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("account", "held-out", "carries", "presses", "p", "why it was looked at"):
        table.add_column(name, overflow="fold")
    for one in accounts if everything else accounts[:_LISTED]:
        table.add_row(handle("account", one.account), *_numbers(one), Text("; ".join(one.why[:2])))
    console.print(table)
    if not everything and len(accounts) > _LISTED:
        console.print(f"[dim]and {len(accounts) - _LISTED:,} more; --all or --json lists them[/]")


def _evidence(found: Expanded) -> str:
    """The whole group's evidence in words, or why there is none."""
    if found.untested is not None:
        return f"no evidence is given: {found.untested}"
    e_value = None if found.whole is None else found.whole.e_value
    return "undecided" if e_value is None else f"e = {e_value:.2g} that it acts together and harvests"


def _numbers(one: Reached) -> tuple[str, str, str, str]:
    def share(value: float | None) -> str:
        return "unknown" if value is None else f"{value:.0%}"

    p = "undecided" if one.p_value is None else f"{one.p_value:.2g}"
    return f"{one.n:,}", share(one.carried), share(one.pressed), p


def _plain(found: Expanded) -> dict[str, object]:
    from stillwatch.core import handle

    return {
        "level": found.level,
        "null": found.null,
        "seeds": [handle("account", one) for one in found.seeds],
        "families": [handle("family", one) for one in found.families],
        "hubs": list(found.hubs),
        "e_value": None if found.whole is None else found.whole.e_value,
        "untested": found.untested,
        "explanations": [
            {"name": one.name, "fits": one.fits if one.known else None, "why": one.why}
            for one in (found.whole.explanations if found.whole is not None else ())
        ],
        "accounts": accounts_as_json(found.reached),
    }


def accounts_as_json(reached: Sequence[Reached]) -> list[dict[str, object]]:
    """What the look from a seed says of each account that it reached."""
    from stillwatch.core import handle

    return [
        {
            "account": handle("account", one.account),
            "verdict": str(one.verdict),
            "why": list(one.why),
            "held_out_exchanges": one.n,
            "carries": one.carried,
            "presses": one.pressed,
            "p_value": one.p_value,
            "needed": one.needed,
        }
        for one in reached
    ]
