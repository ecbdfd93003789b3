"""A gate that follows its files: a changed policy or standing is taken up; what cannot be used is said, and changes nothing."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from stillwatch.core.errors import Error
from stillwatch.policy.gatekeeper import Gatekeeper
from stillwatch.policy.policy_file import read_policy
from stillwatch.policy.standing import read_standing

__all__ = ["Watched", "open_gate"]

_log = logging.getLogger(__name__)
_Mark = tuple[int, int, int] | None
_Read = TypeVar("_Read")


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
        """Take up what has changed, and say what was done. An invalid policy or a damaged standing leaves the one before in force.

        Both files are read anew, for a policy is worked out for every account; a policy that changes while the standing cannot be read
        waits for it.
        """
        marks = {what: _mark(path) for what, path in self._files.items()}
        if marks == self._marks:
            return ()
        self._marks = marks
        wrong: dict[str, str] = {}
        policy = self._read("policy", read_policy, wrong) or self.gate.policy
        standing = self._read("standing", read_standing, wrong)
        if standing is not None:
            self.gate.take_up(policy, standing)
        self.wrong = wrong
        for what, why in wrong.items():
            _log.warning("%s not taken up: %s", what, why)
        taken = () if standing is None else (f"policy {policy.id} and standing {standing.serial} are in force",)
        return (*taken, *wrong.values())

    def _read(self, what: str, read: Callable[[Path], _Read], wrong: dict[str, str]) -> _Read | None:
        path = self._files[what]
        if path is None:
            return None
        try:
            if self._marks[what] is None:
                wrong[what] = f"{path}: is gone; what was read before stays in force"
                return None
            return read(path)
        except Error as error:
            wrong[what] = f"{path}: not taken up, what was read before stays in force: {error}"
            return None


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
