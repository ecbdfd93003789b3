"""`stillwatch forum seek`: look again with what others told, and show whom their own conduct shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from stillwatch.cli.expand import accounts_as_json
from stillwatch.cli.forum import forum_app
from stillwatch.cli.listing import listing, show_list
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.pipeline import Lead, Sought

__all__ = ["forum_seek"]

_LISTED = 40


@forum_app.command(name="seek")
def forum_seek(
    *,
    level: float | None = None,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Look again with what others told: accounts that their own held-out conduct shows. Nothing is written, nobody's standing changes.

    Args:
        level: Expected share of wrong ones among all that are shown; actors.actor_fdr of the settings by default.
        json_: Print JSON.
        workspace: Folder of the scan.
    """
    import datetime as dt

    from stillwatch.core import Error, read_settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import seek

    if level is not None and not 0 < level < 1:
        raise Error(f"--level: got {level}, expected a share between 0 and 1")
    settings = read_settings(workspace / "stillwatch.toml")
    sought = seek(Workspace(workspace, make=False), settings, now=dt.datetime.now(dt.UTC), level=level)
    if json_:
        print(json.dumps(_plain(sought), indent=1))
    else:
        _show(sought)


def _show(sought: Sought) -> None:
    from stillwatch.actors import Verdict

    console = Console(highlight=False)
    for number, lead in enumerate(sought.leads, 1):
        told = [f"{len(lead.clue.indicators)} indicators"] if lead.clue.indicators else []
        told += [f"{lead.clue.tags} accounts on tag boards"] if lead.clue.tags else []
        counts = "; ".join(f"{lead.found.count(verdict):,} {verdict}" for verdict in Verdict)
        console.print(f"Lead {number}, by {' and '.join(told)}: {len(lead.found.reached):,} looked at ({counts}).")
        _list(console, lead)
    whole = f"{len(sought.shown):,} shown that no finding for review held, {len(sought.met):,} met again that one holds"
    console.print(f"{len(sought.leads)} leads; {whole}. At most {sought.level:.1%} of the shown are wrong on average.")
    console.print(f"{len(sought.not_used)} indicators were not looked with")


def _list(console: Console, lead: Lead) -> None:
    from stillwatch.actors import Verdict
    from stillwatch.core import handle

    shown = [one for one in lead.found.reached if one.verdict is Verdict.SHOWN]
    if not shown:
        return
    table = listing("account", "held-out", "carries", "presses", "p", "why it was looked at")
    for one in shown[:_LISTED]:
        carried = "-" if one.carried is None else f"{one.carried:.0%}"
        pressed = "-" if one.pressed is None else f"{one.pressed:.0%}"
        why = Text("; ".join(one.why[:2]))
        table.add_row(handle("account", one.account), f"{one.n:,}", carried, pressed, f"{one.p_value:.2g}", why)
    show_list(table, console)
    if len(shown) > _LISTED:
        console.print(f"[dim]and {len(shown) - _LISTED:,} more; --json lists them[/]")


def _plain(sought: Sought) -> dict[str, Any]:
    from stillwatch.core import handle

    return {
        "level": sought.level,
        "shown": [handle("account", one) for one in sorted(sought.shown)],
        "met_again": [handle("account", one) for one in sorted(sought.met)],
        "not_used": [{"indicator": name, "why": why} for name, why in sought.not_used],
        "leads": [
            {
                "indicators": list(lead.clue.indicators),
                "tagged_accounts": lead.clue.tags,
                "level": lead.found.level,
                "null": lead.found.null,
                "hubs": list(lead.found.hubs),
                "e_value": None if lead.found.whole is None else lead.found.whole.e_value,
                "accounts": accounts_as_json(lead.found.reached),
            }
            for lead in sought.leads
        ],
    }
