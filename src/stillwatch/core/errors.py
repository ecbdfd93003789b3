"""What can go wrong, as a tree that a caller can catch at any height.

    Error
    ├── SettingsError       a settings file or option that cannot be used; carries every fault at once
    │   └── PolicyError     a policy that cannot be used, likewise
    ├── WorkspaceError      the workspace cannot be used (newer version, locked, not a workspace)
    │   └── DiskFull        no room left; everything committed before is whole
    ├── FormatError         a file whose log format could not be told, or that is not what it was said to be
    ├── ContractError       a table that does not keep its contract (our own mistake, or a damaged workspace)
    ├── TamperingFound      something chained or signed is not as it was written; carries every place
    ├── CaseError           a step that the rules of cases do not allow, or a case that is not there
    └── Undecidable         a question the data at hand cannot answer; carries n and what would be needed

Libraries raise these; only `stillwatch.cli` prints them and exits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "CaseError",
    "ContractError",
    "DiskFull",
    "Error",
    "Fault",
    "FormatError",
    "PolicyError",
    "SettingsError",
    "TamperingFound",
    "Undecidable",
    "WorkspaceError",
]


class Error(Exception):
    """The one base of every error that Stillwatch raises on purpose."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that is wrong, and where: `path` such as `ingest.max_line_bytes`, `message` such as `got -3, expected ...`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class SettingsError(Error):
    """Settings that cannot be used; all faults are reported at once."""

    what = "the settings"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.faults,)


class PolicyError(SettingsError):
    """A policy that cannot be used; all faults are reported at once."""

    what = "the policy"


class WorkspaceError(Error):
    """The workspace cannot be used as it is."""


class DiskFull(WorkspaceError):
    """No room left on the disk; what was committed before is whole."""


class FormatError(Error):
    """A file whose log format cannot be told, or that is not what it was said to be."""


class ContractError(Error):
    """A table that does not keep its contract."""


class TamperingFound(Error):
    """Something chained or signed is not as it was written; every place is reported at once."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.faults,)


class CaseError(Error):
    """A step that the rules of cases do not allow, or a case, key or sealed file that is not there."""


class Undecidable(Error):
    """A question that the data at hand cannot answer."""

    def __init__(self, question: str, *, n: int, needed: int) -> None:
        self.n = n
        self.needed = needed
        self._question = question
        super().__init__(f"{question}: undecided, n = {n}, needs {needed}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _undecidable, (type(self), self._question, self.n, self.needed)


def _undecidable(kind: type[Undecidable], question: str, n: int, needed: int) -> Undecidable:
    return kind(question, n=n, needed=needed)
