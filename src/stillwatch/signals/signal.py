"""What a signal is: one query that measures every account, with examples and doubts beside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from stillwatch.core.errors import ContractError
from stillwatch.engine import Sql
from stillwatch.signals.examples import INPUTS, Example

__all__ = ["MEASURED", "SIGNALS", "Signal", "signal"]

MEASURED = pa.schema(
    [
        pa.field("account", pa.int64(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("n", pa.int64(), nullable=False),
    ]
)
"""What every signal gives: the account, its value (larger is more suspicious), and the observations behind it.

An account of which nothing is known has no row.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """One thing measured about every account.

    Attributes:
        name: its name in tables and settings.
        family: the file that declares it.
        meaning: the first line of its docstring, shown to users.
        doc: the rest of the docstring.
        unit: unit of the value.
        larger_means: what a larger value says, in a few words.
        needs: observations below which an account is undecided.
        misled_by: who looks loud and is innocent.
        relational: whether it is about what accounts share. Such a signal links accounts and is never evidence against one.
        unweighed: why it describes an account and is never evidence against one, in words; empty for evidence.
        evidence: whether it enters an account's combined evidence; fixed here, before anybody looks at the data.
        query: the query; columns account, value, n.
        quiet: examples of an innocent account.
        loud: examples of a suspicious one, with the same number of observations or more.
    """

    name: str
    family: str
    meaning: str
    doc: str
    unit: str
    larger_means: str
    needs: int
    misled_by: str
    relational: bool
    unweighed: str
    evidence: bool
    query: Sql
    quiet: tuple[Example, ...]
    loud: tuple[Example, ...]

    @property
    def title(self) -> str:
        """The name as people read it: `prompt breadth`."""
        return self.name.replace("_", " ")


_SHARED = "ties accounts together; no evidence against one"

SIGNALS: dict[str, Signal] = {}
"""Every signal by name, in the order of declaration."""


def signal(
    *,
    unit: str,
    larger_means: str,
    needs: int,
    quiet: Sequence[Example],
    loud: Sequence[Example],
    misled_by: str,
    relational: bool = False,
    unweighed: str = "",
) -> Callable[[Callable[[], Sql]], Signal]:
    """Declare a signal: the decorated function takes nothing and returns its query; its docstring's first line is its meaning.

    Raises:
        ContractError: when the name is taken, the docstring is missing, or the query reads what signals may not read.
    """

    def declare(function: Callable[[], Sql]) -> Signal:
        name = function.__name__
        meaning, _, rest = (inspect.getdoc(function) or "").partition("\n")
        query = function()
        if not meaning.strip():
            raise ContractError(f"signal {name}: no docstring, expected a first line that says what it means")
        if name in SIGNALS or query.name != name:
            raise ContractError(f"signal {name}: the name is taken, or its query is called {query.name}")
        if not set(query.inputs) <= set(INPUTS):
            raise ContractError(f"signal {name}: reads {', '.join(query.inputs)}, expected only {', '.join(INPUTS)}")
        if needs < 1:
            raise ContractError(f"signal {name}: needs {needs}, expected at least 1")
        SIGNALS[name] = Signal(
            name=name,
            family=function.__module__.rpartition(".")[2],
            meaning=meaning.strip(),
            doc=rest.strip(),
            unit=unit,
            larger_means=larger_means,
            needs=needs,
            misled_by=misled_by,
            relational=relational,
            unweighed=unweighed or (_SHARED if relational else ""),
            evidence=not (relational or unweighed),
            query=query,
            quiet=tuple(quiet),
            loud=tuple(loud),
        )
        return SIGNALS[name]

    return declare
