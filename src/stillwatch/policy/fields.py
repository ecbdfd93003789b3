"""Reading one table of a policy file: every value is taken out by its type, and every fault is noted with its path, none hides another."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.core.errors import Fault

__all__ = ["Fields", "shown"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIME = re.compile(r"([1-9][0-9]{0,8})([smhdw])")


class Fields:
    """One table of a policy file.

    Args:
        raw: the table as TOML has it.
        path: where it stands, such as `rules[2]`; empty for the file itself.
        faults: takes what is wrong; a value at fault is read as absent, so that the rest can be read too.
    """

    def __init__(self, raw: Mapping[str, Any], path: str, faults: list[Fault]) -> None:
        self._raw = raw
        self._path = path
        self._faults = faults
        self._known: list[str] = []

    def at(self, key: str) -> str:
        """The path of a key."""
        return f"{self._path}.{key}" if self._path else key

    def fault(self, key: str, message: str) -> None:
        """Note that something is wrong with a key, or with the whole table where the key is empty."""
        self._faults.append(Fault(path=self.at(key) if key else self._path or "policy", message=message))

    def __contains__(self, key: str) -> bool:
        return key in self._raw

    def text(self, key: str, *, one_of: Sequence[str] = ()) -> str | None:
        """A text that is not empty, of a closed set where one is given."""
        value = self._take(key)
        if value is None or (isinstance(value, str) and value.strip() and (not one_of or value in one_of)):
            return value
        near = difflib.get_close_matches(value, one_of, n=1) if isinstance(value, str) and one_of else []
        wanted = f"one of {', '.join(one_of)}" if one_of else "a text"
        self.fault(key, f"got {shown(value)}, expected {wanted}" + (f"; did you mean {near[0]}?" if near else ""))
        return None

    def texts(self, key: str, *, one_of: Sequence[str] = ()) -> tuple[str, ...] | None:
        """A list of texts, each of a closed set where one is given."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
            self.fault(key, f'got {shown(value)}, expected a list of texts such as ["{(one_of or ("a",))[0]}"]')
            return None
        unknown = [one for one in value if one_of and one not in one_of]
        for one in unknown:
            self.fault(key, f"got {shown(one)}, expected one of {', '.join(one_of)}")
        return None if unknown else tuple(value)

    def flag(self, key: str) -> bool | None:
        """True or false."""
        value = self._take(key)
        if value is None or isinstance(value, bool):
            return value
        self.fault(key, f"got {shown(value)}, expected true or false")
        return None

    def whole(self, key: str, *, low: int, high: int = 10**12) -> int | None:
        """A whole number within bounds."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fault(key, f"got {shown(value)}, expected a whole number from {low} to {high}")
            return None
        return value

    def span(self, key: str) -> int | None:
        """A length of time in seconds, written such as "10m"."""
        value = self._take(key)
        if value is None:
            return None
        found = _TIME.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            self.fault(key, f'got {shown(value)}, expected a time such as "10m"')
            return None
        return int(found[1]) * _UNITS[found[2]]

    def day(self, key: str) -> float | None:
        """The first instant of a day after the one written, in seconds since 1970: the day itself still counts."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
            self.fault(key, f"got {shown(value)}, expected a day such as 2026-12-31, without quotation marks")
            return None
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC).timestamp() + 86400

    def table(self, key: str) -> Fields | None:
        """A table within this one."""
        value = self._take(key)
        if value is None or isinstance(value, Mapping):
            return None if value is None else Fields(value, self.at(key), self._faults)
        self.fault(key, f"got {shown(value)}, expected a table such as [{self.at(key)}]")
        return None

    def raw_table(self, key: str) -> Mapping[str, Any]:
        """A table as TOML has it, for those who read it later; empty where there is none."""
        inner = self.table(key)
        return {} if inner is None else inner._raw

    def tables(self, key: str) -> list[Fields]:
        """A list of tables, each with its place in its path."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            self.fault(key, f"got {shown(value)}, expected tables such as [[{key}]]")
            return []
        return [Fields(one, f"{self.at(key)}[{place}]", self._faults) for place, one in enumerate(value)]

    def left(self) -> None:
        """Note every key that nobody asked for; called last."""
        for key in self._raw:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(self._known)}"
                self.fault(key, f"unknown; {hint}")

    def _take(self, key: str) -> Any:
        self._known.append(key)
        return self._raw.get(key)


def shown(value: object) -> str:
    """A value as a message shows it, cut where it is long."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
