"""Reasoning signatures: which answers bring one, and which requests send one back.

A provider that hides its model's reasoning hands it out as an opaque block, to be sent back with the next turn. A signature is named by
the request that it was returned to, so that whoever sends it names that request, in whatever shard of the world it lies.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.range.ground import Reply
from stillwatch.range.launches import SIZES
from stillwatch.range.names import Ints
from stillwatch.range.seeds import mixed
from stillwatch.range.tags import tagged

__all__ = ["NOTHING", "continued", "signed", "written_out"]

Words = NDArray[np.uint64]

NOTHING = np.uint64(0)
"""The request of no signature."""

_WITHOUT = (int(Reply.LABEL), int(Reply.REFUSAL), int(Reply.NOTHING))
_KEY = 0x5163


def signed(asked: NDArray[np.bool_], model: Ints, status: Ints, reply: Ints) -> NDArray[np.bool_]:
    """Which answers bring a signature: of those who asked for reasoning, from a model that reasons (all but the smallest)."""
    found: NDArray[np.bool_] = asked & (model // 2 > SIZES.index("mini")) & (status == 200) & ~np.isin(reply, _WITHOUT)
    return found


def continued(request: Words, before: Ints, brought: NDArray[np.bool_]) -> Words:
    """The request whose signature each row sends back: that of the turn before, or of the one before that where an answer failed."""
    last = np.where(before >= 0, before, 0)
    older = np.where(before >= 0, before[last], -1)
    from_older = np.where((older >= 0) & brought[np.maximum(older, 0)], request[np.maximum(older, 0)], NOTHING)
    return np.where((before >= 0) & brought[last], request[last], np.where(before >= 0, from_older, NOTHING))


def written_out(request: Words, brought: NDArray[np.bool_], sends: Words) -> tuple[Any, Any]:
    """Two columns of a log: signatures sent and signatures returned, null in rows that no signature passed in either way.

    They are letters and figures alone, which read the same in every base64 alphabet.
    """
    known = brought | (sends != NOTHING)
    return _listed(sends, sends != NOTHING, known), _listed(request, brought, known)


def _listed(origin: Words, there: NDArray[np.bool_], known: NDArray[np.bool_]) -> Any:
    """Lists of one signature where it is there, of none where it is not, null where nothing is known."""
    offsets = np.concatenate([[0], np.cumsum(there)]).astype(np.int32)
    chosen = tagged("Es", mixed(_KEY, origin[there].view(np.int64)))
    return pa.ListArray.from_arrays(pa.array(offsets), chosen, mask=pa.array(~known))
