"""Weights in GGUF, the format of llama.cpp: each tensor's place is read within bounds, quantised blocks are widened when asked for."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from stillwatch.core import Error, FormatError, get_extra

__all__ = ["gguf_tensors"]

_MAGIC, _VERSIONS = b"GGUF", (2, 3)
_PLAIN: dict[int, str] = {0: "<f4", 1: "<f2", 28: "<f8", 30: "<u2"}
_BRAIN, _WHOLE = 30, frozenset(range(24, 28))
_SCALARS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_MOST_TENSORS, _MOST_FIELDS, _DEEPEST = 100_000, 100_000, 4
_LONGEST_NAME, _MOST_AXES, _LONGEST_VALUE = 4096, 8, 1 << 40

_NAMES = (
    (r"blk\.(\d+)\.ffn_up\.weight", r"model.layers.\1.mlp.up_proj.weight"),
    (r"blk\.(\d+)\.ffn_gate\.weight", r"model.layers.\1.mlp.gate_proj.weight"),
    (r"blk\.(\d+)\.ffn_down\.weight", r"model.layers.\1.mlp.down_proj.weight"),
    (r"blk\.(\d+)\.attn_([qkv])\.weight", r"model.layers.\1.self_attn.\2_proj.weight"),
    (r"blk\.(\d+)\.attn_output\.weight", r"model.layers.\1.self_attn.o_proj.weight"),
    (r"token_embd\.weight", r"model.embed_tokens.weight"),
    (r"output\.weight", r"lm_head.weight"),
)

Stored = tuple[tuple[int, ...], Callable[[], npt.NDArray[np.float64]]]


@dataclass(frozen=True, slots=True)
class _Place:
    kind: int
    shape: tuple[int, ...]
    offset: int


def gguf_tensors(path: Path) -> dict[str, Stored]:
    """Every tensor of floats or quantised floats: its shape, and what reads it, by the names that the same model has in safetensors.

    Rows of the queries and keys of some architectures were put into another order when the file was made: compare first matrices of
    feed-forward blocks, which were not.

    Raises:
        FormatError: a file that is none, of another version, cut short, or whose header does not fit it.
    """
    size = path.stat().st_size
    with path.open("rb") as data:
        try:
            places, begins = _header(data)
        except (struct.error, UnicodeDecodeError, ValueError, OverflowError):
            raise FormatError(f"{path}: not a GGUF file of version 2 or 3, or cut short") from None
    found: dict[str, Stored] = {}
    for name, place in places.items():
        if place.kind in _WHOLE:
            continue
        bytes_of = _bytes_of(place, path)
        if begins + place.offset + bytes_of > size:
            raise FormatError(f"{path}: {name}: cut short, or its place does not fit its shape")
        called = _usual(name)
        if called in found:
            raise FormatError(f"{path}: {name}: there twice")
        found[called] = (place.shape, _reader(path, place, begins + place.offset, bytes_of))
    return found


def _usual(name: str) -> str:
    """The name of a tensor in common checkpoints.

    >>> _usual("blk.3.ffn_up.weight"), _usual("other")
    ('model.layers.3.mlp.up_proj.weight', 'other')
    """
    for pattern, other in _NAMES:
        if re.fullmatch(pattern, name):
            return re.sub(pattern, other, name)
    return name


def _header(data: BinaryIO) -> tuple[dict[str, _Place], int]:
    """Tensors by name, and where their data begin."""
    if data.read(4) != _MAGIC:
        raise ValueError
    version, tensors, fields = _take(data, "<IQQ")
    if version not in _VERSIONS or tensors > _MOST_TENSORS or fields > _MOST_FIELDS:
        raise ValueError
    alignment = 32
    for _ in range(fields):
        name, (kind,) = _name(data), _take(data, "<I")
        if name == "general.alignment" and kind == 4:
            (alignment,) = _take(data, "<I")
        else:
            _skip(data, kind)
    if alignment < 1 or alignment & (alignment - 1):
        raise ValueError
    found: dict[str, _Place] = {}
    for _ in range(tensors):
        name, (axes,) = _name(data), _take(data, "<I")
        if axes > _MOST_AXES or name in found:
            raise ValueError
        shape = tuple(reversed(_take(data, f"<{axes}Q")))
        kind, offset = _take(data, "<IQ")
        if offset % alignment or 0 in shape:
            raise ValueError
        found[name] = _Place(kind, shape, offset)
    return found, -(-data.tell() // alignment) * alignment


def _take(data: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, data.read(struct.calcsize(form)))


def _name(data: BinaryIO) -> str:
    (length,) = _take(data, "<Q")
    if length > _LONGEST_NAME:
        raise ValueError
    raw = data.read(length)
    if len(raw) != length:
        raise ValueError
    return raw.decode()


def _skip(data: BinaryIO, kind: int, deep: int = 0) -> None:
    """Go past a value of the header; past its end there is nothing to go to, so no count can keep one busy."""
    if kind in _SCALARS:
        _pass(data, _SCALARS[kind])
    elif kind == _STRING:
        _pass(data, _take(data, "<Q")[0])
    elif kind == _ARRAY and deep < _DEEPEST:
        inner, many = _take(data, "<IQ")
        if inner in _SCALARS:
            _pass(data, _SCALARS[inner] * many)
        else:
            for _ in range(many):
                _skip(data, inner, deep + 1)
    else:
        raise ValueError


def _pass(data: BinaryIO, many: int) -> None:
    if many > _LONGEST_VALUE:
        raise ValueError
    if many:
        data.seek(many - 1, 1)
        if len(data.read(1)) != 1:
            raise ValueError


def _bytes_of(place: _Place, path: Path) -> int:
    many = math.prod(place.shape)
    if place.kind in _PLAIN:
        return many * np.dtype(_PLAIN[place.kind]).itemsize
    values, raw = _block(place.kind, path)
    if not place.shape or place.shape[-1] % values:
        raise FormatError(f"{path}: a quantised tensor whose rows are not whole blocks")
    return many // values * raw


def _block(kind: int, path: Path) -> tuple[int, int]:
    """Values and bytes of a block of a quantised kind."""
    gguf = _library(path)
    try:
        values, raw = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType(kind)]
    except (ValueError, KeyError):
        raise FormatError(f"{path}: a tensor of kind {kind}, which is not known") from None
    return int(values), int(raw)


def _library(path: Path) -> Any:
    try:
        import gguf
    except ImportError:
        raise Error(f"{path}: holds quantised tensors; to widen them {get_extra('gguf')}") from None
    return gguf


def _reader(path: Path, place: _Place, start: int, many: int) -> Callable[[], npt.NDArray[np.float64]]:
    def read() -> npt.NDArray[np.float64]:
        raw = np.fromfile(path, dtype=np.uint8, count=many, offset=start)
        if raw.size != many:
            raise FormatError(f"{path}: cut short since it was opened")
        if place.kind == _BRAIN:
            wide = (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
        elif place.kind in _PLAIN:
            wide = raw.view(_PLAIN[place.kind])
        else:
            gguf = _library(path)
            kind = gguf.GGMLQuantizationType(place.kind)
            try:
                wide = gguf.dequantize(raw.reshape(math.prod(place.shape[:-1]), -1), kind)
            except NotImplementedError:
                raise Error(f"{path}: tensors of kind {kind.name} cannot be widened by the gguf package") from None
        return np.asarray(wide, dtype=np.float64).reshape(place.shape)

    return read
