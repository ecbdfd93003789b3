"""Where a source lands: files of a folder in the workspace, each delivery once, with the position that follows it.

    write the delivery under a hidden name  ->  replace the position  ->  show the file

The second step is the one that counts. A crash before it leaves a hidden file that is thrown away, and the source is asked again; a
crash after it leaves one that is shown. So a delivery is in the folder once, whatever happens between, and whoever reads the folder
sees whole files alone. Files are removed when every exchange in them is in the tables; the position stays.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.core.errors import WorkspaceError
from stillwatch.engine import durable_write, full_disk_is_an_error

from .source import Delivery, Source, SourceAway

__all__ = ["Landed", "Landing"]

_MOST = 50_000
_POSITION = ".position.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Landed:
    """What one look at a source brought: messages, files, and what somebody should be told."""

    count: int
    files: int
    notes: tuple[str, ...]


class Landing:
    """The folder of one source, below `root`. One process at a time lands there."""

    def __init__(self, root: Path, source: Source) -> None:
        digest = hashlib.blake2b(source.name.encode(), digest_size=6).hexdigest()
        self.folder, self.source = root / f"{re.sub('[^a-z0-9]+', '-', source.name.lower())[:40]}-{digest}", source
        self._recovered = False

    def look(self, *, most: int = _MOST) -> Landed:
        """Land what is new, about `most` messages.

        Raises:
            SourceAway: when the source does not answer; what landed before it stays.
            WorkspaceError: when the position cannot be read.
            DiskFull: when there is no room; nothing of the delivery counts.
        """
        if not self._recovered:
            self._recover()
        count = files = 0
        notes: list[str] = []
        number, position = self._where()
        for delivery in self.source.after(position, most=most):
            number += 1
            self._recovered = False  # until it is on the disk whole: what broke off is looked at before the next
            self._land(number, delivery)
            self._recovered = True
            count, files = count + delivery.count, files + bool(delivery.count)
            notes += [f"{self.source.name}: {note}" for note in delivery.notes]
            if count >= most:
                break
        return Landed(count=count, files=files, notes=tuple(notes))

    def release(self, whole: Callable[[Path], bool]) -> int:
        """Remove the files that are in the tables whole; how many."""
        gone = [path for path in self.files() if whole(path)]
        for path in gone:
            path.unlink()
        return len(gone)

    def files(self) -> list[Path]:
        """Files that landed and were not released, in order."""
        return sorted(path for path in self.folder.glob("[0-9]*") if path.is_file())

    def _land(self, number: int, delivery: Delivery) -> None:
        shown = self.folder / f"{number:012d}{delivery.suffix}"
        hidden = shown.with_name(f".{shown.name}")
        with full_disk_is_an_error(self.folder):
            if delivery.count:
                self._write(hidden, delivery)
            told = {"number": number, "source": self.source.name, "position": delivery.position}
            durable_write(self.folder / _POSITION, json.dumps(told, sort_keys=True).encode(), mode=0o600)
            if delivery.count:
                hidden.rename(shown)

    def _write(self, path: Path, delivery: Delivery) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            try:
                delivery.write(file)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise
                raise SourceAway(
                    f"{self.source.name}: broke off ({type(error).__name__}); the next look tries again"
                ) from error
            file.flush()
            os.fsync(file.fileno())

    def _where(self) -> tuple[int, dict[str, Any]]:
        path = self.folder / _POSITION
        try:
            told = json.loads(path.read_bytes())
            return int(told["number"]), dict(told["position"])
        except FileNotFoundError:
            return 0, {}
        except (ValueError, KeyError, TypeError) as error:
            raise WorkspaceError(
                f"{path}: damaged, so nobody knows how far {self.source.name} was read. Remove it to read that from its beginning: "
                "exchanges with a request id are counted once all the same"
            ) from error

    def _recover(self) -> None:
        """Show what counts and was not shown yet; throw away what does not count."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, _ = self._where()
        for hidden in self.folder.glob(".[0-9]*"):
            told = re.match(r"\.(\d{12})", hidden.name)
            if told and int(told[1]) <= number:
                hidden.rename(hidden.with_name(hidden.name[1:]))
            else:
                hidden.unlink()
        for cut_off in self.folder.glob(f".{_POSITION}.*.tmp"):
            cut_off.unlink(missing_ok=True)
        self._recovered = True
