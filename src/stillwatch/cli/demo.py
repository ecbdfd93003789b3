"""`stillwatch demo`: a day of traffic with known truth, scanned as a stranger would, then compared with the truth."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from rich.console import Console

from stillwatch.cli.app import app
from stillwatch.cli.progress import progress_bar
from stillwatch.cli.scan import show

__all__ = ["demo"]


@app.command
def demo(
    *,
    out: Path = Path("demo"),
    seed: int = 7,
    accounts: int = 6000,
    exchanges: int = 220_000,
    prompts: Path | None = None,
) -> None:
    """Write a day of traffic from real prompts, scan it, and compare the findings with the sealed truth.

    Args:
        out: Folder for logs, truth and workspace; replaced.
        seed: Seed of the world.
        accounts: Accounts in the world.
        exchanges: Exchanges in the world.
        prompts: Folder of the prompt pack; the repository's by default.
    """
    from stillwatch.core import Error, Settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import Inputs, raw_names, scan
    from stillwatch.range import compare, write_demo

    console = Console(highlight=False)
    if out.exists():
        if not (out / "logs").is_dir() and any(out.iterdir()):
            raise Error(f"{out}: holds something else than a demo; name another folder with --out")
        shutil.rmtree(out)
    begun = time.monotonic()
    console.print(f"Writing a day of traffic: {accounts:,} accounts, {exchanges:,} exchanges, seed {seed} ...")
    world = write_demo(out, seed=seed, accounts=accounts, exchanges=exchanges, prompts=prompts)
    written = time.monotonic()
    workspace = Workspace(out / "workspace")
    inputs = Inputs(logs=[world.logs], accounts=world.accounts_file, releases=world.releases_file)
    command = f"stillwatch scan {world.logs} --accounts {world.accounts_file} --releases {world.releases_file} --workspace {workspace.root}"
    console.print(f"[bold]{command}[/]")
    with progress_bar() as progress:
        scanned = scan(workspace, inputs, Settings(), command=command, progress=progress)
    show(scanned)
    found = {a.handle: [raw for _, raw in raw_names(workspace, [a.handle])] for a in scanned.view.for_review}
    accused = [raw for _, raw in raw_names(workspace, [a.handle for a in scanned.view.accounts_for_review])]
    console.print("\n[bold]Against the sealed truth[/] (the scan saw only the logs)")
    console.print(compare(world.truth, found, accused).table())
    console.print(f"\nWorld written in {written - begun:.0f} s, scanned in {time.monotonic() - written:.0f} s.")
    console.print(f"Open the report: {scanned.report.resolve()}")
