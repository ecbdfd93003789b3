"""Real keys for the tests of marks: one master key that stays at home, a key an account by HMAC, and digests that a plan may hold."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from stillwatch.audit.betting import BETTING, betting
from stillwatch.audit.deals import Floats
from stillwatch.audit.decoy_keys import DECOY_KEYS, decoy_keys
from stillwatch.audit.green_mass import GREEN_MASS, green_mass
from stillwatch.audit.marks import Keys as KeyArray
from stillwatch.audit.marks import Pairs, Tokens, account_key, green, key_digest, pairs
from stillwatch.audit.radioactivity import RADIOACTIVITY, radioactivity
from stillwatch.audit.records import Finding, Served
from stillwatch.audit.suspect import Answering, Suspect, Weighing, answering, weighing
from stillwatch.core import Error, FormatError
from stillwatch.engine import durable_create

__all__ = [
    "KEYED_TESTS",
    "Keys",
    "decoys_of",
    "derive_keys",
    "greenness",
    "keyed_findings",
    "keys_at",
    "make_master",
    "read_keys",
    "read_master",
    "said_pairs",
    "unmarked",
    "word_lift",
    "word_tokens",
    "write_keys",
]

KEYED_TESTS = (DECOY_KEYS.name, BETTING.name, RADIOACTIVITY.name, GREEN_MASS.name)
"""Tests of marks by key; each runs once an account, which is W4."""

_BYTES, _DECOYS = 32, 9_999


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be said of the accounts' keys of one epoch: the SHA-256 of each, and never a key.

    >>> keys = derive_keys(b"m" * 32, ["a", "b"], epoch="2026-11")
    >>> sorted(keys.digests), len(keys.digests["a"]), keys.digests["a"] == keys.digests["b"]
    (['a', 'b'], 64, False)
    """

    epoch: str
    share: float
    digests: dict[str, str]


def make_master(path: Path) -> None:
    """A new master key where there is none, readable by its owner alone.

    Raises:
        Error: there is one already: responses may be marked by it.
    """
    try:
        durable_create(path, secrets.token_bytes(_BYTES), mode=0o600)
    except FileExistsError:
        raise Error(f"{path}: is there already; whoever loses a master key loses every mark that it made") from None


def read_master(path: Path) -> bytes:
    """The master key of a file.

    Raises:
        FormatError: a file of another length, with nothing of what it holds.
    """
    master = path.read_bytes()
    if len(master) != _BYTES:
        raise FormatError(f"{path}: got {len(master)} bytes, expected a master key of {_BYTES}")
    return master


def derive_keys(master: bytes, accounts: Sequence[str], *, epoch: str, share: float = 0.25) -> Keys:
    """The digests of the accounts' keys; `share` of word pairs is green under each."""
    if not 0.0 < share < 1.0:
        raise Error(f"share: got {share!r}, expected a number in (0, 1)")
    return Keys(
        epoch=epoch,
        share=share,
        digests={one: key_digest(account_key(master, one, epoch)) for one in sorted(set(accounts))},
    )


def write_keys(path: Path, keys: Keys) -> None:
    """Keep digests where there are none.

    Raises:
        Error: there is such a file already.
    """
    try:
        durable_create(path, msgspec.json.format(msgspec.json.encode(keys), indent=1) + b"\n", mode=0o600)
    except FileExistsError:
        raise Error(f"{path}: is there already and is not written over; name another file") from None


def read_keys(path: Path) -> Keys:
    """Digests of keys.

    Raises:
        FormatError: a file that holds none.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Keys)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise FormatError(f"{path}: not digests of keys, as stillwatch audit keys writes them") from None


def keys_at(master: bytes, keys: Keys) -> dict[str, np.uint64]:
    """The accounts' keys themselves.

    Raises:
        Error: a master key that does not give the digests promised.
    """
    found = {one: account_key(master, one, keys.epoch) for one in keys.digests}
    if any(key_digest(found[one]) != digest for one, digest in keys.digests.items()):
        raise Error("master: gives other keys than those whose digests the plan holds")
    return found


def decoys_of(master: bytes, account: str, keys: Keys, n: int = _DECOYS) -> KeyArray:
    """Keys that never marked anything, from the master key too: whoever holds it finds the same, and no true key is told from them."""
    return np.array([account_key(master, account, f"decoy {at} of {keys.epoch}") for at in range(n)], dtype=np.uint64)


def word_tokens(text: str) -> Tokens:
    """A text as numbers, one a word, whatever its case and spaces: what marks by words are counted in, here and when serving.

    >>> word_tokens("The cat") .tolist() == word_tokens("the  CAT").tolist(), word_tokens("").size
    (True, 0)
    """
    words = text.casefold().split()
    return np.array(
        [
            int.from_bytes(hashlib.blake2b(one.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1
            for one in words
        ],
        dtype=np.int64,
    )


def greenness(text: str, key: np.uint64, *, share: float = 0.25) -> float:
    """The share of a text's word pairs that the key makes green: who serves the greenest of several answers marks by words.

    >>> 0.0 <= greenness("a b c d e f", np.uint64(7)) <= 1.0, greenness("one", np.uint64(7))
    (True, 0.0)
    """
    found = pairs([word_tokens(text)])
    return float(green(np.array([key]), found.context, found.token, share=share).mean()) if found.token.size else 0.0


def unmarked(prompts: Sequence[str], served: Sequence[Served]) -> bool:
    """Whether no prompt holds a response that was served; those of fewer than twenty characters occur by chance."""
    told = {one.response.strip() for one in served}
    return not any(text in prompt for prompt in prompts for text in told if len(text) >= 20)


def keyed_findings(
    test: str,
    keys: Keys,
    master: bytes,
    suspect: Suspect,
    prompts: Sequence[str],
    *,
    reference: Suspect | None = None,
    alpha: float = 0.01,
) -> list[Finding]:
    """One finding for each account of the keys (W4), from the suspect's answers to unmarked prompts: by decoys, bets or a plain count.

    For green_mass from the chances of next words along the prompts themselves, less the reference's.

    Raises:
        Error: a master key that does not give the digests, or a suspect or reference that lacks what the test needs.
    """
    true = keys_at(master, keys)
    if test == GREEN_MASS.name:
        if reference is None:
            raise Error("reference: green_mass takes a clean model's chances away, and they are missing")
        lifted = word_lift(weighing(suspect), weighing(reference), prompts)
        return [
            green_mass(
                lifted,
                key,
                decoys_of(master, account, keys),
                suspect=suspect.name,
                account=account,
                share=keys.share,
                unmarked_text=True,
                alpha=alpha,
            )
            for account, key in true.items()
        ]
    replies = said_pairs(answering(suspect), prompts)
    if test in (BETTING.name, RADIOACTIVITY.name):
        tested = betting if test == BETTING.name else radioactivity
        return [
            tested(replies, key, suspect=suspect.name, account=account, share=keys.share, alpha=alpha)
            for account, key in true.items()
        ]
    clean = None if reference is None else said_pairs(answering(reference), prompts)
    return [
        decoy_keys(
            replies,
            key,
            decoys_of(master, account, keys),
            suspect=suspect.name,
            account=account,
            reference=clean,
            share=keys.share,
            unmarked_prompts=True,
            alpha=alpha,
        )
        for account, key in true.items()
    ]


def word_lift(
    suspect: Weighing, reference: Weighing, prompts: Sequence[str], *, kept: int = 40_000
) -> tuple[Tokens, Tokens, Floats]:
    """What a green pair of words is worth, as `mass_lift` has it for tokens, over the prompts of which both tell the chances.

    Pairs that either leaves out have no chance there: servers tell the likeliest next tokens alone. Those that differ most are kept.
    """
    away: dict[tuple[str, str], float] = {}
    for prompt in prompts:
        mine, clean = suspect.chances(prompt), reference.chances(prompt)
        if mine is not None and clean is not None:
            for sign, one in ((1.0, mine), (-1.0, clean)):
                for pair, chance in one.items():
                    away[pair] = away.get(pair, 0.0) + sign * chance
    chosen = sorted((pair for pair in away if away[pair] != 0.0), key=lambda pair: (-abs(away[pair]), pair))[:kept]
    words = {word: int(word_tokens(word)[0]) for pair in chosen for word in pair if word.split()}
    chosen = [pair for pair in chosen if pair[0] in words and pair[1] in words]
    context, token = (np.array([words[pair[at]] for pair in chosen], dtype=np.int64) for at in (0, 1))
    return context, token, np.array([away[pair] for pair in chosen], dtype=np.float64)


def said_pairs(model: Answering, prompts: Sequence[str]) -> Pairs:
    """The word pairs of a model's answers to the prompts, each once, in their order."""
    return pairs([word_tokens(said) for prompt in prompts if (said := model.answer(prompt)) is not None])
