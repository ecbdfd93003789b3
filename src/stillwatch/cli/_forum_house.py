"""A lab in the forum demo: its traffic, its people, what it decided, and the commands that any lab would type."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.cli._forum_member import Member
from stillwatch.cli._forum_play import CUSTODIANS

if TYPE_CHECKING:
    from stillwatch.cli._forum_play import Play
    from stillwatch.range.labs import LabPaths

__all__ = ["House"]

_NEW_DAYS = 60
"""Accounts opened within so many days are candidates: each lab looks for these on the boards."""


class House(Member):
    """One lab, with a workspace of its own."""

    def __init__(self, play: Play, paths: LabPaths) -> None:
        super().__init__(play, paths.lab, paths.logs.parent)
        self.paths = paths
        self.before: list[str] = []
        self.suspects: list[str] = []
        self.shown: list[str] = []

    def scan(self) -> None:
        """Read its own logs, and keep what its customers were registered with in its vault."""
        from stillwatch.pipeline import last_view, raw_names

        paths = self.paths
        self.run("scan", paths.logs, "--accounts", paths.accounts_file, "--releases", paths.releases_file)
        self.run("forum", "tags", "keep", paths.identities_file)
        self._found = [actor.handle for actor in last_view(self.space).for_review]
        self.before = sorted({raw for _, raw in raw_names(self.space, self._found)})
        self.play.tell(f"  {self.name}: {len(self._found)} findings for review, {len(self.before)} accounts")

    def join(
        self,
        ports: Mapping[str, int],
        statements: Sequence[str],
        collections: Mapping[str, str],
        stack: contextlib.ExitStack,
    ) -> dict[str, int]:
        """As every member, and say where the custodians are."""
        own = super().join(ports, statements, collections, stack)
        self._reach = self.home / "custodians.toml"
        lines = ['pins = "pins.json"']
        for name in CUSTODIANS:
            lines += [f"[custodians.{name}]", f'url = "http://127.0.0.1:{own[name]}"', f'token_file = "{name}.token"']
        self._reach.write_text("\n".join(lines) + "\n", "utf-8")
        return own

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
            self.push(file)
            self.play.tell(f"  {self.name}: {said.strip()}")
        for kind in IDENTITIES if self._found else ():
            parts = []
            for number, found in enumerate(self._cases()):
                parts.append(self.outbox / f"{kind}-{number}.tags")
                reach = ("--custodians", self._reach, "--why", "to warn others", "--by", "joe", "--allow-dense")
                self.run("forum", "tags", "make", found, kind, parts[-1], *reach)
            wrapped = self.outbox / f"{kind}.json"
            self.run("forum", "tags", "wrap", wrapped, *parts, "--pins", self.pins, "--by", "joe")
            self.push(wrapped, "Tag lists")

    def listen(self) -> None:
        """Pull, take in, look on the boards for its own new accounts, and look again with all of it."""
        from stillwatch.pipeline import raw_names

        self._hear()
        if boards := self.unwrap(self.pull("Tag boards"), "board"):
            reach = ("--custodians", self._reach, "--allow-dense")
            self.run("forum", "tags", "look", self._candidates(), *boards, *reach)
        told = json.loads(self.run("forum", "seek", "--json"))
        self.shown = [raw for _, raw in raw_names(self.space, told["shown"])]
        self.play.tell(
            f"  {self.name}: {len(told['leads'])} leads, {len(told['shown'])} more accounts shown by their own conduct, "
            f"{len(told['met_again'])} met again"
        )

    def bear_out(self) -> None:
        """Say of what matches here that it is seen here too."""
        matches = json.loads(self.run("forum", "match", "--json"))["matches"]
        for number, one in enumerate(match for match in matches if match["stands_alone"]):
            file = self.outbox / f"seen-{number}.json"
            self.run("forum", "say", one["indicator"], file, "--seen")
            self.push(file)

    def hear_back(self) -> None:
        """Take in what the others said, and tell the own cases of it."""
        self._hear()
        self.run("forum", "feedback", "--by", "mary")

    def ask(self) -> bool:
        """Ask who else has seen the actor of its first case, by those indicators that are worth a look by themselves; False without any."""
        from stillwatch.forum.stix.ids import INDICATOR_EXTENSION

        rows = self.space.store.read("indicators_out", ["id", "case", "type", "object"]).to_pylist()
        told = {row["id"]: json.loads(row["object"]) for row in rows if row["type"] == "indicator"}
        alone = {made for made, one in told.items() if one["extensions"][INDICATOR_EXTENSION]["stands_alone"]}
        first = min((row["case"] for row in rows if row["id"] in alone), default=None)
        about = sorted(row["id"] for row in rows if row["id"] in alone and row["case"] == first)
        if not about:
            return False
        file = self.outbox / "question.json"
        self.run("forum", "ask", file, *about, "--by", "mary")
        self.push(file)
        return True

    def answer(self) -> None:
        """Answer what others ask, to whoever counts and to nobody else."""
        file = self.outbox / "answers.json"
        self.run("forum", "answer", file, "--inbox", self.pull(), "--by", "mary")
        if file.exists():
            self.push(file, "Answers")

    def told(self, counter: str) -> str:
        """What came of its question."""
        return self.run("forum", "told", "--inbox", self.pull(), "--counter", counter).strip().partition(": ")[2]

    def pointed(self) -> list[str]:
        """Its accounts that a board named."""
        from stillwatch.core import handle
        from stillwatch.pipeline import raw_names

        named = self.space.store.read("tagged_in", ["account"]).column("account").to_pylist()
        return [raw for _, raw in raw_names(self.space, sorted({handle("account", one) for one in named}))]

    def _cases(self) -> list[str]:
        from stillwatch.cases import Desk

        return sorted(Desk(self.space).cases())

    def _hear(self) -> None:
        self.run("forum", "take", "--inbox", self.pull(), fails=True)

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
