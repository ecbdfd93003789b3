"""A logits processor for vLLM: `vllm serve MODEL --logits-processors stillwatch.gateway.decoder.vllm:Marks`.

Settings come from the environment: STILLWATCH_MARKS_KEY (file of the master key), STILLWATCH_MARK (green or gumbel), and
STILLWATCH_MARK_SHARE, _BIAS and _WIDTH. The gateway names the account's key in `vllm_xargs.stillwatch_key`; clients cannot. Requests
without a name stay unmarked. Marks by `green` reach greedy answers too; by `gumbel` none can, and top_p and top_k do not hold.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.gateway.decoder.drawing import Mark, contexts, key_named, marked_scores, numbers

try:
    from vllm.v1.sample.logits_processor import LogitsProcessor as _Base
except ImportError:  # without vLLM the interface is the same, and nobody checks the class
    _Base = object

__all__ = ["NAME", "Marks", "mark_from"]

NAME = "stillwatch_key"
"""The extra argument of a request that names its key."""


class _Row:
    """One request in the batch. `said` is vLLM's own list of the tokens said so far, and grows by itself."""

    __slots__ = ("key", "said", "temperature", "used")

    def __init__(self, key: int, said: list[int], temperature: float) -> None:
        self.key, self.said, self.temperature = key, said, temperature
        self.used: set[int] = set()


class Marks(_Base):  # type: ignore[misc,unused-ignore]
    """Marks every request of the batch that names a key (vLLM's V1 interface of logits processors)."""

    def __init__(self, vllm_config: Any, device: Any, is_pin_memory: bool) -> None:
        from stillwatch.audit import read_master

        del vllm_config, device, is_pin_memory
        self._master = read_master(Path(os.environ["STILLWATCH_MARKS_KEY"]))
        self._mark = mark_from(os.environ)
        self._rows: dict[int, _Row] = {}

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Refuse a request whose key has no proper name.

        Raises:
            ValueError: as it says.
        """
        name = (sampling_params.extra_args or {}).get(NAME)
        if name is not None:
            key_named(bytes(16), name if isinstance(name, str) else "")

    def is_argmax_invariant(self) -> bool:
        """A mark changes which token is the likeliest."""
        return False

    def update_state(self, batch_update: Any) -> None:
        """Follow requests that left, came or moved in the batch, in this order."""
        if batch_update is None:
            return
        for index in batch_update.removed:
            self._rows.pop(index, None)
        for index, params, _, said in batch_update.added:
            name = (params.extra_args or {}).get(NAME)
            self._rows.pop(index, None)
            if isinstance(name, str):
                self._rows[index] = _Row(key_named(self._master, name), said, params.temperature)
        for start, end, direction in batch_update.moved:
            moving, other = self._rows.pop(start, None), self._rows.pop(end, None)
            if moving is not None:
                self._rows[end] = moving
            if other is not None and direction.name == "SWAP":
                self._rows[start] = other

    def apply(self, logits: Any) -> Any:
        """Scores with the marks, changed in place."""
        width, gumbel = self._mark.width, self._mark.method == "gumbel"
        found: list[tuple[int, _Row]] = []
        for index, row in self._rows.items():
            if len(row.said) < width or (gumbel and (row.temperature <= 0.0 or self._repeats(row))):
                continue
            found.append((index, row))
        if not found:
            return logits
        places = [index for index, _ in found]
        windows = numbers([row.said[-width:] for _, row in found], logits)
        keys = numbers([row.key for _, row in found], logits)
        scores = logits[places]
        if gumbel:
            heat = numbers([row.temperature for _, row in found], logits)
            scores = scores / heat[:, None]
        logits[places] = marked_scores(scores, windows, keys, self._mark)
        return logits

    def _repeats(self, row: _Row) -> bool:
        """Whether the context was used before in this answer: then it is left to chance."""
        context = int(contexts(np.array([row.said[-self._mark.width :]], dtype=np.int64))[0])
        seen = context in row.used
        row.used.add(context)
        return seen


def mark_from(settings: Any) -> Mark:
    """The mark that the environment describes.

    Raises:
        ValueError: a setting that cannot be used.
    """
    plain = Mark()
    return Mark(
        method=settings.get("STILLWATCH_MARK", plain.method),
        share=float(settings.get("STILLWATCH_MARK_SHARE", plain.share)),
        bias=float(settings.get("STILLWATCH_MARK_BIAS", plain.bias)),
        width=int(settings.get("STILLWATCH_MARK_WIDTH", plain.width)),
    )
