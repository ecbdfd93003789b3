"""What an operator adds to a gateway: protected text, a translator, the key of marks, the house's credential for siblings."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.core import Error
from stillwatch.gateway.holding import Guard, Passages, Translator
from stillwatch.gateway.marking import Marking
from stillwatch.gateway.records import Records
from stillwatch.gateway.sampling import Sampling
from stillwatch.gateway.upstream import Upstream

__all__ = ["MARKS", "SIBLINGS", "Extras", "read_headers"]

MARKS, SIBLINGS = "marks", "siblings"
"""Folders of a workspace in which the records lie."""

_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}):[ \t]*([^\r\n]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Extras:
    """Files and names as the operator gave them; each is read when it is asked for, with an error that says what is wrong with it."""

    protected: tuple[Path, ...] = ()
    translator: str | None = None
    marks_key: Path | None = None
    credential: Path | None = None
    calls_a_day: int = 2000
    days: int = 400

    def fit(self, gate: Any, *, binds: bool = False, knows_age: bool = False) -> None:
        """Check that a policy finds what its rules need; a rule that would silently do nothing does not start.

        Args:
            binds: whether reasoning signatures are bound.
            knows_age: whether a front says since when accounts exist.

        Raises:
            Error: when a rule needs a key, a credential, bound signatures or the age of accounts, and it is not there.
        """
        policy = getattr(gate, "policy", None)
        for rule in () if policy is None else policy.rules:
            if rule.marker is not None and rule.marker.keyed and self.marks_key is None:
                raise Error(f"rule {rule.name}: mark {rule.mark} is drawn by a key; name it with --marks-key FILE")
            if rule.siblings is not None and self.credential is None:
                raise Error(f"rule {rule.name}: siblings are asked in the house's name; say --sibling-credential FILE")
            if rule.lock_context and not binds:
                raise Error(f"rule {rule.name}: lock_context binds signatures; say --bind-signatures org or more")
            if (
                rule.match is not None
                and not knows_age
                and any(key.startswith("account_days") for key, _ in rule.match.words)
            ):
                raise Error(f"rule {rule.name}: nobody says how old accounts are; say --account-since-header NAME")

    def guard(self) -> Guard:
        """What answers on hold are looked at with."""
        passages = [passage for path in self.protected for passage in _passages(path)]
        return Guard(Passages(passages), None if self.translator is None else Translator(_function(self.translator)))

    def marking(self, workspace: Path) -> Marking | None:
        """What marks requests."""
        if self.marks_key is None:
            return None
        from stillwatch.audit import read_master

        folder = workspace / MARKS
        return Marking(read_master(self.marks_key), Records(folder, "drawn", days=self.days), known=folder)

    def sampling(self, workspace: Path, upstream: Callable[[], Upstream]) -> Sampling | None:
        """What draws siblings."""
        if self.credential is None:
            return None
        records = Records(workspace / SIBLINGS, "siblings", days=self.days)
        return Sampling(upstream(), records, credential=read_headers(self.credential), calls_a_day=self.calls_a_day)


def read_headers(path: Path) -> list[tuple[str, str]]:
    """Headers of a file, one a line; nothing of what they say is ever told.

    Raises:
        Error: when a line is no header, with its number.
    """
    found: list[tuple[str, str]] = []
    for at, line in enumerate(_read(path).splitlines(), start=1):
        if line.strip():
            header = _HEADER.fullmatch(line.strip())
            if header is None:
                raise Error(f"{path}:{at}: not a header such as authorization: Bearer ...")
            found.append((header[1].lower(), header[2].strip()))
    return found


def _passages(path: Path) -> list[str]:
    found = [one.strip() for one in re.split(r"\n\s*\n", _read(path)) if one.strip()]
    if not found:
        raise Error(f"{path}: holds no text to protect")
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Error(f"{path}: cannot be read as text ({error.__class__.__name__})") from error


def _function(named: str) -> Callable[[str], str]:
    module, _, name = named.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise Error(f"translator: got {named!r}, expected module:function ({error})") from error
    if not callable(found):
        raise Error(f"translator: {named} is no function")
    return found  # type: ignore[no-any-return]
