"""Keyed marks in text: which next words a secret key makes green, and the pairs of a suspect's replies that are scored, each once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from stillwatch.audit.deals import Floats

__all__ = [
    "Keys",
    "Pairs",
    "Tokens",
    "account_key",
    "draw_keys",
    "green",
    "green_places",
    "key_digest",
    "lift",
    "pairs",
    "places_of",
]

Keys: TypeAlias = npt.NDArray[np.uint64]
Tokens: TypeAlias = npt.NDArray[np.int64]

_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """Distinct (context, next token) pairs of some replies, in order of first occurrence, and how often each occurred."""

    context: Tokens
    token: Tokens
    count: Tokens


def account_key(master: bytes, account: str, epoch: str) -> np.uint64:
    """The key of one account in one epoch, by HMAC-SHA256: whoever lacks the master key cannot tell it from a random number.

    >>> bool(account_key(b"m" * 32, "a", "2026-11") == account_key(b"m" * 32, "b", "2026-11"))
    False
    """
    if len(master) < 16:
        raise ValueError(f"master: got {len(master)} bytes, expected at least 16")
    name = account.encode("utf-8", "surrogatepass")
    made = hmac.digest(master, len(name).to_bytes(8, "big") + name + epoch.encode(), "sha256")
    return np.uint64(int.from_bytes(made[:8], "big"))


def key_digest(key: np.uint64) -> str:
    """What may be said of a key before the audit: its SHA-256, which gives nothing away.

    >>> key_digest(np.uint64(1))[:8]
    'cd266215'
    """
    return hashlib.sha256(int(key).to_bytes(8, "big")).hexdigest()


def draw_keys(rng: np.random.Generator, n: int) -> Keys:
    """Keys that might as well have been the true one."""
    return rng.integers(0, 1 << 64, size=n, dtype=np.uint64)


def green(keys: Keys, context: Tokens, token: Tokens, *, share: float = 0.25) -> npt.NDArray[np.bool_]:
    """Whether each token is green after its context, under each key: (keys, pairs). Every pair is green with this chance, independently.

    >>> keys = draw_keys(np.random.default_rng(1), 4)
    >>> bits = green(keys, np.arange(5000) // 50, np.arange(5000) % 50)
    >>> bits.shape, bool(abs(bits.mean() - 0.25) < 0.01)
    ((4, 5000), True)
    """
    return green_places(keys, places_of(context, token), share=share)


def places_of(context: Tokens, token: Tokens) -> Keys:
    """Each pair as one number, the same under every key: worth keeping where many keys look at the same pairs."""
    with np.errstate(over="ignore"):
        return _mix(_mix(context.astype(np.uint64) * _GOLDEN + np.uint64(1)) + token.astype(np.uint64))


def green_places(keys: Keys, places: Keys, *, share: float) -> npt.NDArray[np.bool_]:
    """`green` for pairs as `places_of` gives them."""
    mixed = _mix(places[None, :] ^ _mix(np.atleast_1d(keys))[:, None])
    return np.asarray(mixed < np.uint64(int(share * (1 << 64))), dtype=np.bool_)


def pairs(replies: Iterable[Tokens], *, width: int = 1) -> Pairs:
    """All (context, token) pairs of a whole audit's replies, each once; a context is the `width` tokens before.

    Counting a pair once over the whole audit, and not once a reply, is what keeps clean models from looking guilty.

    >>> found = pairs([np.array([7, 8, 7, 8])])
    >>> found.context.tolist(), found.token.tolist(), found.count.tolist()
    ([7, 8], [8, 7], [2, 1])
    """
    contexts, tokens = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for reply in replies:
        contexts.append(_contexts(reply, width))
        tokens.append(reply[width:].astype(np.int64))
    both = np.stack([np.concatenate(contexts), np.concatenate(tokens)])
    found, first, count = np.unique(both, axis=1, return_index=True, return_counts=True)
    order = np.argsort(first)
    return Pairs(context=found[0, order], token=found[1, order], count=count[order].astype(np.int64))


def lift(suspect: Pairs, reference: Pairs | None = None) -> tuple[Tokens, Tokens, Floats]:
    """What a green pair is worth: (contexts, tokens, weights).

    Without a reference 1 a pair. With the replies of a clean model to the same prompts, by how much the suspect prefers the token there:
    `w (f - f_ref)`, f the share of the token after its context, w the smaller count of the context. That takes away word habits which all
    models share; contexts that only one of them used are worth nothing.
    """
    if reference is None:
        return suspect.context, suspect.token, np.ones(suspect.token.size)
    both = np.concatenate([np.stack([one.context, one.token]) for one in (suspect, reference)], axis=1)
    found, place = np.unique(both, axis=1, return_inverse=True)
    _, group = np.unique(found[0], return_inverse=True)
    counts = np.zeros((2, found.shape[1]))
    np.add.at(counts[0], place[: suspect.token.size], suspect.count)
    np.add.at(counts[1], place[suspect.token.size :], reference.count)
    totals = np.stack([np.bincount(group, weights=one) for one in counts])[:, group]
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0.0)
    worth = totals.min(axis=0) * (shares[0] - shares[1])
    used = worth != 0.0
    return found[0, used], found[1, used], worth[used]


def _contexts(reply: Tokens, width: int) -> Tokens:
    """The tokens before each as one number; a context of one is the token itself."""
    if width == 1:
        return reply[:-1].astype(np.int64)
    rolled = np.zeros(max(0, reply.size - width), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for back in range(width):
            rolled = _mix(rolled + reply[back : back + rolled.size].astype(np.uint64) + _GOLDEN)
    return rolled.view(np.int64)


def _mix(values: Keys) -> Keys:
    """A 64-bit finaliser (Stafford's variant 13), so that every bit of the input moves every bit of the output."""
    mixed = values >> np.uint64(30)
    mixed ^= values
    with np.errstate(over="ignore"):
        mixed *= _FIRST
        shifted = mixed >> np.uint64(27)
        mixed ^= shifted
        mixed *= _SECOND
    np.right_shift(mixed, np.uint64(31), out=shifted)
    mixed ^= shifted
    return mixed
