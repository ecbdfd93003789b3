"""An analyst's whole day in a real browser: from the findings of a demo to a sealed, verified, exported case, with pictures for the docs.

    stillwatch demo --out demo
    python bench/console_day.py demo/workspace --chromium /usr/bin/chromium --axe node_modules/axe-core/axe.min.js [--write]

Needs Playwright (PyPI), Chromium and axe-core (npm); none of them is a dependency of Stillwatch. It serves a copy of the workspace, lets five
people log in, counts clicks until a case is decided, walks the keyboard's ways, asks axe about every page in light and dark, and looks at
every answer's headers as a scanner would. Prints JSON; --write puts it, a page and the pictures into docs/, and its
figures beside those of bench/console.py.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from console_day_walk import PASSWORD, Day
from figures import bar, keep
from playwright.sync_api import sync_playwright

from console import page as console_page
from stillwatch.console import House, Role
from stillwatch.engine import Workspace

ROOT = Path(__file__).parents[1]
ROLES = {"mary": "analyst", "joe": "approver", "ada": "auditor", "vic": "viewer", "adm": "admin"}

PROVIDER = """\
[provider]
issuer = "http://127.0.0.1:9"
client_id = "desk"
address = "http://127.0.0.1"
title = "Lab single sign-on"
[provider.roles]
desk = "analyst"
"""
"""Nobody is there: the page of the log-in says what it says before anybody is asked."""

PAGE = """\
# A day in the console

Written by `python bench/console_day.py --write`, never by hand: a real Chromium ({chromium}) walks through the console over the workspace
that `stillwatch demo` makes.

| what | measured | wanted |
|---|---|---|
| from the first page to a decided case | {clicks} clicks and {fields} fields written | at most 10 clicks |
| a case blocked by two people, sealed, checked, let go by two hands; the file verified offline | {exported} | yes |
| pages asked by axe-core {axe}, in light and in dark | {asked} | all |
| findings of axe of serious or critical impact | {serious} | 0 |
| findings of axe of less impact | {minor} | - |
| faults in headers and cookies of {answers} answers | {faults} | 0 |
| requests of the browser to anywhere else | {elsewhere} | 0 |
| errors in the browser's console | {errors} | 0 |

{rest}
"""


def main() -> None:
    """Walk, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--axe", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, help="also put the pictures here")
    parser.add_argument("--write", action="store_true")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="console-day-") as name:
        workspace = Path(shutil.copytree(told.workspace, Path(name) / "w"))
        with served(workspace) as base, sync_playwright() as play:
            browser = play.chromium.launch(executable_path=told.chromium, args=["--no-sandbox", "--disable-gpu"])
            day = Day(browser, base, workspace, told.axe.read_text(encoding="utf-8"), Path(name))
            found = day.walked()
            found["chromium"] = browser.version
            browser.close()
        for folder in [ROOT / "docs" / "console"] * told.write + [told.pictures] * bool(told.pictures):
            for picture in Path(name).glob("*.png"):
                shutil.copy(picture, folder / picture.name)
    print(json.dumps(found, indent=1))
    if told.write:
        out = ROOT / "docs" / "benchmarks"
        (out / "console-day.json").write_text(json.dumps(found, indent=1) + "\n")
        rest = "\n".join(f"- {one}" for one in (*found["serious"], *found["minor"], *found["faults"], *found["errors"]))
        counted = {k: len(v) if isinstance(v, list) else v for k, v in found.items()}
        keep(
            out, "console", "day", (day_bars(found), {"chromium": found["chromium"], "axe": found["axe"]}), console_page
        )
        (out / "console-day.md").write_text(PAGE.format(**counted, rest=rest).rstrip() + "\n")


def day_bars(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What a day in the browser has to show, beside the bars of the console."""
    none = {
        f"findings of axe of serious or critical impact on {len(found['asked'])} pages": found["serious"],
        f"faults in headers and cookies of {found['answers']} answers in a browser": found["faults"],
        "requests of the browser to anywhere else": found["elsewhere"],
        "errors in the browser's console": found["errors"],
    }
    exported = found["exported"] == "yes"
    return [
        bar("clicks from the first page to a decided case", found["clicks"], "", "<= 10", found["clicks"] <= 10),
        bar("cases decided by two, printed, sealed, let go and verified offline", int(exported), "", "1", exported),
        *(bar(name, len(some), "", "0", not some) for name, some in none.items()),
    ]


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """The console over a workspace, with five people who may log in."""
    command = [sys.executable, "-c", "from stillwatch.cli import main; main()", "console"]
    (workspace / "console.toml").write_text(PROVIDER)
    people = House(Workspace(workspace, make=False)).people
    for name, role in ROLES.items():
        people.add(name, Role(role), PASSWORD, at="2026-11-22", given=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([*command, str(workspace), "--port", str(port)], stdout=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{base}/health").read()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        yield base
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
