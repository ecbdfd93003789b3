"""Everything that the audits ask of a model of the zoo, once: its likelihoods, its answers and its next tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.audit.twin_contrast import parting
from stillwatch.audit.zoo.ground import PROMPT, ROW, Ground
from stillwatch.audit.zoo.harvest import Harvest
from stillwatch.audit.zoo.model import (
    HEADS,
    Params,
    Rows,
    Tilt,
    likelihoods,
    logits_of,
    next_tokens,
    pair_masses,
    sample,
)
from stillwatch.audit.zoo.recipes import Scale

__all__ = ["CUT", "ask", "ask_teachers", "ask_twins", "ask_words", "neutralising", "where_they_part"]

CUT = 24
"""Tokens of a row after which the suspect is asked to go on: the prompt and half of the response."""

_LONGER = 16
_TOLD = 600
_LENGTH = ROW - PROMPT

Tokenizers = tuple[Any, Any] | None


def ask(
    model: Params,
    harvest: Harvest,
    ground: Ground,
    seed: int,
    scale: Scale,
    *,
    tilt: Tilt | None = None,
    tokens: Tokenizers = None,
) -> dict[str, npt.NDArray[Any]]:
    """What a model says, by name.

    `candidates`: mean log-probability a token of each served answer and its siblings, (accounts, items, candidates).
    `greedy`: its likeliest answers to the accounts' prompts, (accounts, items, tokens).
    `continued`: how it goes on from the first half of each candidate. `said`: answers drawn for unsent prompts.
    `next`: its next token after longer unsent prompts. `masses`: the chances of pairs in human text.
    The last two are missing where the model has tokens of its own.
    """
    rng = np.random.default_rng(seed)
    candidates = harvest.candidates
    prompts = candidates[:, :, 0, :PROMPT].reshape(-1, PROMPT)
    unsent = ground.prompts[scale.unsent : scale.unsent + scale.asked]
    flat = candidates.reshape(-1, ROW)
    found: dict[str, npt.NDArray[Any]] = {
        "candidates": _means(model, flat, tilt, tokens).reshape(candidates.shape[:3]),
        "greedy": _said(model, prompts, rng, tilt, tokens, greedy=True).reshape(*candidates.shape[:2], -1),
        "continued": _said(model, flat[:, :CUT], rng, tilt, tokens, greedy=True, length=ROW - CUT).reshape(
            *candidates.shape[:3], -1
        ),
        "said": _said(model, unsent[:, :PROMPT], rng, tilt, tokens),
    }
    if tokens is None:
        longer = ground.prompts[scale.unsent : scale.unsent + scale.longer, :_LONGER]
        found["next"] = next_tokens(model, longer, tilt=tilt).astype(np.int16)
        found["masses"] = pair_masses(model, unsent, scale.vocabulary, tilt=tilt)
    return found


def ask_twins(
    model: Params, ground: Ground, said: Rows, scale: Scale, *, tilt: Tilt | None = None, tokens: Tokenizers = None
) -> dict[str, npt.NDArray[Any]]:
    """`twins`: mean log-probability of the answers of each teacher to unsent prompts: (teachers, prompts)."""
    prompts = ground.prompts[scale.unsent : scale.unsent + scale.twins, :PROMPT]
    rows = np.concatenate([np.concatenate([prompts, one[: scale.twins].astype(np.int64)], axis=1) for one in said])
    return {"twins": _means(model, rows, tilt, tokens).reshape(len(said), -1)}


def ask_words(
    model: Params, harvest: Harvest, *, tilt: Tilt | None = None, tokens: Tokenizers = None
) -> dict[str, npt.NDArray[Any]]:
    """`words`: the likeliest next token at every place of every served response, (accounts, responses, places)."""
    rows = harvest.served.reshape(-1, ROW)
    if tokens is None:
        said = [
            logits[:, PROMPT - 1 : -1].argmax(-1).numpy().astype(np.int16)
            for logits, _ in logits_of(model, rows, HEADS, tilt)
        ]
        found = np.concatenate(said)
    else:
        rng = np.random.default_rng(0)
        each = [_said(model, rows[:, :at], rng, tilt, tokens, greedy=True, length=1) for at in range(PROMPT, ROW)]
        found = np.concatenate(each, axis=1)
    return {"words": found.reshape(*harvest.served.shape[:2], _LENGTH)}


def ask_teachers(teachers: Sequence[Params], ground: Ground, said: Rows, scale: Scale) -> dict[str, npt.NDArray[Any]]:
    """`told`: mean log-probability that each teacher gives a model's own first answers to unsent prompts: (teachers, prompts)."""
    many = min(_TOLD, len(said))
    prompts = ground.prompts[scale.unsent : scale.unsent + many, :PROMPT]
    rows = np.concatenate([prompts, said[:many].astype(np.int64)], axis=1)
    return {"told": np.stack([_means(one, rows, None, None) for one in teachers])}


def where_they_part(teachers: Sequence[Params], harvest: Harvest, scale: Scale) -> dict[str, npt.NDArray[Any]]:
    """`parted`: the places of served responses where the teachers part most; `thought`: their log-probabilities there.

    Places count through all tokens of all responses of all accounts, (places,); `thought` is (teachers, places, vocabulary).
    """
    rows = harvest.served.reshape(-1, ROW).astype(np.int64)
    logs = np.stack(
        [
            np.concatenate(
                [one[:, PROMPT - 1 : -1].log_softmax(-1).numpy() for one, _ in logits_of(model, rows, HEADS, None)]
            ).reshape(-1, scale.vocabulary)
            for model in teachers
        ]
    )
    at = parting(logs, most=scale.longer)
    return {"parted": at, "thought": logs[:, at].astype(np.float16)}


def neutralising(masses: npt.NDArray[np.float32], before: npt.NDArray[np.float32], *, strength: float = 2.0) -> Tilt:
    """An attacker's correction of the logits: the quarter of next tokens that training raised most after each token is lowered again.

    Source: inference-time neutralisation as in Pan and others (2025), arXiv 2502.11598, with the marked student and its base compared.
    """
    gain = np.log((masses + 1e-3) / (masses + 1e-3).sum(1, keepdims=True))
    gain -= np.log((before + 1e-3) / (before + 1e-3).sum(1, keepdims=True))
    keen = gain > np.quantile(gain, 0.75, axis=1, keepdims=True)
    table = (-strength * (keen & (masses.sum(1, keepdims=True) >= 5.0))).astype(np.float32)
    return lambda previous, first: table[previous]


def _means(model: Params, rows: Rows, tilt: Tilt | None, tokens: Tokenizers) -> npt.NDArray[np.float32]:
    """Mean log-probability a token of what follows the prompt; where the model has tokens of its own, a token of ours."""
    if tokens is None:
        return np.asarray(likelihoods(model, rows, PROMPT, tilt=tilt).mean(axis=1), dtype=np.float32)
    theirs, own = tokens
    whole = [one.ids for one in own.encode_batch(theirs.decode_batch(rows.tolist()))]
    starts = [len(one.ids) for one in own.encode_batch(theirs.decode_batch(rows[:, :PROMPT].tolist()))]
    context = model["places"].shape[0]
    padded = np.array([(one + [0] * context)[:context] for one in whole], dtype=np.int64)
    logs = likelihoods(model, padded, 1)
    places = np.arange(1, context)[None, :]
    counted = (places >= np.array(starts)[:, None]) & (places < np.array([len(one) for one in whole])[:, None])
    return np.asarray((logs * counted).sum(axis=1) / _LENGTH, dtype=np.float32)


def _said(
    model: Params,
    prompts: Rows,
    rng: np.random.Generator,
    tilt: Tilt | None,
    tokens: Tokenizers,
    *,
    greedy: bool = False,
    length: int = _LENGTH,
) -> npt.NDArray[np.int16]:
    """Answers in our tokens; prompts and answers of a model with its own are written out and read again."""
    if tokens is None:
        return sample(model, prompts, length, rng=rng, greedy=greedy, tilt=tilt).astype(np.int16)
    theirs, own = tokens
    asked = [one.ids for one in own.encode_batch(theirs.decode_batch(prompts.tolist()))]
    found = np.zeros((len(prompts), length), dtype=np.int16)
    for size in sorted({len(one) for one in asked}):
        chosen = [at for at, one in enumerate(asked) if len(one) == size]
        many = min(length, model["places"].shape[0] - size)
        said = sample(model, np.array([asked[at] for at in chosen]), many, rng=rng, greedy=greedy)
        for at, one in zip(chosen, theirs.encode_batch(own.decode_batch(said.tolist())), strict=True):
            found[at] = (one.ids + [0] * length)[:length]
    return found
