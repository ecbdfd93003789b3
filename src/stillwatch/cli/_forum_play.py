"""The forum demo's stage: hub and custodians as processes of their own, and labs that type the commands that any lab would type."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from stillwatch.cli.app import app
from stillwatch.core import Error
from stillwatch.engine import Workspace

if TYPE_CHECKING:
    from rich.console import Console

    from stillwatch.range.labs import LabPaths

__all__ = ["House", "Play"]

_CUSTODIANS = ("north", "south")
_NEW_DAYS = 60
"""Accounts opened within so many days are candidates: each lab looks for these on the boards."""

_POLICY = """member = "{code}"
basis = "us-peer"
profile = "us"
[bases.us-peer]
law = "membership agreement of the forum; counsel's memo"
lanes = ["peer"]
starts = {starts}
ends = {ends}
confirmed_by = "counsel"
[profiles.us]
jurisdiction = "US"
subnets = true
user_agents = true
"""


class Play:
    """The place where it is played: the folder, the servers, the lines that keep every byte, and the transcript."""

    def __init__(self, out: Path, console: Console) -> None:
        self.out, self._console = out, console
        self.custodians = [out / "forum" / name for name in _CUSTODIANS]
        self.address, self.epoch = "", ""
        self.boards: list[Path] = []
        self._stack = contextlib.ExitStack()
        self._transcript = (out / "transcript.txt").open("w", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self._transcript.close()

    def tell(self, line: str) -> None:
        """Say on the terminal how it goes."""
        self._console.print(line, soft_wrap=True)

    def run(self, who: str, *words: object, fails: bool = False, secret: bool = False) -> str:
        """What a command says. It is run as typed, and stands in the transcript with what it said, unless that is `secret`.

        Raises:
            Error: when it fails and may not.
        """
        said, code = io.StringIO(), 0
        typed = [str(word) for word in words]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                app(typed, exit_on_error=False, result_action="return_value")
            except SystemExit as leaving:
                code = int(leaving.code or 0)
            except Error as error:
                code = 2
                print(f"stillwatch: {error}")
        text = said.getvalue()
        self._transcript.write(f"{who}$ stillwatch {' '.join(typed)}\n{'(a token, shown once)' if secret else text}\n")
        self._transcript.flush()
        if code and not fails:
            raise Error(f"forum demo: {who}: stillwatch {' '.join(typed[:3])} ended with {code}\n{text}")
        return text

    def open_forum(self, houses: Sequence[House]) -> None:
        """Lay out the hub and both custodians, let every lab in, start the servers, and draw a kept line from each lab to each of them."""
        hub, forum = self.out / "forum" / "hub", "forum"
        port = _free_port()
        self.run(forum, "forum", "hub", hub, "--url", f"http://127.0.0.1:{port}")
        settings = (hub / "hub.toml").read_text("utf-8")
        for house in houses:
            told = self.run(forum, "forum", "member", house.name, "--code", house.code, secret=True)
            token, _, lines = told.partition("\n")
            house.keep_token("hub", token.partition(": ")[2])
            settings += lines
        names = ", ".join(json.dumps(house.name) for house in houses)
        (hub / "hub.toml").write_text(settings.replace("members = []", f"members = [{names}]"), "utf-8")
        statements = []
        for name, folder in zip(_CUSTODIANS, self.custodians, strict=True):
            made = self.run(name, "forum", "custodian", "rotate", folder, name).strip().split("\t")
            self.epoch = made[0]
            statements.append(made[-1])
            for house in houses:
                house.keep_token(
                    name, self.run(name, "forum", "custodian", "admit", folder, house.name, secret=True).strip()
                )
        ports = {"hub": port, **{name: _free_port() for name in _CUSTODIANS}}
        self._serve("forum", "serve", hub / "hub.toml", "--port", port)
        for name, folder in zip(_CUSTODIANS, self.custodians, strict=True):
            self._serve("forum", "custodian", "serve", folder, "--port", ports[name])
        for one in ports.values():
            _wait(one)
        collection = settings.partition("[[collection]]")[2].partition('id = "')[2].partition('"')[0]
        for house in houses:
            house.join(ports, statements, f"forum/collections/{collection}/", self._stack)

    def make_boards(self, houses: Sequence[House]) -> None:
        """One board for each kind, of the lists that the labs sent."""
        from stillwatch.range.labs import IDENTITIES

        for kind in IDENTITIES:
            lists = [house.outbox / f"{kind}.tags" for house in houses if (house.outbox / f"{kind}.tags").exists()]
            if lists:
                board = self.out / "forum" / f"{kind}.board"
                self.tell(f"  {self.run('forum', 'forum', 'tags', 'gather', board, *lists).strip()}")
                self.boards.append(board)

    def _serve(self, *words: object) -> None:
        log = self._stack.enter_context((self.out / "servers.log").open("ab"))
        command = [sys.executable, "-m", "stillwatch", *map(str, words)]
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own command, with paths and ports of ours
        self._stack.callback(_end, process)


class House:
    """One lab: its workspace, its people, what it decided, and its line to the forum."""

    def __init__(self, play: Play, paths: LabPaths) -> None:
        self.play, self.paths, self.name = play, paths, paths.lab
        self.home = paths.logs.parent
        self.root, self.outbox, self.line = self.home / "workspace", self.home / "outbox", self.home / "line"
        self.code = f"{sum(map(ord, paths.lab)):08x}"
        self.before: list[str] = []
        self.suspects: list[str] = []
        self.shown: list[str] = []
        Workspace(self.root)
        for folder in (self.outbox, self.line):
            folder.mkdir()
        (self.root / "stillwatch.toml").write_text("[run]\nworkers = 1\n", "utf-8")
        today = dt.datetime.now(dt.UTC).date()
        dates = {"starts": today - dt.timedelta(days=30), "ends": today + dt.timedelta(days=300)}
        (self.root / "forum.toml").write_text(_POLICY.format(code=self.code, **dates), "utf-8")

    @property
    def space(self) -> Workspace:
        """Its workspace."""
        return Workspace(self.root, make=False)

    def run(self, *words: object, fails: bool = False) -> str:
        """A command in its workspace."""
        return self.play.run(self.name, *words, "--workspace", self.root, fails=fails)

    def scan(self) -> None:
        """Read its own logs, and keep what its customers were registered with in its vault."""
        from stillwatch.pipeline import last_view, raw_names

        paths = self.paths
        self.run("scan", paths.logs, "--accounts", paths.accounts_file, "--releases", paths.releases_file)
        self.run("forum", "tags", "keep", paths.identities_file)
        self._found = [actor.handle for actor in last_view(self.space).for_review]
        self.before = sorted({raw for _, raw in raw_names(self.space, self._found)})
        self.play.tell(f"  {self.name}: {len(self._found)} findings for review, {len(self.before)} accounts")

    def keep_token(self, place: str, token: str) -> None:
        """Keep a token where nobody else can read it."""
        path = self.home / f"{place}.token"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token)

    def join(
        self, ports: dict[str, int], statements: Sequence[str], collection: str, stack: contextlib.ExitStack
    ) -> None:
        """Pin the custodians' keys, and reach everybody over lines that are kept."""
        from stillwatch.range.labs import relay

        own = {
            place: stack.enter_context(relay(port, self.line / f"{place}.left", self.line / f"{place}.came"))
            for place, port in ports.items()
        }
        self._address = f"http://127.0.0.1:{own['hub']}/{collection}"
        self._reach = self.home / "custodians.toml"
        lines = ['pins = "pins.json"']
        for name in _CUSTODIANS:
            lines += [f"[custodians.{name}]", f'url = "http://127.0.0.1:{own[name]}"', f'token_file = "{name}.token"']
        self._reach.write_text("\n".join(lines) + "\n", "utf-8")
        self.play.run(self.name, "forum", "tags", "pin", self.home / "pins.json", *statements)

    def warn(self) -> None:
        """Open, decide and approve a case for each finding, by two people; seal it; send its indicators and its members' tags."""
        from stillwatch.pipeline import raw_names
        from stillwatch.range.labs import IDENTITIES

        for number, found in enumerate(self._found):
            case = self.run("case", "open", found, "--by", "mary").partition(":")[0]
            self.run(
                "case", "decide", case, "block", "coordinated_accounts", "--note", "read the report", "--by", "mary"
            )
            self.run("case", "approve", case, "--note", "read the case", "--by", "joe")
            self.run("case", "seal", case, "--why", "to warn others", "--by", "joe")
            self.suspects += [raw for _, raw in raw_names(self.space, [found])]
            file = self.outbox / f"{number}.json"
            said = self.run("forum", "export", case, file, "--to", "members of the forum", "--sign-off", "--by", "joe")
            self._push(file)
            self.play.tell(f"  {self.name}: {said.strip()}")
        for kind in IDENTITIES if self._found else ():
            parts = []
            for number, found in enumerate(self._cases()):
                parts.append(self.outbox / f"{kind}-{number}.part")
                reach = ("--custodians", self._reach, "--why", "to warn others", "--by", "joe", "--allow-dense")
                self.run("forum", "tags", "make", found, kind, parts[-1], *reach)
            self.play.run(self.name, "forum", "tags", "gather", self.outbox / f"{kind}.tags", *parts)
            for part in parts:
                part.unlink()

    def listen(self) -> None:
        """Pull, take in, look on the boards for its own new accounts, and look again with all of it."""
        from stillwatch.pipeline import raw_names

        self._pull()
        if self.play.boards:
            self.run(
                "forum",
                "tags",
                "look",
                self._candidates(),
                *self.play.boards,
                "--custodians",
                self._reach,
                "--allow-dense",
            )
        told = json.loads(self.run("forum", "seek", "--json"))
        self.shown = [raw for _, raw in raw_names(self.space, told["shown"])]
        self.play.tell(
            f"  {self.name}: {len(told['leads'])} leads, {len(told['shown'])} accounts shown by their own conduct, {len(told['new'])} new"
        )

    def bear_out(self) -> None:
        """Say of what matches here that it is seen here too."""
        matches = json.loads(self.run("forum", "match", "--json"))["matches"]
        for number, one in enumerate(match for match in matches if match["stands_alone"]):
            file = self.outbox / f"seen-{number}.json"
            self.run("forum", "say", one["indicator"], file, "--seen")
            self._push(file)

    def hear_back(self) -> None:
        """Take in what the others said, and tell the own cases of it."""
        self._pull()
        self.run("forum", "feedback", "--by", "mary")

    def pointed(self) -> list[str]:
        """Its accounts that a board named."""
        from stillwatch.core import handle
        from stillwatch.pipeline import raw_names

        named = self.space.store.read("tagged_in", ["account"]).column("account").to_pylist()
        return [raw for _, raw in raw_names(self.space, sorted({handle("account", one) for one in named}))]

    def left(self) -> bytes:
        """Everything that left it: over its lines, and as lists for the boards."""
        kept = [*sorted(self.line.glob("*.left")), *sorted(self.outbox.iterdir())]
        return b"\n".join(path.read_bytes() for path in kept)

    def came(self) -> bytes:
        """Everything that it was told."""
        return b"\n".join(path.read_bytes() for path in (*sorted(self.line.glob("*.came")), *self.play.boards))

    def _cases(self) -> list[str]:
        from stillwatch.cases import Desk

        return sorted(Desk(self.space).cases())

    def _push(self, file: Path) -> None:
        self.run("forum", "push", self._address, file, *self._line(), "--by", "joe")

    def _pull(self) -> None:
        self.play.run(self.name, "forum", "pull", self._address, *self._line())
        self.run("forum", "take", "--inbox", self.home / "inbox.sqlite", fails=True)

    def _line(self) -> tuple[object, ...]:
        return ("--inbox", self.home / "inbox.sqlite", "--token-file", self.home / "hub.token")

    def _candidates(self) -> Path:
        """The new accounts with what they were registered with."""
        from stillwatch.range.facts import DAY_OF_WORLD

        with self.paths.accounts_file.open(encoding="utf-8", newline="") as file:
            since = DAY_OF_WORLD - dt.timedelta(days=_NEW_DAYS)
            new = {
                row["account"]
                for row in csv.DictReader(file)
                if row["created"] and dt.datetime.fromisoformat(row["created"]) >= since
            }
        path = self.home / "candidates.csv"
        with self.paths.identities_file.open(encoding="utf-8", newline="") as file, path.open("w", newline="") as made:
            rows = csv.DictReader(file)
            writer = csv.DictWriter(made, rows.fieldnames or ())
            writer.writeheader()
            writer.writerows(row for row in rows if row["account"] in new)
        return path


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait(port: int, seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.1)
    raise Error(f"forum demo: nothing answers on port {port} after {seconds:.0f} s; servers.log says why")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
