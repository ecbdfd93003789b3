"""Parts of speech without labels: tokens that stand between the same neighbours are of one part."""

from __future__ import annotations

import numpy as np
from scipy.cluster.vq import kmeans2

PARTS = 32
_WIDTH = 50


def learned_parts(rows: np.ndarray, vocabulary: int, *, seed: int) -> np.ndarray:
    """A part of speech for each token, from what stands before and after it in texts (rows of tokens).

    Source: Schuetze (1995), Distributional part-of-speech tagging, EACL: neighbours left and right, singular vectors, clusters. Tokens are
    pieces of words here, which a tagger of English words does not know; and none was found that ships with its model in a wheel under a
    permissive licence.
    """
    follows = np.zeros((vocabulary, vocabulary))
    np.add.at(follows, (rows[:, :-1].ravel(), rows[:, 1:].ravel()), 1.0)
    beside = np.sqrt(np.concatenate([follows, follows.T], axis=1))
    beside /= np.linalg.norm(beside, axis=1, keepdims=True) + 1e-9
    left, size, _ = np.linalg.svd(beside, full_matrices=False)
    places = left[:, :_WIDTH] * size[:_WIDTH]
    return np.asarray(kmeans2(places, PARTS, minit="++", rng=np.random.default_rng(seed))[1], dtype=np.int64)
