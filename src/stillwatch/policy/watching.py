"""A gate that follows its files: a changed policy or standing is taken up; what cannot be used is said, and changes nothing."""

from __future__ import annotations

import contextlib
import logging
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from stillwatch.core.errors import Error
from stillwatch.policy.gatekeeper import Gatekeeper
from stillwatch.policy.policy_file import read_policy
from stillwatch.policy.standing import Standing, read_standing

__all__ = ["Fetch", "Watched", "open_gate"]

_log = logging.getLogger(__name__)
_Mark = tuple[int, int, int] | None
_Read = TypeVar("_Read")
_AFAR = "fetching"
_UNREAD: _Mark = (-1, -1, -1)
"""The mark of no file: what bears it is read again."""

Fetch = Callable[[bytes | None], bytes | None]
"""Brings the standing from afar into its file, given what it said last time: see `valkey.fetch_standing`."""


class Watched:
    """A gate with the files that it follows. `gate` rules; `refresh` is called every few seconds, from a thread of its own.

    `wrong` says, file by file, why its last change was not taken up; empty while everything in force is what lies there.
    """

    def __init__(
        self,
        gate: Gatekeeper,
        policy: Path | None,
        standing: Path | None,
        marks: dict[str, _Mark],
        fetch: Fetch | None = None,
        known: bytes | None = None,
    ) -> None:
        self.gate = gate
        self.wrong: dict[str, str] = {}
        self._fetch = fetch
        self._known = known
        self._files = {"policy": policy, "standing": standing}
        self._marks = marks

    def refresh(self) -> tuple[str, ...]:
        """Take up what has changed, and say what was done. An invalid policy or a damaged standing leaves the one before in force.

        Both files are read anew, for a policy is worked out for every account; a policy that changes while the standing cannot be read
        waits for it. What could not be read is tried again every time: the fault may have been a passing one.
        """
        wrong: dict[str, str] = {}
        self._known = _fetched(self._fetch, self._known, wrong)
        marks = {what: _mark(path) for what, path in self._files.items()}
        changed = {what for what, mark in marks.items() if mark != self._marks[what]}
        wrong.update({what: why for what, why in self.wrong.items() if what in self._files and what not in changed})
        taken = self._take_up(changed, marks, wrong) if changed else ()
        news = {what: why for what, why in wrong.items() if self.wrong.get(what) != why}
        self.wrong = wrong
        for what, why in news.items():
            _log.warning("%s not taken up: %s", what, why)
        return (*taken, *news.values())

    def _take_up(self, changed: set[str], marks: dict[str, _Mark], wrong: dict[str, str]) -> tuple[str, ...]:
        policy = self._read("policy", read_policy, marks, wrong) if "policy" in changed else None
        self._marks["policy"] = marks["policy"] if "policy" not in wrong else _UNREAD
        if policy is None and "standing" not in changed:
            return ()
        begun = self.gate.health(0.0).serial > 0
        with _briefly():
            # Where there never was a standing, none is what a changed policy is worked out for.
            there = begun or marks["standing"] is not None
            standing = self._read("standing", read_standing, marks, wrong) if there else None
            self._marks["standing"] = marks["standing"]
            if "standing" in wrong and marks["standing"] is not None:
                self._marks["standing"] = _UNREAD
            if standing is None and policy is not None and not begun:
                standing = Standing.none()
            if standing is None:
                self._marks["policy"] = _UNREAD if policy is not None else self._marks["policy"]
                return ()
            self.gate.take_up(policy or self.gate.policy, standing)
        return (f"policy {self.gate.policy.id} and standing {standing.serial} are in force",)

    def _read(
        self, what: str, read: Callable[[Path], _Read], marks: dict[str, _Mark], wrong: dict[str, str]
    ) -> _Read | None:
        path = self._files[what]
        wrong.pop(what, None)
        if path is None:
            return None
        if marks[what] is None:
            wrong[what] = f"{path}: is gone; what was read before stays in force"
            return None
        try:
            return read(path)
        except Error as error:
            wrong[what] = f"{path}: not taken up, what was read before stays in force: {error}"
            return None


def open_gate(
    policy: Path | None,
    standing: Path | None,
    *,
    workers: int = 1,
    rng: random.Random | None = None,
    fetch: Fetch | None = None,
) -> Watched:
    """Open a gate on a policy file (the default policy without one) and a standing.

    A standing that is missing, damaged or of a newer version is as good as none at the start: the policy says what holds then.

    Args:
        workers: processes that stand side by side and share every limit.
        fetch: brings the standing into its file, where it comes from afar.

    Raises:
        PolicyError: when the policy cannot be used: a gate does not start on it.
    """
    wrong: dict[str, str] = {}
    brought = _fetched(fetch, None, wrong)
    marks = {"policy": _mark(policy), "standing": _mark(standing)}
    read = read_policy(policy)
    with _briefly():
        known = None
        if standing is not None:
            try:
                known = read_standing(standing)
            except Error as error:
                wrong["standing"] = str(error)
                marks["standing"] = _UNREAD
                _log.warning("standing not taken up: %s", error)
        gate = Gatekeeper(read, known, workers=workers, rng=rng)
    watched = Watched(gate, policy, standing, marks, fetch, brought)
    watched.wrong.update(wrong)
    return watched


def _fetched(fetch: Fetch | None, known: bytes | None, wrong: dict[str, str]) -> bytes | None:
    """Fetch the standing where it comes from afar; a failure leaves what is known, and is said."""
    try:
        return known if fetch is None else fetch(known)
    except Error as error:
        wrong[_AFAR] = str(error)
        return known


@contextlib.contextmanager
def _briefly() -> Iterator[None]:
    """Let what is read go back to the system afterwards: Arrow's own pool would keep several times what is looked up."""
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def _mark(path: Path | None) -> _Mark:
    """What tells one content of a file from the next: it is replaced whole, so it has another inode, size or time."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
