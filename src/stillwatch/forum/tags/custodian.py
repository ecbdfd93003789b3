"""One of the two custodians: keeps keys of its own, evaluates what members blinded, counts it, and can make no tag alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from stillwatch.forum.tags.committed import Statement
from stillwatch.forum.tags.keys import Epoch, destroy_closed, read_epochs
from stillwatch.forum.tags.kinds import Kind
from stillwatch.forum.tags.ledger import Ledger, Line
from stillwatch.forum.tags.members import Member, read_members, who
from stillwatch.forum.tags.quotas import Spent
from stillwatch.forum.tags.refusals import Refusal, RequestRefused
from stillwatch.forum.tags.wire import Answer, Asked, decode_asked, digest_of, encode

__all__ = ["Custodian"]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Custodian:
    """A custodian over its folder: `keys/`, `members.json`, `ledger.sqlite`.

    Members and epochs are read again when their files change, so a member that was let go is refused at once; the seeds of epochs that
    are closed are destroyed whenever keys are looked for, on the first day after their close on which anybody asks.

    Args:
        folder: where it keeps everything.
        clock: says the time, aware.
        tell: is told every line of the ledger, such as the forum's log.
    """

    def __init__(
        self, folder: Path, clock: Callable[[], dt.datetime] = _now, tell: Callable[[Line], None] = lambda _: None
    ) -> None:
        self.folder, self._clock = folder, clock
        self.ledger = Ledger(folder / "ledger.sqlite", clock, tell)
        self._members: tuple[object, dict[str, Member]] = (None, {})
        self._epochs: tuple[object, dict[str, Epoch]] = (None, {})
        self._looked: dt.date | None = None

    def member(self, token: str) -> str:
        """Whose token it is.

        Raises:
            RequestRefused: when it is nobody's.
        """
        return who(self._let_in(), token)

    def statements(self) -> list[Statement]:
        """The public keys of every epoch whose keys are kept."""
        return [epoch.statement for epoch in self._kept().values()]

    def answer(self, member: str, data: bytes) -> bytes:
        """Evaluate a member's request. It is counted, on the disk, before its answer leaves; refusals are kept too.

        Raises:
            RequestRefused: when it is malformed, over a bound, or of an epoch that is not open.
        """
        asked: Asked | None = None
        points: tuple[bytes, ...] = ()
        try:
            asked, points = decode_asked(data)
            epoch = self._open(asked.epoch)
            counted, made = self._evaluated(member, epoch, asked, points)
        except RequestRefused as refused:
            kind = asked.kind if asked else ""
            name = asked.epoch if asked and asked.epoch in self._kept() else ""
            self.ledger.write(member, kind, name, len(points), refused.refusal)
            raise
        self.ledger.write(member, asked.kind, asked.epoch, len(points), "counted" if counted else "repeated")
        return encode(made)

    def used(self, member: str, kind: Kind, epoch: str) -> Spent:
        """What a member has used of a kind."""
        return self.ledger.spent(member, kind, epoch, self._of(member).quota(kind))

    def _evaluated(self, member: str, epoch: Epoch, asked: Asked, points: tuple[bytes, ...]) -> tuple[bool, Answer]:
        told = (
            member,
            asked.kind,
            asked.epoch,
            len(points),
            digest_of(member, asked),
            self._of(member).quota(asked.kind),
        )
        self.ledger.allow(*told)
        elements, proof = epoch.keys[asked.kind].answer(points)
        counted = self.ledger.charge(*told)
        return counted, Answer(elements=elements, proof=proof)

    def _destroy(self, folder: Path) -> None:
        """Once a day and never late: an epoch ends whether or not anybody rotates."""
        today = self._clock().date()
        if self._looked != today:
            destroy_closed(folder, today)
            self._looked = today

    def _open(self, name: str) -> Epoch:
        epoch = self._kept().get(name)
        today = self._clock().date()
        if epoch is None or not epoch.statement.opens <= today < epoch.statement.closes:
            open_now = [s.epoch for s in self.statements() if s.opens <= today < s.closes]
            raise RequestRefused(Refusal.UNKNOWN_EPOCH, f"epoch: open are {', '.join(open_now) or 'none'}")
        return epoch

    def _of(self, name: str) -> Member:
        member = self._let_in().get(name)
        if member is None:
            raise RequestRefused(Refusal.UNKNOWN_MEMBER, f"{name}: no such member")
        return member

    def _let_in(self) -> dict[str, Member]:
        path = self.folder / "members.json"
        mark = (path.stat().st_mtime_ns, path.stat().st_ino) if path.exists() else None
        if self._members[0] != mark:
            self._members = (mark, read_members(path))
        return self._members[1]

    def _kept(self) -> dict[str, Epoch]:
        folder = self.folder / "keys"
        self._destroy(folder)
        mark = tuple((path.name, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.key")))
        if self._epochs[0] != mark:
            self._epochs = (mark, read_epochs(folder))
        return self._epochs[1]
