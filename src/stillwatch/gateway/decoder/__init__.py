"""Marks made where tokens are chosen: per-account keys, green lists and exponential sampling, for transformers and vLLM.

What a key makes green is decided by the same 64-bit hash as in `audit.marks`, so that the audit's tests of keys find what is made here.
"""

from __future__ import annotations

from stillwatch.gateway.decoder.drawing import Mark, key_named, marked_scores
from stillwatch.gateway.decoder.generating import MarkingProcessor

__all__ = ["Mark", "MarkingProcessor", "key_named", "marked_scores"]
