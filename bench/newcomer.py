"""A newcomer's way from a clone to findings in the console: the lines of docs/quickstart.md, typed one after another and timed.

    python bench/newcomer.py [--demo '--accounts 6000'] [--chromium /usr/bin/chromium] [--write]

Clones this repository into an empty folder and runs every line of every block of the page there, as a shell would; lines that end with `&` go on in
the background and are ended at the end. In between it waits for what the page says one waits for. Pictures need Playwright (PyPI) and
Chromium; without them the run says so and takes none. `--write` puts figures, page and pictures into docs/. Needs a package index the
first time, as any newcomer does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/quickstart.md"
PASSWORD = "a password for today"
OWN = "correct horse battery"
PATIENCE = 3600.0


def main() -> None:
    """Walk, time, and write if asked to."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--demo", default="", help="options for make demo, for a smaller day")
    asked.add_argument("--chromium", default=shutil.which("chromium") or "")
    asked.add_argument("--write", action="store_true")
    told = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="newcomer-") as name:
        place = Path(name) / "stillwatch"
        took = [("git clone", timed(lambda: run(f"git clone --quiet {ROOT} {place}", Path(name))))]
        walker = Walker(place, told.demo)
        try:
            typed = lines((place / PAGE).read_text("utf-8"))
            took += [(line, timed(lambda line=line: walker.type(line))) for line in typed]
            pictures = Path(name) / "pictures"
            seen = timed(lambda: look(told.chromium, pictures))
            took.append(("the first page and the findings, in a browser", seen))
        finally:
            walker.end()
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=place, capture_output=True, text=True, check=True
        ).stdout.strip()
        found = {
            "commit": commit,
            "demo": told.demo,
            "actors_for_review": walker.actors,
            "exchanges": walker.exchanges,
            "took": took,
            "load": os.getloadavg(),
            "pictures": pictures.is_dir(),
        }
        print(json.dumps(found, indent=1))
        if told.write:
            write(found, pictures)


def lines(page: str) -> list[str]:
    """Every line that the page says to type."""
    return [
        line
        for block in re.findall(r"^```\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if line
    ]


def run(line: str, place: Path, *, told: str = "") -> None:
    """One line, to its end."""
    done = subprocess.run(["bash", "-c", line], cwd=place, input=told, text=True, check=False, capture_output=True)
    if done.returncode:
        sys.exit(f"{line}\nended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def timed(work: Any) -> float:
    """Seconds by the clock: what a newcomer waits."""
    begun = time.monotonic()
    work()
    return round(time.monotonic() - begun, 1)


class Walker:
    """Types lines, keeps what runs in the background, and waits where the page waits."""

    def __init__(self, place: Path, demo: str) -> None:
        self.place, self.demo, self.actors, self.exchanges = place, demo, 0, 0
        self.running: list[subprocess.Popen[bytes]] = []

    def type(self, line: str) -> None:
        """One line of the page."""
        if line == "make demo" and self.demo:
            line += f" ARGS={self.demo!r}"
        if line.endswith("&"):
            log = (self.place / f"background-{len(self.running)}.log").open("wb")
            self.running.append(
                subprocess.Popen(
                    ["bash", "-c", "exec " + line[:-1]], cwd=self.place, stdout=log, stderr=log, start_new_session=True
                )
            )
        else:
            run(line, self.place, told=f"{PASSWORD}\n")
        if " watch " in line:
            self.actors = self.wait_for_findings()
        if " console desk" in line:
            self.fetch("http://127.0.0.1:9004/health")

    def wait_for_findings(self) -> int:
        """How many actors the watch has for review, as soon as it has any."""
        late = time.monotonic() + PATIENCE
        while time.monotonic() < late:
            told = self.fetch("http://127.0.0.1:9003/metrics")
            counted = re.search(r"^stillwatch_watch_actors_for_review (\d+)", told, flags=re.MULTILINE)
            if counted and int(counted[1]):
                read = re.search(r"^stillwatch_watch_exchanges (\d+)", told, flags=re.MULTILINE)
                self.exchanges = int(read[1]) if read else 0
                return int(counted[1])
            time.sleep(1)
        sys.exit("the watch found nothing")

    def fetch(self, address: str) -> str:
        """A page of something that may still be starting."""
        late = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(address) as answer:
                    return str(answer.read().decode())
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > late or any(one.poll() is not None for one in self.running):
                    logs = "\n".join(path.read_text()[-500:] for path in sorted(self.place.glob("background-*.log")))
                    sys.exit(f"{address}: no answer\n{logs}")
                time.sleep(0.5)

    def end(self) -> None:
        """End what was started, the last first."""
        for one in reversed(self.running):
            if one.poll() is None:
                os.killpg(one.pid, signal.SIGTERM)
                one.wait(60)


def look(chromium: str, out: Path) -> None:
    """Log in, choose a password, and take pictures of the first page, the findings and the first of them."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return
    if not chromium:
        return
    out.mkdir()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1360, "height": 850})
        page.set_default_timeout(600_000)
        log_in(page, PASSWORD)
        page.goto("http://127.0.0.1:9004/me")
        page.fill("#old", PASSWORD)
        page.fill("#new", OWN)
        page.click("button:has-text('Change it')")
        page.wait_for_url("**/login**")
        log_in(page, OWN)
        page.goto("http://127.0.0.1:9004/")
        page.screenshot(path=out / "today.png")
        page.goto("http://127.0.0.1:9004/findings")
        page.screenshot(path=out / "findings.png")
        page.click("a[href*='/X-']")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=out / "finding.png")
        browser.close()


def log_in(page: Any, password: str) -> None:
    """As Mary."""
    page.goto("http://127.0.0.1:9004/login")
    page.fill("#name", "mary")
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url)


def write(found: dict[str, Any], pictures: Path) -> None:
    """Figures, page and pictures into docs/."""
    out = ROOT / "docs" / "benchmarks"
    (out / "newcomer.json").write_text(json.dumps(found, indent=1) + "\n")
    total = sum(seconds for _, seconds in found["took"])
    rows = "\n".join(
        f"| `{line[:90]}{'…' if len(line) > 90 else ''}` | {seconds:,.1f} |" for line, seconds in found["took"]
    )
    shown = (
        "\n![The first page](../newcomer/today.png)\n![The findings](../newcomer/findings.png)\n![One of them](../newcomer/finding.png)\n"
        * found["pictures"]
    )
    day = f"`make demo` was given `{found['demo']}`, for a smaller day. " if found["demo"] else ""
    (out / "newcomer.md").write_text(
        f"""# A newcomer's way

Written by `python bench/newcomer.py --write`, never by hand, at commit {found["commit"]}: every line of [the page](../quickstart.md), typed in a fresh clone.
{day}Seconds by the clock, on a machine whose load was {found["load"][1]:.1f}; waiting for the first findings counts for the watch. In the end {found["actors_for_review"]} actors
were for review in the console, after {found["exchanges"]:,} exchanges. Pictures: {"taken in Chromium" if found["pictures"] else "none, for want of Chromium or Playwright"}.

| line | seconds |
|---|---|
{rows}
| all | {total:,.1f} |
{shown}"""
    )
    if pictures.is_dir():
        target = ROOT / "docs" / "newcomer"
        target.mkdir(exist_ok=True)
        for picture in pictures.glob("*.png"):
            shutil.copy(picture, target / picture.name)


if __name__ == "__main__":
    main()
