"""All text columns of the table `features`, from the text columns of `exchanges`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.records import OPEN_REQUESTS, Technique, technique_mask
from stillwatch.text.asking import Level, asking
from stillwatch.text.elicitation import elicitation
from stillwatch.text.hashes import exact_hashes, prompt_hashes
from stillwatch.text.known_items import known_items
from stillwatch.text.meaning import told as meaning_of
from stillwatch.text.normal import Batch, Text, arrow, normal, portions
from stillwatch.text.scaffolds import Scaffold, known_scaffolds, residual
from stillwatch.text.shingles import anchors
from stillwatch.text.skeleton import skeletons
from stillwatch.text.topic import cells
from stillwatch.text.words import Words, count, of

__all__ = ["text_features"]

_OPEN = np.int32(technique_mask(OPEN_REQUESTS))
_RESEMBLED = tuple(
    (np.int32(technique_mask(pressing)), np.int32(technique_mask([openly])))
    for pressing, openly in (
        ((Technique.COT_WRITEOUT, Technique.REASONING_TAGS, Technique.THINKING_LANGUAGE), Technique.REASONING_REQUEST),
        ((Technique.RUBRIC_GRADING, Technique.PREFERENCE_JUDGING), Technique.GRADING_REQUEST),
    )
)
"""Pressing techniques, and the open request that a text in doubt is counted as."""


def text_features(
    prompt: Batch, system: Batch, output: Batch, tools: Batch, *, salt: int, scaffolds: Sequence[Scaffold] = ()
) -> dict[str, pa.Array]:
    """Featurise a batch of exchanges: every text column of the table `features`, a row an exchange, in its types.

    Equal prompts and equal system texts are worked on once. Unknown texts give unknown features; a text without words has 0 words and
    empty anchors, and no hash, skeleton or cell. Of a system text that holds a known public harness's scaffold, anchors and
    techniques are those of the rest; `scaffolds` are known beside those that come with Stillwatch. `elicitation` has the bits of the
    lexicon's phrases in prompt and system text and those of the learned model in the prompt alone: among ordinary system texts, which give
    orders by their nature, the model errs hundreds of times as often (`docs/elicitation-model.md`), and one such error is repeated by
    every account that shares the text. Null only where the prompt is unknown and the system text asks for nothing.
    A value depends on its own row and the salt alone, never on the other rows or on how a table is cut into batches.

    >>> found = text_features(["Hi there, how are you?"], [None], ["Fine."], ["search,browse"], salt=7)
    >>> found["prompt_words"].to_pylist(), found["output_words"].to_pylist(), found["system_hash"].null_count
    ([5], [1], 1)
    """
    public = (*known_scaffolds(), *scaffolds)
    asked = _once(prompt, lambda text: _asked(text, salt))
    told = _once(system, lambda text: _told(of(text), salt, public))
    bits = np.asarray(asked["bits"].fill_null(0)) | np.asarray(told["bits"].fill_null(0))
    unknown = np.asarray(asked["bits"].is_null()) & (bits == 0)
    counts, known = count(output)
    return {
        "tools": exact_hashes(tools, salt=salt),
        "prompt_hash": asked["hash"],
        "prompt_words": asked["words"],
        "prompt_skeleton": asked["skeleton"],
        "anchors": asked["anchors"],
        "system_hash": told["hash"],
        "system_anchors": told["anchors"],
        "scaffold": told["scaffold"],
        "cell": asked["cell"],
        "known_item": asked["known_item"],
        "elicitation": pa.array(bits, mask=unknown),
        "output_words": pa.array(counts.astype(np.int32), mask=~known),
        "topic": asked["topic"],
        "meaning": asked["meaning"],
        "topic_far": asked["far"],
        "topic_rest": asked["rest"],
    }


def _asked(text: Text, salt: int) -> dict[str, pa.Array]:
    words, about = of(text), meaning_of(text)
    cell, silent = cells(words), ~about.known
    return {
        "hash": prompt_hashes(words, salt=salt),
        "words": pa.array(words.counts.astype(np.int32), mask=~words.known),
        "skeleton": skeletons(words, salt=salt),
        "anchors": anchors(words, salt=salt),
        "cell": pa.array(cell, mask=cell < 0),
        "known_item": known_items(words),
        "bits": _bits(words),
        "topic": pa.array(about.topic, mask=silent),
        "meaning": pa.array(about.signs, mask=silent),
        "far": pa.array(about.far, mask=silent),
        "rest": pa.array(about.rest, mask=silent),
    }


def _told(words: Words, salt: int, public: Sequence[Scaffold]) -> dict[str, pa.Array]:
    scaffold, rest = residual(words, public)
    return {
        "hash": prompt_hashes(words, salt=salt),
        "anchors": anchors(rest, salt=salt),
        "bits": pa.array(elicitation(rest), mask=~rest.known),
        "scaffold": scaffold,
    }


def _bits(words: Words) -> pa.Array:
    """Techniques told by a phrase or by the model.

    The model's open requests count once a text is flagged, its pressing techniques only at the stricter level, and not where a phrase
    already says that the text asks openly: whoever wants worked steps uses many of the same words. Below that level a pressing technique
    counts as the open request that it resembles, where there is one.
    """
    phrases = elicitation(words)
    level, learned = asking(words)
    sure = (level == Level.BLOCKABLE) & (phrases & _OPEN == 0)
    openly = learned & _OPEN
    for pressing, resembled in _RESEMBLED:
        openly |= np.where(learned & pressing, resembled, 0).astype(np.int32)
    return pa.array(phrases | np.where(sure, learned, openly), mask=~words.known)


def _once(batch: Batch, kernel: Callable[[Text], dict[str, pa.Array]]) -> dict[str, pa.Array]:
    """Apply a kernel to each distinct text once, the ASCII texts apart from the others, and spread the results over the rows."""
    coded = arrow(batch).dictionary_encode()
    texts = coded.dictionary
    plain = np.asarray(pc.string_is_ascii(texts))
    if plain.all():
        groups, place = [texts], coded.indices
    else:
        groups = [texts.filter(pa.array(plain)), texts.filter(pa.array(~plain))]
        moved = np.where(plain, np.cumsum(plain) - 1, plain.sum() + np.cumsum(~plain) - 1)
        place = pa.array(moved).take(coded.indices)
    parts = [kernel(normal(portion)) for group in groups for portion in portions(group)]
    if not parts:
        parts = [kernel(normal([]))]
    return {name: pa.concat_arrays([part[name] for part in parts]).take(place) for name in parts[0]}
