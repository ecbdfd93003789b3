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
from stillwatch.policy.standing import read_standing

__all__ = ["Fetch", "Watched", "open_gate"]

_log = logging.getLogger(__name__)
_Mark = tuple[int, int, int] | None
_Read = TypeVar("_Read")
_AFAR = "fetching"

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
        waits for it.
        """
        wrong: dict[str, str] = {}
        self._known = _fetched(self._fetch, self._known, wrong)
        marks = {what: _mark(path) for what, path in self._files.items()}
        if marks == self._marks and wrong.get(_AFAR) == self.wrong.get(_AFAR):
            return ()
        self._marks = marks
        policy = self._read("policy", read_policy, wrong) or self.gate.policy
        with _briefly():
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
