"""A logits processor for `transformers`: `model.generate(..., logits_processor=LogitsProcessorList([MarkingProcessor(keys, mark)]))`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stillwatch.gateway.decoder.drawing import Mark, contexts, library, marked_scores, numbers

__all__ = ["MarkingProcessor"]


class MarkingProcessor:
    """Marks one batch of generations; make a new one for each call.

    Args:
        keys: one for each prompt, as `key_named` gives them; 0 leaves a row unmarked.
        mark: how. With `gumbel`, a context that was used before in the same answer is left to chance: else an answer could turn in a
            circle, and what an audit counts once would have been drawn twice.
        temperature: what scores are divided by before a token is drawn, with `gumbel`: a processor may stand before that step.
    """

    def __init__(self, keys: Sequence[int], mark: Mark | None = None, *, temperature: float = 1.0) -> None:
        if temperature <= 0.0:
            raise ValueError(
                f"temperature: got {temperature!r}, expected more than 0: a greedy answer has nothing to mark by chance"
            )
        self._keys, self._mark, self._temperature = [int(key) for key in keys], mark or Mark(), temperature
        self._used: dict[int, set[int]] = {}

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores of the next tokens with the mark, given all tokens so far, (rows, tokens so far) and (rows, tokens)."""
        width, rows = self._mark.width, scores.shape[0]
        if rows % len(self._keys):
            raise ValueError(f"got {rows} rows for {len(self._keys)} keys, expected as many, or as many for each")
        if input_ids.shape[1] < width:
            return scores
        windows = input_ids[:, -width:]
        each = rows // len(self._keys)
        keys = [self._keys[row // each] for row in range(rows)]
        marking = [bool(key) for key in keys]
        if self._mark.method == "gumbel":
            for row, context in enumerate(contexts(windows).tolist()):
                used = self._used.setdefault(row, set())
                marking[row] = marking[row] and context not in used
                used.add(context)
        if not any(marking):
            return scores
        given = scores if self._mark.method == "green" else scores / self._temperature
        made = marked_scores(given, windows, numbers(keys, input_ids), self._mark)
        return library(scores).where(numbers(marking, input_ids)[:, None], made, scores)
