"""Loops over characters and words, compiled to machine code when they are first used.

The loops of this room do in one pass what whole-array arithmetic does in ten. They are compiled once for each machine and kept beside the
source, or in the user's cache where that folder cannot be written (`NUMBA_CACHE_DIR` names another); without either, once in each
process. All arithmetic is that of 64-bit integers, so values are equal on every machine. `u64` makes the constants: a plain number beside
a 64-bit value would make it a floating-point number.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np

__all__ = ["loop", "step", "u64"]

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")

u64 = np.uint64
_SET: Any = numba.config  # its settings are made when it is imported; no type checker sees them


def loop(work: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Compile a function of numbers and arrays; it lets other threads run while it does."""
    folder, before = _folder(), _SET.CACHE_DIR
    _SET.CACHE_DIR = str(folder or "")
    try:
        made = numba.njit(work, cache=folder is not None, nogil=True)
    finally:
        _SET.CACHE_DIR = before
    return cast(Callable[_Given, _Found], made)


@cache
def _folder() -> Path | None:
    """Where compiled loops are kept: a folder for these very sources alone, for a loop may contain steps from other files, of whose changes
    Numba knows nothing. None where no folder can be written.
    """
    here = Path(__file__).parent
    sources = b"\0".join(path.read_bytes() for path in sorted(here.glob("*.py")))
    named = f"loops-{hashlib.sha256(sources).hexdigest()[:16]}"
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stillwatch"
    for place in [Path(_SET.CACHE_DIR)] if _SET.CACHE_DIR else [here / "__pycache__", own]:
        with suppress(OSError):
            (place / named).mkdir(parents=True, exist_ok=True)
            if os.access(place / named, os.W_OK):
                return place / named
    return None


def step(work: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Compile a function as a part of every loop that calls it: a call with arrays costs more than a short step does."""
    return cast(Callable[_Given, _Found], numba.njit(work, inline="always"))
