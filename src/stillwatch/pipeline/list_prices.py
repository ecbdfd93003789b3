"""What answered attempts would have cost at list prices: an estimate of the value of what was obtained, never of a loss.

Prices are the house's own and stand in `prices.toml` in the workspace; none come with Stillwatch, as they age.
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.core import ListValue, ModelUse
from stillwatch.core.errors import Fault, SettingsError

__all__ = ["ListPrices", "list_value", "read_prices"]

_ASSUMED = (
    "every answered attempt was charged at the list price, without discounts, free allowances or lower rates for cached or batched tokens",
    "output tokens include reasoning tokens where the logs count them so",
    "attempts that were refused or failed cost nothing",
    "the same prices held over the whole time",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListPrices:
    """Prices per million tokens, in and out, by model as the logs name it; whose list, and of which day."""

    currency: str
    as_of: str
    source: str
    prices: Mapping[str, tuple[float, float]]


def read_prices(path: Path) -> ListPrices | None:
    """The prices of a file; None when there is none.

    Raises:
        SettingsError: with every fault of the file.
    """
    if not path.exists():
        return None
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(path=str(path), message=f"not TOML: {error}")]) from error
    faults = [
        Fault(path=key, message="unknown; known are currency, as_of, source, price") for key in raw if key not in _KNOWN
    ]
    texts = {key: _text(raw, key, faults) for key in ("currency", "as_of", "source")}
    rows = raw.get("price")
    prices: dict[str, tuple[float, float]] = {}
    if not isinstance(rows, list) or not rows:
        faults.append(Fault(path="price", message="expected at least one table [[price]] with model, input and output"))
    for place, row in enumerate(rows if isinstance(rows, list) else ()):
        _read_price(f"price[{place}]", row, prices, faults)
    if faults:
        raise SettingsError(faults)
    return ListPrices(**texts, prices=prices)


_KNOWN = ("currency", "as_of", "source", "price")


def _text(raw: Mapping[str, Any], key: str, faults: list[Fault]) -> str:
    value = raw.get(key)
    if key == "as_of" and isinstance(value, dt.date):
        return value.isoformat()
    if not isinstance(value, str) or not value.strip():
        faults.append(Fault(path=key, message=f"got {value!r}, expected a text"))
        return ""
    return value.strip()


def _read_price(path: str, row: Any, prices: dict[str, tuple[float, float]], faults: list[Fault]) -> None:
    if not isinstance(row, dict) or set(row) != {"model", "input", "output"} or not isinstance(row["model"], str):
        faults.append(Fault(path=path, message="expected model (a text), input and output, and nothing else"))
        return
    for side in ("input", "output"):
        value = row[side]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            faults.append(
                Fault(path=f"{path}.{side}", message=f"got {value!r}, expected a price per million tokens >= 0")
            )
            return
    if row["model"] in prices:
        faults.append(Fault(path=f"{path}.model", message=f"got {row['model']!r} twice"))
    prices[row["model"]] = (float(row["input"]), float(row["output"]))


def list_value(uses: Sequence[ModelUse], prices: ListPrices) -> ListValue | None:
    """The answered attempts at these prices; None when nothing could be priced.

    >>> use = ModelUse(model="m", attempts=9, answered=8, refused=1, failed=0, unknown=0, input_tokens=2_000_000,
    ...                output_tokens=1_000_000, uncounted=3)
    >>> list_value([use], ListPrices(currency="USD", as_of="2026-10-01", source="our page", prices={"m": (3.0, 15.0)})).amount
    21.0
    """
    amount, priced, unpriced = 0.0, 0, 0
    for use in uses:
        price = prices.prices.get(use.model)
        if price is None:
            unpriced += use.answered
            continue
        amount += (use.input_tokens * price[0] + use.output_tokens * price[1]) / 1e6
        priced += use.answered - use.uncounted
        unpriced += use.uncounted
    if not priced:
        return None
    return ListValue(
        amount=round(amount, 2),
        currency=prices.currency,
        as_of=prices.as_of,
        source=prices.source,
        priced=priced,
        unpriced=unpriced,
        assumptions=_ASSUMED,
    )
