"""Rows of a large world before they are rendered: columns of numbers, and the names that the numbers stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["NAMED", "Sheet", "laid_together"]

NAMED = ("account", "org", "key", "agent", "tls", "frame", "tools", "end_user")
"""Columns that number names of the sheet itself; -1 is none."""

TEXTS = ("text", "extra", "system")
"""Columns that number the desk's texts, and behind those the sheet's own; -1 is none."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Rows in any order. `columns` holds numbers, all of one length; `names` the lists that `NAMED` columns point into.

    Columns beside `NAMED` and `TEXTS`: at (microseconds since the world's first midnight), ip (as `places` numbers it), model, tail
    (a detail of the desk, or -1), before (the row of the turn before, or -1), turn, reply, purpose (what the row is for), status,
    tokens_in (before this turn), context (tokens of the whole request at least), tokens_out, stream, temperature, max_tokens, n,
    conversation and request (random words), signed (whether the answer brings a reasoning signature), sends (the request whose signature
    is sent back, or `signatures.NOTHING`), shortened (whether the turns between the first and the last two are left out).
    """

    columns: dict[str, NDArray[Any]]
    names: dict[str, Any]
    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.columns["at"])


def laid_together(sheets: Sequence[Sheet], *, known: int) -> Sheet:
    """One sheet with the rows of several, one behind the other; `known` texts come from the desk and are the same for all."""
    if len(sheets) == 1:
        return sheets[0]
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in sheets[0].columns}
    names: dict[str, list[Any]] = {name: [] for name in NAMED}
    texts: list[str] = []
    rows = 0
    for sheet in sheets:
        for name, values in sheet.columns.items():
            if name in NAMED:
                values = np.where(values >= 0, values + sum(len(part) for part in names[name]), -1)
            elif name in TEXTS:
                values = np.where(values >= known, values + len(texts), values)
            elif name == "before":
                values = np.where(values >= 0, values + rows, -1)
            columns[name].append(values)
        for name in NAMED:
            names[name].append(sheet.names[name])
        texts += sheet.texts
        rows += len(sheet)
    return Sheet(
        columns={name: np.concatenate(parts) for name, parts in columns.items()},
        names={name: pa.concat_arrays(parts) for name, parts in names.items()},
        texts=texts,
    )
