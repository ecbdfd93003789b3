"""What a study is asked for: which worlds, how many, where to keep them, and whom to tell how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.core import Settings
from stillwatch.core.errors import Error
from stillwatch.range.splits import Fold

__all__ = ["Order", "Size", "Tell"]

Tell = Callable[[str, int, int], None]
"""Told what is being done, how much is done and how much there is."""

_APART = 1_000_000
"""Distance between the seeds of test worlds and of development worlds."""

_LEAST_ACCOUNTS, _MOST_ACCOUNTS = 300, 2_000_000
_MOST_WORLDS = 10_000
_MOST_DAYS = 60
_LEAST_EACH = 12
"""Exchanges an account: with fewer, nobody has sent enough to be judged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How large the worlds of a study are and how many it builds; lookalikes and campaigns come on top of `accounts` and `exchanges`."""

    accounts: int
    exchanges: int
    worlds: int
    days: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One run of a preset.

    Attributes:
        preset: its name.
        seed: seed of the first world; the next worlds have the next seeds.
        out: folder of the run: result, page, finished worlds and the cache of backgrounds.
        size: worlds of the study.
        data: folder of data sets that are not in the repository, for presets that need them.
        hidden: folder of prompts that nobody has seen, which the campaigns then ask instead of the pack's.
        prompts: folder of the prompt pack; the repository's by default.
        fold: which prompt sources campaigns ask from: those for testing or those for developing. The folds share no source, and their
            worlds no seed, so no account is in both.
        settings: settings of the detector.
        unmimic_python: interpreter of an environment that has unmimic, for presets that run it; without one it refuses every world.
        command: the command line, for the record.
        tell: whom to tell how far it is.
    """

    preset: str
    seed: int
    out: Path
    size: Size
    data: Path | None = None
    hidden: Path | None = None
    prompts: Path | None = None
    fold: Fold = Fold.TEST
    settings: Settings = field(default_factory=Settings)
    unmimic_python: Path | None = None
    command: str = ""
    tell: Tell = lambda stage, done, total: None

    def __post_init__(self) -> None:
        """Refuse knobs that no world can have.

        Raises:
            Error: that names the knob, what was got and what is expected.
        """
        size = self.size
        room = "with fewer, lookalikes are most of the world"
        for knob, got, expected, fits in (
            ("seed", self.seed, f"a whole number from 0 to {_APART - 1:,}", 0 <= self.seed < _APART),
            ("worlds", size.worlds, f"1 to {_MOST_WORLDS:,}", 1 <= size.worlds <= _MOST_WORLDS),
            (
                "accounts",
                size.accounts,
                f"{_LEAST_ACCOUNTS:,} to {_MOST_ACCOUNTS:,}; {room}",
                _LEAST_ACCOUNTS <= size.accounts <= _MOST_ACCOUNTS,
            ),
            (
                "exchanges",
                size.exchanges,
                f"at least {_LEAST_EACH} for each of {size.accounts:,} accounts; with fewer, nobody has sent enough to be judged",
                size.exchanges >= _LEAST_EACH * size.accounts,
            ),
            ("days", size.days, f"1 to {_MOST_DAYS}", 1 <= size.days <= _MOST_DAYS),
        ):
            if not fits:
                raise Error(f"{knob}: got {got:,}, expected {expected}")

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the study's worlds."""
        first = self.seed + (_APART if self.fold == Fold.DEVELOP else 0)
        return tuple(range(first, first + self.size.worlds))
