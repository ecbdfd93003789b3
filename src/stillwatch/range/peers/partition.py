"""Labels to groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

__all__ = ["linked", "parts"]

Ints = npt.NDArray[np.int64]


def parts(label: Ints, least: int) -> list[Ints]:
    """Places of each label that at least `least` places bear, in the order of the labels.

    >>> import numpy as np
    >>> [part.tolist() for part in parts(np.array([1, 0, 1, 2]), 2)]
    [[0, 2]]
    """
    order = np.argsort(label, kind="stable")
    found = np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if order.size else []
    return [part for part in found if part.size >= least]


def linked(ties: sparse.csr_matrix, least: int) -> list[Ints]:
    """Nodes of each connected component of at least `least` nodes."""
    return parts(np.asarray(csgraph.connected_components(ties, directed=False)[1], np.int64), least)
