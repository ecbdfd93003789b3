"""Whoever takes part in the forum demo: a workspace with a sharing policy, people, and a kept line to every server."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.engine import Workspace

if TYPE_CHECKING:
    from stillwatch.cli._forum_play import Play

__all__ = ["Member"]

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


class Member:
    """One member of the forum: what it types, and what goes over its lines."""

    def __init__(self, play: Play, name: str, home: Path) -> None:
        self.play, self.name, self.home = play, name, home
        self.root, self.outbox, self.line = home / "workspace", home / "outbox", home / "line"
        self.code = f"{sum(map(ord, name)):08x}"
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

    @property
    def pins(self) -> Path:
        """The custodians' keys as it pinned them."""
        return self.home / "pins.json"

    def run(self, *words: object, fails: bool = False) -> str:
        """A command in its workspace."""
        return self.play.run(self.name, *words, "--workspace", self.root, fails=fails)

    def keep_token(self, place: str, token: str) -> None:
        """Keep a token where nobody else can read it."""
        path = self.home / f"{place}.token"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token)

    def join(
        self,
        ports: Mapping[str, int],
        statements: Sequence[str],
        collections: Mapping[str, str],
        stack: contextlib.ExitStack,
    ) -> dict[str, int]:
        """Pin the custodians' keys, and reach everybody over lines that are kept; the ports of these lines."""
        from stillwatch.range.labs import relay

        own = {
            place: stack.enter_context(relay(port, self.line / f"{place}.left", self.line / f"{place}.came"))
            for place, port in ports.items()
        }
        self._collections = {
            title: f"http://127.0.0.1:{own['hub']}/forum/collections/{made}/" for title, made in collections.items()
        }
        self.play.run(self.name, "forum", "tags", "pin", self.pins, *statements)
        return own

    def push(self, file: Path, to: str = "Indicators") -> None:
        """Send a file to a collection."""
        self.run("forum", "push", self._collections[to], file, *self._line(to), "--by", "joe")

    def pull(self, of: str = "Indicators") -> Path:
        """Fetch what is new in a collection; the file that holds all of it."""
        self.play.run(self.name, "forum", "pull", self._collections[of], *self._line(of))
        return self._inbox(of)

    def unwrap(self, inbox: Path, role: str) -> list[Path]:
        """The lists or boards that came, once their signatures hold."""
        folder = self.home / f"{role}s"
        words = ("forum", "tags", "unwrap", folder, "--inbox", inbox, "--pins", self.pins, "--role", role)
        self.play.run(self.name, *words, "--signers", self.play.signers)
        return sorted(folder.iterdir())

    def left(self) -> bytes:
        """Everything that left it: over its lines, and the files that it wrote for others."""
        kept = [*sorted(self.line.glob("*.left")), *sorted(self.outbox.iterdir())]
        return b"\n".join(path.read_bytes() for path in kept)

    def came(self) -> bytes:
        """Everything that it was told, boards as they are read too."""
        kept = [*sorted(self.line.glob("*.came")), *sorted(self.home.glob("boards/*"))]
        return b"\n".join(path.read_bytes() for path in kept)

    def _inbox(self, of: str) -> Path:
        return self.home / f"{of.replace(' ', '-').lower()}.sqlite"

    def _line(self, of: str) -> tuple[object, ...]:
        return ("--inbox", self._inbox(of), "--token-file", self.home / "hub.token")
