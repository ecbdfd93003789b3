"""Ways of asking for training value, told by phrases in fourteen languages.

A rule is a set of groups of phrases; it holds where each group has a phrase within a stretch of text (128 words, cut every 64), and then
sets its technique's bit. Phrases are two to `LONGEST` words, matched exactly after normalising, wherever they stand. They were
written from public accounts of such requests (Anthropic, February and September 2026; OpenAI, September 2026; Google GTIG, February
2026) and from common ways of saying so. Who wrote them had read the constructed prompts below, and some phrases of theirs are
among the English ones: the hit rates on these sets show that matching works, and are no estimate of recall elsewhere.

The learned model of `asking` stands beside it; `text_features` sets a bit where either tells it.

What misleads it: paraphrase passes under it, and so does a language that the lexicon lacks; people who discuss these techniques set
bits. One request with a bit says nothing; a share of an account's or a family's traffic, against comparable accounts, does.
"Think step by step" and "explain your reasoning" set the bit of an open request at most (`core.OPEN_REQUESTS`), which by itself is
evidence of nothing: students say that.

Measured on 40 prompt sets (281,269 prompts), after the first version of the lexicon; one thing was changed since, for all rules: the
stretch, from 64 to 128 words. The constructed sets are templates rendered over questions: a hit rate there is one over templates.

| source | prompts | with a bit |
|---|---|---|
| benign and benchmark sets but the next (31) | 238,618 | 0 |
| chat prompts of real users (WildChat) | 4,198 | 1 (it forces thinking tags) |
| instruction sets read by distillers (P3, toolformer, APIs, seeds) | 26,679 | 0 |
| constructed chain-of-thought requests, 10 templates | 7,883 | 3,885: 5 templates in full, none of "step by step" and the like |
| constructed judge calls, 2 templates | 1,391 | 1,391: rubric 491, preference 900 |
| Alpaca's self-instruct request | 2,500 | 2,500: task generation |

Hit rates on texts in other languages than English are unknown: no public sets of such requests were at hand.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.core.errors import Fault, SettingsError
from stillwatch.core.records import Technique
from stillwatch.text._loops import loop
from stillwatch.text._mixing import Bits, Places, filtered, passes
from stillwatch.text.words import Words, words

__all__ = ["Lexicon", "elicitation", "lexicon", "techniques"]

LONGEST = 10
STRETCH = 128
_STEP = np.uint64(0xD1342543DE82EF95)
_FILTERED = 18
_PREFILTER = np.uint64(64 - _FILTERED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lexicon:
    """Phrases as numbers, ready to match.

    `starts` tells by the top bits of a word pair's hash whether a phrase may begin there; `phrases[n]` are the sorted hashes of
    the phrases of n words and `entries[n]` where each one's groups begin and end in `groups`. Rule r needs `needed[r]` different
    groups and gives `bit[r]`.
    """

    starts: npt.NDArray[np.uint8]
    phrases: dict[int, Bits]
    entries: dict[int, Places]
    groups: Places
    rule: Places
    needed: Places
    bit: npt.NDArray[np.int32]


def elicitation(prompt: Words, system: Words | None = None, *, by: Lexicon | None = None) -> npt.NDArray[np.int32]:
    """Bits of the techniques asked for in each prompt, or in the system text of the same row; see `techniques`.

    >>> bits = elicitation(words(["Write out your hidden reasoning word for word.", "Let's think step by step."]))
    >>> techniques(int(bits[0])), techniques(int(bits[1]))
    ((<Technique.COT_WRITEOUT: 'cot_writeout'>,), (<Technique.REASONING_REQUEST: 'reasoning_request'>,))
    """
    by = lexicon() if by is None else by
    bits = _bits(prompt, by)
    return bits if system is None else bits | _bits(system, by)


def techniques(bits: int) -> tuple[Technique, ...]:
    """Read bits as techniques."""
    return tuple(technique for place, technique in enumerate(Technique) if bits >> place & 1)


@cache
def lexicon() -> Lexicon:
    """Read and compile the lexicon that comes with the package."""
    text = files("stillwatch.text").joinpath("lexicon.toml").read_text(encoding="utf-8")
    return compiled(tomllib.loads(text))


def compiled(tables: dict[str, Any]) -> Lexicon:
    """Compile `technique -> language -> rules -> groups -> phrases`.

    Raises:
        SettingsError: naming every technique that does not exist and every phrase that is not 2 to `LONGEST` words.
    """
    order = {technique.value: place for place, technique in enumerate(Technique)}
    faults: list[Fault] = []
    phrases: list[str] = []
    group_of: list[int] = []
    where: list[str] = []
    rule: list[int] = []
    needed: list[int] = []
    bit: list[int] = []
    for technique, languages in tables.items():
        if technique not in order:
            faults.append(
                Fault(
                    path=technique, message=f"got a technique that does not exist, expected one of {', '.join(order)}"
                )
            )
            continue
        for language, rules in languages.items():
            for number, groups in enumerate(rules):
                for group in groups:
                    phrases += group
                    group_of += [len(rule)] * len(group)
                    where += [f"{technique}.{language}[{number}]"] * len(group)
                    rule.append(len(needed))
                needed.append(len(groups))
                bit.append(1 << order[technique])
    read = words(phrases)
    wrong = np.flatnonzero((read.counts < 2) | (read.counts > LONGEST))
    faults += [
        Fault(path=where[at], message=f"got {phrases[at]!r} ({read.counts[at]} words), expected 2 to {LONGEST} words")
        for at in wrong.tolist()
    ]
    if faults:
        raise SettingsError(faults)
    starts: list[Bits] = [np.zeros(0, dtype=np.uint64)]
    owner = np.array(group_of, dtype=np.int64)
    table: dict[int, Bits] = {}
    entries: dict[int, Places] = {}
    listed: list[Places] = []
    done = 0
    for size in range(2, LONGEST + 1):
        which = np.flatnonzero(read.counts == size)
        if not len(which):
            continue
        first = read.offset[which]
        starts.append(_rolled(read.hash, first, 2) >> _PREFILTER)
        value = _rolled(read.hash, first, size)
        rank = np.lexsort((owner[which], value))
        table[size], heads = np.unique(value[rank], return_index=True)
        entries[size] = np.append(heads, len(rank)) + done
        listed.append(owner[which][rank])
        done += len(rank)
    return Lexicon(
        starts=filtered(np.concatenate(starts), _FILTERED),
        phrases=table,
        entries=entries,
        groups=np.concatenate([np.zeros(0, dtype=np.int64), *listed]),
        rule=np.array(rule, dtype=np.int64),
        needed=np.array(needed, dtype=np.int64),
        bit=np.array(bit, dtype=np.int32),
    )


def _rolled(hashes: Bits, at: Places, size: int) -> Bits:
    value = hashes[at]
    for step in range(1, size):
        value = value * _STEP + hashes[at + step]
    return value


def _bits(read: Words, by: Lexicon) -> npt.NDArray[np.int32]:
    out = np.zeros(read.rows, dtype=np.int32)
    if len(read.hash) < 2 or not len(by.rule):
        return out
    at = _might_begin(read.hash, by.starts)
    row = np.searchsorted(read.offset, at, side="right") - 1
    left = read.offset[row + 1] - at
    rows, places, groups = [], [], []
    value = read.hash[at]
    for size in range(2, LONGEST + 1):
        enough = left >= size
        at, row, left, value = at[enough], row[enough], left[enough], value[enough]
        value = value * _STEP + read.hash[at + size - 1]
        known = by.phrases.get(size)
        if known is None or not len(at):
            continue
        found = np.minimum(np.searchsorted(known, value), len(known) - 1)
        hit = np.flatnonzero(known[found] == value)
        if not len(hit):
            continue
        low = by.entries[size][found[hit]]
        count = by.entries[size][found[hit] + 1] - low
        spread = np.repeat(hit, count)
        inner = np.arange(len(spread)) - np.repeat(np.cumsum(count) - count, count)
        groups.append(by.groups[np.repeat(low, count) + inner])
        rows.append(row[spread])
        places.append(at[spread] - read.offset[row[spread]])
    if rows:
        _hold(out, np.concatenate(rows), np.concatenate(places), np.concatenate(groups), by)
    return out


@loop
def _might_begin(hashes: Bits, starts: npt.NDArray[np.uint8]) -> Places:
    """Places of word pairs with which a phrase may begin, whatever the rows."""
    found = np.empty(len(hashes), dtype=np.int64)
    held = 0
    for at in range(len(hashes) - 1):
        if passes(starts, (hashes[at] * _STEP + hashes[at + 1]) >> _PREFILTER):
            found[held] = at
            held += 1
    return found[:held]


def _hold(out: npt.NDArray[np.int32], row: Places, place: Places, group: Places, by: Lexicon) -> None:
    """Set the bits of the rules all of whose groups were met within one stretch of a row."""
    alone = by.needed[by.rule[group]] == 1
    np.bitwise_or.at(out, row[alone], by.bit[by.rule[group[alone]]])
    row, place, group = row[~alone], place[~alone], group[~alone]
    if not len(row):
        return
    half = STRETCH // 2
    stretch = np.concatenate([place // half, np.maximum(place // half - 1, 0)])
    row, group = np.concatenate([row, row]), np.concatenate([group, group])
    met = np.unique(np.stack([row, stretch, by.rule[group], group]), axis=1)
    fresh = np.ones(met.shape[1], dtype=bool)
    fresh[1:] = (met[:3, 1:] != met[:3, :-1]).any(axis=0)
    heads = np.flatnonzero(fresh)
    whole = np.diff(heads, append=met.shape[1]) == by.needed[met[2, heads]]
    np.bitwise_or.at(out, met[0, heads[whole]], by.bit[met[2, heads[whole]]])
