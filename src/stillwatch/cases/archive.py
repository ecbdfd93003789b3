"""An archive of which there is only one for the same content: POSIX tar, names sorted, no times, no owners, nothing behind the end.

Any tool unpacks it. Reading packs it again and compares every byte, so that no header, padding or order can be changed unseen.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping

__all__ = ["pack", "unpack"]

_NAME = re.compile(r"(?:[a-z0-9]{1,40}/)?[a-z0-9]{1,40}\.[a-z.]{1,20}")
"""Names that are given: at most one folder, nothing that leads out of where it is unpacked."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """The one archive of these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(files[name]), 0o444
            archive.addfile(member, io.BytesIO(files[name]))
    return out.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of an archive, in memory.

    Raises:
        ValueError: when the bytes are not exactly what `pack` made of them.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None or member.size > len(data) or not _NAME.fullmatch(member.name):
                    raise ValueError("holds something else than a sealed file does")
                files[member.name] = content.read()
    except (tarfile.TarError, EOFError, OverflowError) as error:
        raise ValueError("no archive, or a damaged one") from error
    if pack(files) != data:
        raise ValueError("packed again, its bytes differ: something was changed or added between the files")
    return files
