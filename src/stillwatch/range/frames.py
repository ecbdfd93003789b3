"""Wrappers around texts, cut at their slots, so that whole columns of prompts are joined at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Frames", "escape"]


def escape(text: str) -> str:
    """A text as it stands between the quotes of a JSON string."""
    return msgspec.json.encode(text).decode("utf-8")[1:-1]


class Frames:
    """Frames cut into three pieces around their one or two slots, `{a}` and `{b}`; the last entry is no frame."""

    def __init__(self, frames: Sequence[str], *, escaped: bool) -> None:
        pieces: tuple[list[str], list[str], list[str]] = ([], [], [])
        swapped, double = [], []
        for frame in frames:
            a, b = frame.find("{a}"), frame.find("{b}")
            cuts = sorted(at for at in (a, b) if at >= 0)
            parts = [frame[: cuts[0]], frame[cuts[0] + 3 : cuts[1]] if len(cuts) == 2 else frame[cuts[0] + 3 :]]
            parts.append(frame[cuts[1] + 3 :] if len(cuts) == 2 else "")
            for piece, part in zip(pieces, parts, strict=True):
                piece.append(escape(part) if escaped else part)
            swapped.append(0 <= b < a)
            double.append(len(cuts) == 2)
        self.parts = [pa.array([*piece, ""], pa.string()) for piece in pieces]
        self.swapped: NDArray[np.bool_] = np.array([*swapped, False])
        self.double: NDArray[np.bool_] = np.array([*double, False])
