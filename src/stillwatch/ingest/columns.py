"""Any table of exchanges: Parquet, CSV or JSON lines whose columns are mapped to ours.

Two ways lead to the same rows. Whole columns are read at once where every value is what it should be; rows with anything odd in
them go one by one through the same cleaning as every other format, which is where rejects come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from . import _chat
from .clean import Reading, asked_count, asked_flag, asked_number, billed, label, text
from .column_map import ColumnMap, automatic, load
from .exchange import Exchange, credential_id
from .log_format import Record, log_format
from .records import parse
from .retention import retention_class
from .turns import lay_out, sent

__all__ = ["OUTCOMES", "offered", "outcome_of", "read", "read_row", "value_of"]

OUTCOMES = frozenset(("ok", "refused", "error", "cancelled"))
_LABELS = ("account", "org", "end_user", "tls_fingerprint", "model", "pathway", "stop_reason", "refusal_category", "conversation",
           "request")  # fmt: skip
_TEXTS = ("system", "prompt", "output", "reasoning", "user_agent", "ip")
_BILLED = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")
_INT16, _INT32 = 32_767, 2_147_483_647
_COUNTS = {"max_tokens": _INT32, "top_k": _INT32, "n": _INT16, "top_logprobs": _INT16, "turns": _INT32, "asn": _INT32}
_OUTCOME_WORDS = {"success": "ok", "succeeded": "ok", "completed": "ok", "stop": "ok", "refusal": "refused", "blocked": "refused",
                  "failed": "error", "failure": "error", "canceled": "cancelled", "aborted": "cancelled"}  # fmt: skip


_PLAIN: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_LABELS, label),
    **dict.fromkeys(_TEXTS, text),
    **dict.fromkeys(("temperature", "top_p"), asked_number),
    **dict.fromkeys(("logprobs", "logit_bias", "stream"), asked_flag),
    **{target: partial(asked_count, limit=limit) for target, limit in _COUNTS.items()},
}
"""How a caller's words and numbers are read; what a provider states, and what has more to it, stands in `read_row`."""


ROLE = '"role"'
"""What every turn has once in `messages` as text; counting it spares parsing (a turn that quotes it counts twice)."""


def _sniff(record: Record) -> int:
    found = automatic(record).columns
    return 5 if "at" in found and ({"account", "prompt", "model", "credential"} & found.keys()) else 0


@lru_cache(maxsize=8)
def _loaded(path: Path) -> ColumnMap:
    return load(path)


@lru_cache(maxsize=256)
def _automatic(names: tuple[str, ...]) -> ColumnMap:
    return automatic(names)


def value_of(record: Record, name: str) -> Any:
    """A column's value; a dotted name reaches into objects where no column is called so."""
    if name in record:
        return record[name]
    value: Any = record
    for step in name.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def offered(tools: Any) -> str | None:
    """Names of the tools of a row, which has them as a list or as one text between commas."""
    if isinstance(tools, str):
        return _chat.tool_names(tools.split(","))
    return _chat.tool_names(tools) if isinstance(tools, list) else None


def outcome_of(value: Any, http_status: int | None, stop_reason: str | None) -> str | None:
    """An outcome from its word, else from the status and the stop reason; unknown where nothing says."""
    if isinstance(value, str):
        word = value.strip().lower()
        word = _OUTCOME_WORDS.get(word, word)
        if word in OUTCOMES:
            return word
    if http_status is not None and http_status >= 400:
        return "cancelled" if http_status == 499 else "error"
    if stop_reason in ("content_filter", "refusal", "SAFETY"):
        return "refused"
    return "ok" if http_status is not None or stop_reason is not None else None


def read_row(record: Record, found: ColumnMap, reading: Reading) -> Exchange:
    """Read one row of a mapped table."""
    columns, constants = found.columns, found.constants

    def get(target: str) -> Any:
        name = columns.get(target)
        value = value_of(record, name) if name is not None else None
        return constants.get(target) if value is None else value

    x = Exchange()
    x.at = reading.at(get("at"), columns["at"])
    for target in (*columns, *constants):
        reader = _PLAIN.get(target)
        if reader is not None:
            setattr(x, target, reader(get(target)))
    key = label(get("credential"), longest=4096)
    x.credential = credential_id(key) if key else None
    x.account = x.account or x.credential
    for target in _BILLED:
        if target in columns or target in constants:
            setattr(x, target, billed(get(target), columns.get(target, target)))
    x.http_status = billed(get("http_status"), columns.get("http_status", "http_status"), limit=999)
    x.tools = offered(get("tools"))
    x.artifacts_returned = _signatures(get("artifacts_returned"))
    x.reasoning_artifacts = [*(_signatures(get("reasoning_artifacts")) or ()), *(x.artifacts_returned or ())] or None
    if "messages" in columns:
        _messages(x, get("messages"))
    x.retention_class = retention_class(get("retention_class"), reading.notes)
    x.outcome = outcome_of(get("outcome"), x.http_status, x.stop_reason)
    return x


def _signatures(given: Any) -> list[str] | None:
    """Reasoning signatures of a cell; an empty list of those returned says that none was, an empty cell says nothing."""
    if isinstance(given, str):
        return [given] if given else None
    return [value for value in given if isinstance(value, str) and value] if isinstance(given, list) else None


def _messages(x: Exchange, value: Any) -> None:
    if x.prompt is not None and (value is None or isinstance(value, str)):
        x.messages = value or None
        x.turns = x.turns if x.turns is not None else 1 + (value or "").count(ROLE)
        return
    if value is None:
        return
    if isinstance(value, str):
        try:
            value = parse(value.encode("utf-8", "surrogatepass"))[0]
        except ValueError:
            return
    if not isinstance(value, list):
        return
    prompt, system, turns = x.prompt, x.system, x.turns
    artifacts: list[str] = []
    laid = [_chat.message_turn(message, artifacts) for message in value]
    if x.reasoning_artifacts is None:
        sent(x, artifacts)
    if prompt is None:
        lay_out(x, laid)
    else:
        lay_out(x, [*laid, ("user", prompt)])
    x.system = x.system or system
    x.turns = turns if turns is not None else x.turns


@log_format(
    name="columns",
    title="Any Parquet, CSV or JSON lines by a column mapping",
    sample="columns",
    wants="column for the time with one for the account, the key, the model or the prompt (a mapping file names them)",
    sniff=_sniff,
    lacks=("client_telemetry",),
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one row; the mapping is the one the reading was given, or the automatic one for this row's names."""
    found = _automatic(tuple(record)) if reading.mapping is None else _loaded(reading.mapping)
    if "at" not in found.columns:
        reading.at(None, "at")
    return [read_row(record, found, reading)]
