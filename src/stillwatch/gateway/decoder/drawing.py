"""Which next tokens a key favours, as the audit will count them, on numpy arrays or torch tensors alike.

The audit hashes in unsigned 64-bit numbers, which torch has not. Here the same hash runs in signed ones, whose products wrap alike; only
shifts and comparisons differ, so that a mark can be made on the device where the scores are.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from stillwatch.audit import account_key

__all__ = ["Mark", "contexts", "favoured", "key_named", "library", "marked_scores", "numbers", "uniform"]

_WORD = 1 << 64
_FIRST, _SECOND, _GOLDEN = (n - _WORD for n in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0x9E3779B97F4A7C15))
_LOWEST = -(1 << 63)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How tokens are marked.

    Attributes:
        method: `green` adds `bias` to the scores of green tokens (Kirchenbauer and others, arXiv 2301.10226); `gumbel` draws the token by
            numbers of the key instead of by chance, which changes no token's probability over keys (Aaronson's exponential sampling).
        share: chance of a token to be green; the audit must be told the same.
        bias: what a green token's score gains, in nats.
        width: tokens before it that make up the context of a token; the audit's `pairs` must be told the same.
    """

    method: Literal["green", "gumbel"] = "green"
    share: float = 0.25
    bias: float = 2.0
    width: int = 2

    def __post_init__(self) -> None:
        for name, value, right in (
            ("method", self.method, self.method in ("green", "gumbel")),
            ("share", self.share, 0.0 < self.share < 1.0),
            ("bias", self.bias, 0.0 < self.bias <= 20.0),
            ("width", self.width, 1 <= self.width <= 16),
        ):
            if not right:
                raise ValueError(f"{name}: got {value!r}, which is no such thing of a mark")


def key_named(master: bytes, name: str) -> int:
    """The key that a gateway names, such as `2026-11/A-0000000000001`, as a signed number.

    Raises:
        ValueError: a name that is none.
    """
    epoch, slash, account = name.partition("/")
    if not slash or not epoch or not account or len(name) > 256:
        raise ValueError("got no name of a key such as 2026-11/A-0000000000001")
    return signed(int(account_key(master, account, epoch)))


def signed(number: int) -> int:
    """An unsigned 64-bit number as the signed one of the same bits."""
    return number - _WORD if number >= 1 << 63 else number


def contexts(windows: Any) -> Any:
    """The context that each row's last tokens make, (rows, width) to (rows,), as `audit.pairs` counts it."""
    if windows.shape[1] == 1:
        return windows[:, 0]
    rolled = windows[:, 0] * 0
    for at in range(windows.shape[1]):
        rolled = _mix(rolled + windows[:, at] + _GOLDEN)
    return rolled


def favoured(keys: Any, context: Any, tokens: Any) -> Any:
    """A 64-bit number for each token in each row's context under each row's key, (rows, tokens): the lower, the more favoured."""
    place = _mix(context * _GOLDEN + 1)[:, None] + tokens[None, :]
    return _mix(_mix(place) ^ _mix(keys)[:, None])


def uniform(found: Any) -> Any:
    """Such numbers as fractions in (0, 1], the most favoured next to 1."""
    return 1.0 - _shifted(found, 11) * 2.0**-53


def marked_scores(scores: Any, windows: Any, keys: Any, mark: Mark) -> Any:
    """Scores with the mark, (rows, tokens): numpy or torch, on whatever device.

    With `gumbel` all tokens but the one drawn become impossible, so whatever samples next takes it. Scores must then be those that would be
    sampled from: after temperature.
    """
    xp, tokens = library(scores), _counted(scores)
    found = favoured(keys, contexts(windows), tokens)
    if mark.method == "green":
        green = (found ^ _LOWEST) < int(mark.share * _WORD) + _LOWEST
        return scores + green * mark.bias
    luck = -xp.log(-xp.log(xp.clip(uniform(found), 1e-12, 1.0 - 1e-12)))
    drawn = (scores + luck).argmax(-1)
    return xp.where(tokens[None, :] == drawn[:, None], scores * 0.0, -xp.inf)


def library(like: Any) -> Any:
    """numpy or torch: the library that an array is of."""
    return np if isinstance(like, np.ndarray) else importlib.import_module("torch")


def numbers(values: Sequence[Any], like: Any) -> Any:
    """Some values as an array of the same library, on the same device."""
    return np.array(values) if isinstance(like, np.ndarray) else library(like).tensor(values, device=like.device)


def _counted(scores: Any) -> Any:
    """The numbers of all tokens."""
    if isinstance(scores, np.ndarray):
        return np.arange(scores.shape[-1], dtype=np.int64)
    return library(scores).arange(scores.shape[-1], device=scores.device)


def _shifted(numbers: Any, by: int) -> Any:
    """A shift to the right that brings zeros in, as of unsigned numbers."""
    return (numbers >> by) & ((1 << (64 - by)) - 1)


def _mix(numbers: Any) -> Any:
    numbers = (numbers ^ _shifted(numbers, 30)) * _FIRST
    numbers = (numbers ^ _shifted(numbers, 27)) * _SECOND
    return numbers ^ _shifted(numbers, 31)
