"""Weights as files: tensors of safetensors, npz or GGUF, one file or a folder of parts, read one at a time and never run."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.audit.gguf_file import Stored, gguf_tensors
from stillwatch.audit.records import Capability
from stillwatch.core import Error, FormatError

__all__ = ["Weights", "read_weights"]

_KINDS: dict[str, npt.DTypeLike] = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_LONGEST_HEADER = 100 << 20


class Weights:
    """A model's tensors by name. `sha256` is that of its file, or of the SHA-256 of its parts, a line each; None where there were none.

    >>> given = Weights(name="m", tensors={"up": np.ones((2, 3))})
    >>> given.shapes, given.tensor("up").tolist()[0]
    ({'up': (2, 3)}, [1.0, 1.0, 1.0])
    """

    def __init__(
        self,
        *,
        name: str,
        tensors: Mapping[str, npt.NDArray[Any] | Stored],
        sha256: str | None = None,
    ) -> None:
        self.name = name
        self.sha256 = sha256
        self._tensors = dict(tensors)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Weights."""
        return frozenset((Capability.WEIGHTS,))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor of floats."""
        return {name: one[0] if isinstance(one, tuple) else one.shape for name, one in self._tensors.items()}

    def tensor(self, name: str) -> npt.NDArray[np.float64]:
        """One tensor."""
        one = self._tensors[name]
        return one[1]() if isinstance(one, tuple) else np.asarray(one, dtype=np.float64)


def read_weights(path: Path, *, name: str | None = None) -> Weights:
    """The tensors of a `.safetensors`, `.npz` or `.gguf` file, or of all `.safetensors` of a folder.

    Nothing in a file is run: pickled objects are refused. Tensors of whole numbers are left out; quantised ones of GGUF are widened, with
    the extra `gguf`, and bear the names that they have in safetensors.

    Raises:
        FormatError: a file that is neither, that is cut short, or a tensor of one name in two parts.
        Error: nothing there.
    """
    parts = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    if not parts or not parts[0].is_file():
        raise Error(f"{path}: no weights there, expected .safetensors, .npz or .gguf")
    tensors: dict[str, Any] = {}
    digests = []
    for part in parts:
        found = _READERS.get(part.suffix, _safetensors)(part)
        if twice := tensors.keys() & found.keys():
            raise FormatError(f"{part}: {min(twice)} is in another part as well")
        tensors |= found
        with part.open("rb") as data:
            digests.append(hashlib.file_digest(data, "sha256").hexdigest())
    sha256 = digests[0] if len(parts) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return Weights(name=name or path.stem, tensors=tensors, sha256=sha256)


def _npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files if found[name].dtype.kind == "f"}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError):
        raise FormatError(f"{path}: not an npz file of numbers") from None


def _safetensors(path: Path) -> dict[str, Stored]:
    size = path.stat().st_size
    with path.open("rb") as data:
        length = int.from_bytes(data.read(8), "little")
        if size < 8 or length > min(size - 8, _LONGEST_HEADER):
            raise FormatError(f"{path}: not a safetensors file, or cut short")
        try:
            header = json.loads(data.read(length))
            found: dict[str, Stored] = {}
            for name, told in header.items():
                if name == "__metadata__" or told["dtype"] not in _KINDS:
                    continue
                shape, (start, end) = tuple(int(one) for one in told["shape"]), told["data_offsets"]
                if (
                    min(shape, default=0) < 0
                    or start < 0
                    or end - start != math.prod(shape) * np.dtype(_KINDS[told["dtype"]]).itemsize
                ):
                    raise FormatError(f"{path}: {name}: its place does not fit its shape")
                if 8 + length + end > size:
                    raise FormatError(f"{path}: {name}: cut short")
                found[name] = (shape, _reader(path, str(told["dtype"]), shape, 8 + length + int(start)))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise FormatError(f"{path}: not a safetensors file: its header cannot be read") from None
    return found


def _reader(path: Path, kind: str, shape: tuple[int, ...], start: int) -> Callable[[], npt.NDArray[np.float64]]:
    def read() -> npt.NDArray[np.float64]:
        raw = np.fromfile(path, dtype=_KINDS[kind], count=math.prod(shape), offset=start)
        if kind == "BF16":
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        return raw.reshape(shape).astype(np.float64)

    return read


_READERS: dict[str, Callable[[Path], Mapping[str, npt.NDArray[Any] | Stored]]] = {".npz": _npz, ".gguf": gguf_tensors}
