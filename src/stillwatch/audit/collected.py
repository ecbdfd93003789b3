"""What a gateway wrote down while serving, as items of an audit: siblings that were never served, and wordings drawn for accounts."""

from __future__ import annotations

from pathlib import Path

import msgspec

from stillwatch.audit.records import Served
from stillwatch.core import Error, FormatError
from stillwatch.engine import durable_create

__all__ = ["collected", "write_served"]


class _Line(msgspec.Struct):
    """One record; what else stands in it, such as the request id, is for whoever looks into the file."""

    at: float
    item: str
    account: str
    prompt: str
    response: str
    siblings: list[str]
    as_sampled: bool | None = None
    same_sampling: bool | None = None


_decode = msgspec.json.Decoder(_Line).decode


def collected(folder: Path, *, accounts: frozenset[str] = frozenset(), epoch: str | None = None) -> list[Served]:
    """Items in the order in which they were served, each once; of some accounts alone, or of one epoch, where these are given.

    The last line of a file that was cut off by a crash is left out.

    Raises:
        FormatError: a line that is no record, without any of its text.
    """
    found: dict[str, tuple[float, Served]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for at, raw in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
            try:
                line = _decode(raw)
                told = msgspec.json.decode(raw).get("epoch")
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise FormatError(f"{path}:{at}: not a record of a gateway") from None
            if (accounts and line.account not in accounts) or (epoch is not None and told != epoch):
                continue
            one = Served(
                item=line.item,
                account=line.account,
                prompt=line.prompt,
                response=line.response,
                siblings=tuple(line.siblings),
                as_sampled=line.as_sampled,
                same_sampling=line.same_sampling,
            )
            found.setdefault(line.item, (line.at, one))
    return [one for _, one in sorted(found.values(), key=lambda pair: (pair[0], pair[1].item))]


def write_served(path: Path, served: list[Served]) -> None:
    """Items as `audit plan` reads them, readable by their owner alone.

    Raises:
        Error: when there is such a file already.
    """
    names = ("item", "account", "prompt", "response", "siblings", "as_sampled", "same_sampling")
    lines = []
    for one in served:
        told = {name: getattr(one, name) for name in names}
        told |= {name: known for name in ("conversation", "chances") if (known := getattr(one, name)) is not None}
        lines.append(msgspec.json.encode(told) + b"\n")
    try:
        durable_create(path, b"".join(lines), mode=0o600)
    except FileExistsError:
        raise Error(f"{path}: is there already and is not written over; name another file") from None
