"""What every function of this room asks of its arguments; each refusal is a `ValueError` that names the argument."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["BoolArray", "FloatArray", "IntArray", "flags", "labels", "numbers", "p_values", "share", "whole", "wholes"]

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]


def numbers(values: npt.ArrayLike, name: str, *, least: float | None = None) -> FloatArray:
    """The values as float64; not-a-number, and anything below `least`, is refused."""
    array = np.asarray(values, dtype=np.float64)
    if np.isnan(array).any():
        raise ValueError(f"{name}: holds not-a-number; leave unknown values out and count them as undecided")
    if least is not None and array.size and float(array.min()) < least:
        raise ValueError(f"{name}: got {float(array.min())!r}, expected values >= {least}")
    return array


def p_values(values: npt.ArrayLike, name: str) -> FloatArray:
    """The values as float64, each in [0, 1]."""
    array = numbers(values, name, least=0.0)
    if array.size and float(array.max()) > 1.0:
        raise ValueError(f"{name}: got {float(array.max())!r}, expected values in [0, 1]")
    return array


def wholes(values: npt.ArrayLike, name: str, *, least: int = 0) -> IntArray:
    """The values as int64; fractions, overflow and anything below `least` are refused."""
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros(array.shape, dtype=np.int64)
    if array.dtype.kind == "u":
        if int(array.max()) > np.iinfo(np.int64).max:
            raise ValueError(f"{name}: got {int(array.max())}, more than a signed 64-bit number holds")
    elif array.dtype.kind in "bi":
        pass
    else:
        real = numbers(array, name)
        if not np.isfinite(real).all() or bool((real != np.floor(real)).any()):
            raise ValueError(f"{name}: expected whole numbers")
        if float(np.abs(real).max()) >= 2.0**63:
            raise ValueError(f"{name}: got {float(np.abs(real).max())!r}, more than a signed 64-bit number holds")
    ints = array.astype(np.int64)
    if int(ints.min()) < least:
        raise ValueError(f"{name}: got {int(ints.min())}, expected whole numbers >= {least}")
    return ints


def whole(value: float, name: str, *, least: int = 0) -> int:
    """One whole number >= `least`."""
    if value != value or value in (float("inf"), float("-inf")) or int(value) != value or value < least:
        raise ValueError(f"{name}: got {value!r}, expected a whole number >= {least}")
    return int(value)


def share(value: float, name: str, *, open_low: bool = False, open_high: bool = False) -> float:
    """One number in [0, 1], or with an end left out."""
    low_ok = value > 0.0 if open_low else value >= 0.0
    high_ok = value < 1.0 if open_high else value <= 1.0
    if not (low_ok and high_ok):
        ends = f"{'(' if open_low else '['}0, 1{')' if open_high else ']'}"
        raise ValueError(f"{name}: got {value!r}, expected a number in {ends}")
    return float(value)


def flags(values: npt.ArrayLike, name: str, *, n: int) -> BoolArray:
    """A mask of length `n`."""
    array = np.asarray(values)
    if array.dtype.kind != "b" or array.shape != (n,):
        raise ValueError(f"{name}: got {array.dtype} of shape {array.shape}, expected a mask of {n} true or false")
    return array.astype(np.bool_)


def labels(values: npt.ArrayLike, name: str, *, n: int) -> tuple[IntArray, list[str]]:
    """Labels of any kind as codes 0..k-1 in sorted order, and the names."""
    array = np.asarray(values)
    if array.shape != (n,):
        raise ValueError(f"{name}: got shape {array.shape}, expected {n} labels")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"{name}: holds not-a-number")
    if array.dtype.kind == "O":
        array = array.astype(str)
    found, codes = np.unique(array, return_inverse=True)
    return codes.astype(np.int64), [str(label) for label in found.tolist()]
