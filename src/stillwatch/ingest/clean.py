"""Raw values made trustworthy: instants, counts, numbers, texts and addresses, or a reason why not.

What a provider's own log says about an exchange (its time, its billed tokens) must be right: a fault costs the row and is reported. What a
caller merely asked for (a temperature, a limit) is a caller's to get wrong: nonsense there is unknown, never a fault.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pyarrow as pa

from stillwatch.core.errors import Error

__all__ = [
    "BadField",
    "Reading",
    "address",
    "asked_count",
    "asked_flag",
    "asked_number",
    "billed",
    "instant",
    "label",
    "mapping",
    "sequence",
    "shown",
    "subnet",
    "text",
]

EARLIEST = 1_420_070_400_000_000
"""2015-01-01T00:00:00Z in microseconds: no API of this kind is older."""
LATEST = 4_102_444_800_000_000
"""2100-01-01T00:00:00Z in microseconds: the bound where no clock was given."""
ABSURD_TOKENS = 100_000_000
"""More tokens than any one exchange can have."""
DAY = 86_400_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_NAIVE = datetime(1970, 1, 1)  # noqa: DTZ001 - a naive time is read as UTC, by contract
_TICK = timedelta(microseconds=1)
_DIGITS = re.compile(r"[+-]?\d{9,20}(?:\.\d*)?\Z")
_WHOLE = re.compile(r"-?[0-9]{1,18}\Z")
_DOTTED = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!\Z)|\Z)){4}\Z")
"""An IPv4 address in its canonical way, which nearly all are."""
_ZONE_WORD = re.compile(r"\s*(?:UTC|GMT)\Z")


class BadField(Error):
    """One value that cannot be used; it costs its row and becomes a row of `rejects`."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


class Reading:
    """What a reader knows besides the record: the clock's bound and the column mapping; and what it has to tell, as counted notes."""

    __slots__ = ("earliest", "latest", "mapping", "notes")

    def __init__(self, *, now: int | None = None, mapping: Path | None = None) -> None:
        self.latest = LATEST if now is None else now + DAY
        self.mapping = mapping
        self.earliest: int | None = None
        self.notes: Counter[str] = Counter()

    def at(self, value: Any, field: str) -> int:
        """Read an instant in microseconds UTC, counting times without a zone.

        Raises:
            BadField: when it is missing, no time, or outside 2015 to a day from now.
        """
        at, naive = instant(value, field)
        if naive:
            self.notes["times without a zone, read as UTC"] += 1
        if not EARLIEST <= at <= self.latest:
            until = "2100-01-01" if self.latest == LATEST else "24 hours from now"
            raise BadField(field, f"got {_iso(at)}, expected a time between 2015-01-01 and {until}")
        return at

    def times(self, values: Sequence[Any], field: str) -> list[int | BadField]:
        """Read many instants as `at` does; a fault stands in the place of one that cannot be used."""
        read = None if None in values else _nanoseconds(values) or _iso_times(values)
        if read and min(read) >= EARLIEST and max(read) <= self.latest:
            return [*read]
        return [self._at_or_fault(value, field) for value in values]

    def _at_or_fault(self, value: Any, field: str) -> int | BadField:
        try:
            return self.at(value, field)
        except BadField as fault:
            return fault


def _iso_times(values: Sequence[Any]) -> list[int] | None:
    """Instants of texts in the one shape of ISO 8601 that all of them have, with a zone; `None` where any is otherwise."""
    try:
        column = pa.array(values, pa.string())
        return list(column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_pylist())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeError):
        return None


def _nanoseconds(values: Sequence[Any]) -> list[int] | None:
    """Instants of texts that are all whole nanoseconds since 1970, as tracers write them; `None` where any is otherwise."""
    if set(map(type, values)) != {str} or set(map(len, values)) != {19}:
        return None
    return [int(value) // 1000 for value in values] if "".join(values).isdecimal() else None


def shown(value: Any) -> str:
    """Describe a value for an error message without ever repeating text that somebody wrote.

    >>> shown(-3), shown("secret"), shown([1])
    ('-3', 'text', 'a list')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value:.6g}" if isinstance(value, float) else (str(value) if abs(value) < 10**20 else "a huge number")
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else type(value).__name__


def _iso(at: int) -> str:
    try:
        return (_EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return f"{at} microseconds"


def instant(value: Any, field: str) -> tuple[int, bool]:
    """Read a moment as (microseconds since 1970 UTC, whether it had no zone).

    Understood: ISO 8601 (any offset, `T` or a blank, comma or point before the fraction, nanoseconds cut), seconds, milliseconds,
    microseconds or nanoseconds since 1970 as a number or its text, RFC 1123 dates, and the Apache log's shape. The unit of a number
    is told by its size, which is unambiguous between 1973 and 2262.

    >>> instant("2025-03-01T10:00:00.5+01:00", "at")
    (1740819600500000, False)
    >>> instant(1740819600, "at")
    (1740819600000000, False)

    Raises:
        BadField: when it is none of these.
    """
    if type(value) is int and 0 <= value < 100_000_000_000:
        return value * 1_000_000, False
    if isinstance(value, str):
        if value[4:5] == "-":
            try:
                return _ticks(datetime.fromisoformat(value))
            except ValueError:
                pass
        return _instant_in(value.strip(), field)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _scaled(value, field)
    if isinstance(value, datetime):
        return _ticks(value)
    raise BadField(field, f"got {shown(value)}, expected a time")


def _instant_in(value: str, field: str) -> tuple[int, bool]:
    if _DIGITS.match(value):
        whole, _, fraction = value.partition(".")
        return _scaled(int(whole), field) if not fraction else _scaled(float(value), field)
    try:
        return _ticks(datetime.fromisoformat(value))
    except ValueError:
        return _ticks(_other_shape(value, field))


def _ticks(moment: datetime) -> tuple[int, bool]:
    naive = moment.tzinfo is None
    return (moment - (_EPOCH_NAIVE if naive else _EPOCH)) // _TICK, naive


def _scaled(value: float, field: str) -> tuple[int, bool]:
    size = abs(value)
    if not size < math.inf:
        raise BadField(field, f"got {value}, expected a time")
    if size < 100_000_000_000:
        return (value * 1_000_000 if isinstance(value, int) else round(value * 1e6)), False
    if size < 100_000_000_000_000:
        return (value * 1000 if isinstance(value, int) else round(value * 1e3)), False
    if size < 100_000_000_000_000_000:
        return int(value), False
    return int(value) // 1000, False


def _other_shape(value: str, field: str) -> datetime:
    if len(value) <= 64:
        for parse in (_iso_with_word, parsedate_to_datetime, _apache):
            try:
                return parse(value)
            except (ValueError, TypeError, IndexError, OverflowError):
                continue
    raise BadField(field, "got text, expected a time such as 2025-03-01T10:00:00Z or seconds since 1970")


def _iso_with_word(value: str) -> datetime:
    bare, words = _ZONE_WORD.subn("", value)
    if not words:
        raise ValueError("no zone word")
    moment = datetime.fromisoformat(bare)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _apache(value: str) -> datetime:
    return datetime.strptime(value.strip("[]"), "%d/%b/%Y:%H:%M:%S %z")


def billed(value: Any, field: str, *, limit: int = ABSURD_TOKENS) -> int | None:
    """Read a count that the provider states; missing is unknown.

    Raises:
        BadField: when it is negative, absurdly large, or no whole number.
    """
    if type(value) is int:
        if 0 <= value <= limit:
            return value
        number = value
    elif value is None:
        return None
    elif (isinstance(value, float) and value.is_integer()) or (
        isinstance(value, str) and _WHOLE.match(value) is not None
    ):
        number = int(value)
    elif value == "":
        return None
    else:
        raise BadField(field, f"got {shown(value)}, expected a whole number >= 0")
    if number < 0:
        raise BadField(field, f"got {shown(number)}, expected a whole number >= 0")
    if number > limit:
        raise BadField(field, f"got {shown(number)}, expected at most {limit}")
    return number


def asked_count(value: Any, *, limit: int = 2_147_483_647) -> int | None:
    """Read a whole number a caller asked for; whatever makes no sense is unknown."""
    if type(value) is int:
        return value if 0 <= value <= limit else None
    number = asked_number(value)
    return int(number) if number is not None and number.is_integer() and 0 <= number <= limit else None


def asked_number(value: Any) -> float | None:
    """Read a number a caller asked for; whatever makes no sense is unknown."""
    if type(value) is float:
        return value if -1e9 < value < 1e9 else None
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if -1e9 < value < 1e9 else None
    if isinstance(value, str) and len(value) <= 32:
        try:
            number = float(value)
        except ValueError:
            return None
        return number if -1e9 < number < 1e9 else None
    return None


def asked_flag(value: Any) -> bool | None:
    """Read a yes or no a caller asked for; texts such as "true" count, whatever makes no sense is unknown."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {
            "true": True,
            "false": False,
            "1": True,
            "0": False,
            "t": True,
            "f": False,
            "yes": True,
            "no": False,
        }.get(value.lower())
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    return None


def text(value: Any) -> str | None:
    """Take a text as it is; an empty one and anything that is no text are unknown."""
    return value if isinstance(value, str) and value else None


def label(value: Any, longest: int = 512) -> str | None:
    """Take a short name (an id, a model): trimmed, numbers written out, cut at `longest` characters; empty is unknown."""
    if value is None:
        return None
    if type(value) is str:
        bare: str = value.strip()
        if bare is value and len(bare) <= longest:
            return bare or None
        if len(value) <= longest and value[0] > " " and value[-1] > " ":
            return value
        return bare[:longest] or None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    return None


def mapping(value: Any) -> dict[str, Any]:
    """Take an object, or an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Take a list, or an empty one where there is none."""
    return value if isinstance(value, list) else []


def _parsed(value: str) -> IPv4Address | IPv6Address | None:
    bare = value.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        parsed = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


def address(value: str) -> str | None:
    """Write an address in its one canonical way, without port or zone; anything else is unknown.

    >>> address("203.0.113.9:443"), address("2001:DB8::0001"), address("unknown")
    ('203.0.113.9', '2001:db8::1', None)
    """
    if _DOTTED.match(value):
        return value
    parsed = _parsed(value)
    return None if parsed is None else str(parsed)


def subnet(value: str) -> str | None:
    """Write the network an address lies in: /24 for IPv4, /48 for IPv6.

    >>> subnet("203.0.113.9"), subnet("2001:db8:1:2::3")
    ('203.0.113.0/24', '2001:db8:1::/48')
    """
    if _DOTTED.match(value):
        return value[: value.rindex(".")] + ".0/24"
    parsed = _parsed(value)
    if parsed is None:
        return None
    if isinstance(parsed, IPv4Address):
        return f"{IPv4Address(int(parsed) & 0xFFFF_FF00)}/24"
    return f"{IPv6Address(int(parsed) >> 80 << 80)}/48"
