"""A gate that follows its files: a changed policy or standing is taken up; what cannot be used is said, and changes nothing."""

from __future__ import annotations

import logging
import random
from pathlib import Path

from stillwatch.core.errors import Error
from stillwatch.policy.gatekeeper import Gatekeeper
from stillwatch.policy.policy_file import read_policy
from stillwatch.policy.standing import read_standing

__all__ = ["Watched", "open_gate"]

_log = logging.getLogger(__name__)
_Mark = tuple[int, int, int] | None


class Watched:
    """A gate with the files that it follows. `gate` rules; `refresh` is called every few seconds, from a thread of its own.

    `wrong` says, file by file, why its last change was not taken up; empty while everything in force is what lies there.
    """

    def __init__(self, gate: Gatekeeper, policy: Path | None, standing: Path | None, marks: dict[str, _Mark]) -> None:
        self.gate = gate
        self.wrong: dict[str, str] = {}
        self._files = {"policy": policy, "standing": standing}
        self._marks = marks

    def refresh(self) -> tuple[str, ...]:
        """Take up what has changed, and say what was done. An invalid policy or a damaged standing leaves the one before in force."""
        marks = {what: _mark(path) for what, path in self._files.items()}
        if marks == self._marks:
            return ()
        before, self._marks = self._marks, marks
        told: list[str] = []
        for what, path in self._files.items():
            if marks[what] == before[what] or path is None:
                continue
            if marks[what] is None:
                self.wrong[what] = f"{path}: is gone; what was read before stays in force"
            else:
                told += self._take_up(what, path)
            if what in self.wrong:
                _log.warning("%s not taken up: %s", what, self.wrong[what])
                told.append(self.wrong[what])
        return tuple(told)

    def _take_up(self, what: str, path: Path) -> list[str]:
        try:
            if what == "policy":
                self.gate.take_up(policy=read_policy(path))
            else:
                self.gate.take_up(standing=read_standing(path))
        except Error as error:
            self.wrong[what] = f"{path}: not taken up, what was read before stays in force: {error}"
            return []
        self.wrong.pop(what, None)
        _log.info("%s taken up", what)
        return [f"{path}: taken up"]


def open_gate(
    policy: Path | None, standing: Path | None, *, workers: int = 1, rng: random.Random | None = None
) -> Watched:
    """Open a gate on a policy file (the default policy without one) and a standing.

    A standing that is missing, damaged or of a newer version is as good as none at the start: the policy says what holds then.

    Raises:
        SettingsError: when the policy cannot be used: a gate does not start on it.
    """
    marks = {"policy": _mark(policy), "standing": _mark(standing)}
    wrong: dict[str, str] = {}
    read = read_policy(policy)
    known = None
    if standing is not None:
        try:
            known = read_standing(standing)
        except Error as error:
            wrong["standing"] = str(error)
            _log.warning("standing not taken up: %s", error)
    watched = Watched(Gatekeeper(read, known, workers=workers, rng=rng), policy, standing, marks)
    watched.wrong.update(wrong)
    return watched


def _mark(path: Path | None) -> _Mark:
    """What tells one content of a file from the next: it is replaced whole, so it has another inode, size or time."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
