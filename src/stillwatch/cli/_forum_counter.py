"""Whoever counts in the forum demo: it reads the labs' answers and lists, which no lab does, and tells all of them what came of it."""

from __future__ import annotations

from stillwatch.cli._forum_member import Member

__all__ = ["Counter"]


class Counter(Member):
    """A member of the hub without traffic of its own."""

    def make_boards(self) -> None:
        """One board for each kind, of the lists that labs pushed."""
        lists = self.unwrap(self.pull("Tag lists"), "list")
        for kind in sorted({path.name.partition("-")[0] for path in lists}):
            board, wrapped = self.home / f"{kind}.board", self.outbox / f"{kind}.json"
            of_kind = [path for path in lists if path.name.startswith(f"{kind}-")]
            self.play.tell(f"  {self.play.run(self.name, 'forum', 'tags', 'gather', board, *of_kind).strip()}")
            self.run("forum", "tags", "wrap", wrapped, board, "--board", "--pins", self.pins)
            self.push(wrapped, "Tag boards")

    def count(self) -> None:
        """Tell what may be told of the answers."""
        told = self.outbox / "told.json"
        self.run("forum", "tally", told, "--inbox", self.pull(), "--answers", self.pull("Answers"), "--by", "mary")
        if told.exists():
            self.push(told)
