"""The standing of accounts as it lies in a file: an Arrow table under the contract `standing`, with a serial number and its time.

The pipeline writes it and replaces it whole; everybody else only reads. The time is that of the clock, for its age is what matters.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa

from stillwatch.core.errors import ContractError, FormatError
from stillwatch.engine import check, durable_write, table

__all__ = ["FORM", "Standing", "read_standing", "standing_bytes", "standing_from", "write_standing"]

FORM = 1
"""Raised when the file changes its meaning; a newer one is refused, and what was read before stays in force."""

_KEY = b"stillwatch.standing"
_BLANK = hashlib.blake2b(b"the digest of a standing goes here", digest_size=32).hexdigest()
"""Stands where the digest will be while the digest is worked out."""


class _Head(msgspec.Struct, kw_only=True):
    form: int
    serial: int
    made: float
    digest: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A standing: its rows, its serial number, which grows with every change, and when it was made (seconds since 1970; None for none)."""

    rows: pa.Table
    serial: int = 0
    made: float | None = None

    @staticmethod
    def none() -> Standing:
        """No standing: nobody has one, and nothing says how old that is."""
        return Standing(rows=table("standing").schema.empty_table())


def standing_bytes(standing: Standing) -> bytes:
    """A standing as a file."""
    head = msgspec.json.encode(_Head(form=FORM, serial=standing.serial, made=standing.made or 0.0, digest=_BLANK))
    rows = standing.rows.replace_schema_metadata({_KEY: head})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, rows.schema) as file:
        file.write_table(rows, max_chunksize=262_144)
    data: bytes = sink.getvalue().to_pybytes()
    return data.replace(_BLANK.encode(), _digest(data).encode())


def write_standing(path: Path, standing: Standing) -> None:
    """Replace the file whole: who reads it sees the old one or the new, never a mix."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    durable_write(path, standing_bytes(standing), mode=0o600)


def read_standing(path: Path) -> Standing:
    """Read a standing from its file; none where there is no file.

    Raises:
        FormatError: when it is damaged, no standing at all, or of a newer Stillwatch.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Standing.none()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error.__class__.__name__}") from error
    return standing_from(data, str(path))


def standing_from(data: bytes, where: str) -> Standing:
    """Read a standing from the bytes of its file; for the errors see `read_standing`."""
    try:
        with pa.ipc.open_file(pa.BufferReader(data)) as file:
            kept = (file.schema.metadata or {}).get(_KEY)
            if kept is None:
                raise FormatError(f"{where}: no standing; expected a file that stillwatch wrote into standing/")
            head = msgspec.json.decode(kept, type=_Head)
            if head.form > FORM:
                raise FormatError(
                    f"{where}: written by a newer Stillwatch (form {head.form}, this one knows {FORM}); update"
                )
            if not head.digest or _digest(data.replace(head.digest.encode(), _BLANK.encode())) != head.digest:
                raise FormatError(f"{where}: damaged standing (its digest is another)")
            rows = file.read_all().replace_schema_metadata(None)
        rows.validate(full=True)
        check(rows, table("standing"))
    except (pa.ArrowException, msgspec.MsgspecError, ContractError, OSError) as error:
        raise FormatError(f"{where}: damaged standing ({error.__class__.__name__})") from error
    return Standing(rows=rows, serial=head.serial, made=head.made or None)


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=32).hexdigest()
