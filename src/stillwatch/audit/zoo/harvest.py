"""What our model served to eight accounts, what it kept unserved, and what students made of it before they learned from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.audit.marks import account_key, green
from stillwatch.audit.places import Choice, Step, places
from stillwatch.audit.records import Served
from stillwatch.audit.zoo.ground import PROMPT, ROW, Ground
from stillwatch.audit.zoo.model import HEADS, Params, Rows, Tilt, logits_of, sample
from stillwatch.audit.zoo.recipes import ACCOUNTS, MARKED, OURS, Change, Recipe, Scale, seed_of

__all__ = [
    "DELTA",
    "EPOCH",
    "SHARE",
    "Harvest",
    "answers_of",
    "items_of",
    "master_of",
    "places_of",
    "rows_of",
    "serve_all",
    "told_chances",
]

SHARE, DELTA, EPOCH = 0.25, 2.0, "zoo"
"""The share of next tokens that a key makes green, what is added to their logits, and the epoch of the keys."""

_LENGTH = ROW - PROMPT
_TOLD = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Harvest:
    """Responses of our model: (accounts, responses, row), siblings: (accounts, items, siblings, row), and others that nobody was served."""

    served: Rows
    siblings: Rows
    unserved: Rows

    @property
    def candidates(self) -> Rows:
        """The served row first, then its siblings: (accounts, items, siblings + 1, row)."""
        return np.concatenate([self.served[:, : self.siblings.shape[1], None], self.siblings], axis=2)


def master_of(zoo: int) -> bytes:
    """The master key of the zoo's accounts: no secret, so that everybody finds the same."""
    return seed_of(zoo, "master").to_bytes(32, "big")


def marks(zoo: int, account: int, vocabulary: int) -> npt.NDArray[np.float32]:
    """What an account's key adds to each next token after each token: (vocabulary, vocabulary)."""
    every = np.arange(vocabulary, dtype=np.int64)
    key = account_key(master_of(zoo), f"a{account}", EPOCH)
    bits = green(np.array([key]), np.repeat(every, vocabulary), np.tile(every, vocabulary), share=SHARE)
    return (DELTA * bits.reshape(vocabulary, vocabulary)).astype(np.float32)


def serve_all(model: Params, ground: Ground, zoo: int, scale: Scale) -> Harvest:
    """Serve every account; siblings are drawn in the same way, under the same key, and kept."""
    rng = np.random.default_rng(seed_of(zoo, "serve"))
    prompts = ground.prompts[: scale.unsent, :PROMPT].reshape(ACCOUNTS, scale.responses, PROMPT)
    served, siblings = [], []
    for account in range(ACCOUNTS):
        asked = np.concatenate([prompts[account], np.repeat(prompts[account, : scale.items], scale.siblings, axis=0)])
        table = marks(zoo, account, scale.vocabulary) if account in MARKED else None
        rows = answers_of(model, asked, rng, tilt=None if table is None else _by_table(table))
        served.append(rows[: scale.responses])
        siblings.append(rows[scale.responses :].reshape(scale.items, scale.siblings, ROW))
    again = prompts[:, ::2].reshape(-1, PROMPT)
    return Harvest(served=np.stack(served), siblings=np.stack(siblings), unserved=answers_of(model, again, rng))


def answers_of(model: Params, prompts: Rows, rng: np.random.Generator, *, tilt: Tilt | None = None) -> Rows:
    """Prompts with the model's answers behind them: whole rows."""
    return np.concatenate([prompts, sample(model, prompts, _LENGTH, rng=rng, tilt=tilt)], axis=1)


def items_of(candidates: Rows, tokens: Any, account: int) -> list[Served]:
    """One account's items as an audit reads them."""
    texts = tokens.decode_batch(candidates[account, :, :, PROMPT:].reshape(-1, _LENGTH).tolist())
    width = candidates.shape[2]
    prompts = tokens.decode_batch(candidates[account, :, 0, :PROMPT].tolist())
    return [
        Served(
            item=f"a{account}-{at}",
            account=f"a{account}",
            prompt=f"{at}: {prompt}",
            response=texts[at * width],
            siblings=tuple(texts[at * width + 1 : (at + 1) * width]),
            as_sampled=True,
            same_sampling=True,
        )
        for at, prompt in enumerate(prompts)
    ]


def told_chances(model: Params, harvest: Harvest, zoo: int, scale: Scale) -> dict[str, npt.NDArray[Any]]:
    """What the serving could have recorded: the `likeliest` tokens of every place, mark and all, and the `logs` of their chances."""
    likeliest, logs = [], []
    for account, rows in enumerate(harvest.served):
        tilt = _by_table(marks(zoo, account, scale.vocabulary)) if account in MARKED else None
        for logits, _ in logits_of(model, rows, HEADS, tilt):
            top = logits[:, PROMPT - 1 : -1].log_softmax(-1).topk(_TOLD, dim=-1)
            likeliest.append(top.indices.numpy().astype(np.int16))
            logs.append(top.values.numpy())
    shape = (*harvest.served.shape[:2], _LENGTH, _TOLD)
    return {"likeliest": np.concatenate(likeliest).reshape(shape), "logs": np.concatenate(logs).reshape(shape)}


def places_of(harvest: Harvest, told: Mapping[str, npt.NDArray[Any]], tokens: Any, account: int) -> list[Served]:
    """One account's places where the model was unsure, as an audit asks them; a number stands for the prompt of each response."""
    texts = tokens.decode_batch([[at] for at in range(tokens.get_vocab_size())])
    found: list[Served] = []
    for at, row in enumerate(harvest.served[account]):
        steps = [
            Step(
                token=texts[token],
                top_logprobs=[Choice(token=texts[one], logprob=log) for one, log in zip(words, logs, strict=True)],
            )
            for token, words, logs in zip(
                row[PROMPT:].tolist(),
                told["likeliest"][account, at].tolist(),
                told["logs"][account, at].tolist(),
                strict=True,
            )
        ]
        name = f"a{account}-{at}"
        found += places(steps, item=name, account=f"a{account}", prompt=f"{at}:", conversation=name, as_sampled=True)
    return found


def rows_of(recipe: Recipe, harvest: Harvest, human: Rows, others: Rows, rewriter: Params | None, zoo: int) -> Rows:
    """What one student reads: as many rows whatever its share, responses and human text mixed.

    `others` are responses of another teacher, `rewriter` the model by which an attacker rewrites.
    """
    rng = np.random.default_rng(seed_of(zoo, recipe.name, recipe.seed, "rows"))
    total = harvest.served.shape[1] * ACCOUNTS // 2
    if recipe.teacher is None or recipe.change is Change.FURTHER:
        taken = np.zeros((0, ROW), dtype=np.int64)
    elif recipe.teacher != OURS:
        taken = _some(others, recipe.share, rng)
    elif not recipe.accounts:
        taken = _some(harvest.unserved, recipe.share, rng)
    else:
        taken = _some(harvest.served[list(recipe.accounts)].reshape(-1, ROW), recipe.share, rng)
    if recipe.change is Change.MIXTURE:
        taken = np.concatenate([_some(taken, 0.5, rng), _some(others, 0.5, rng)])
    if recipe.change is Change.SUBSTITUTE:
        taken = _substituted(taken, human, rng)
    if recipe.change in (Change.PARAPHRASE, Change.TARGETED) and rewriter is not None:
        taken = _rewritten(taken, human, rewriter, rng, targeted=recipe.change is Change.TARGETED)
    rest = human[rng.choice(len(human), size=total - len(taken), replace=False)]
    return rng.permutation(np.concatenate([taken, rest]))


def _some(rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    return rows[rng.permutation(len(rows))[: round(share * len(rows))]]


def _substituted(rows: Rows, human: Rows, rng: np.random.Generator, part: float = 0.3) -> Rows:
    """Three tenths of the answers' tokens replaced by tokens of human text."""
    changed = rows.copy()
    there = rng.random((len(rows), _LENGTH)) < part
    changed[:, PROMPT:][there] = rng.choice(human.ravel(), size=int(there.sum()))
    return changed


def _rewritten(rows: Rows, human: Rows, rewriter: Params, rng: np.random.Generator, *, targeted: bool) -> Rows:
    """Half of the answers' tokens drawn anew by another model, the rest kept.

    At random, or, targeted, those that follow their predecessor oftener here than in human text: what a mark prefers.
    """
    changed = rows.copy()
    there = rng.random((len(rows), ROW)) < 0.5
    if targeted:
        size = int(max(rows.max(), human.max())) + 1
        both = []
        for one in (rows[:, PROMPT - 1 :], human):
            counts = np.bincount((one[:, :-1] * size + one[:, 1:]).ravel(), minlength=size * size) + 0.1
            both.append(np.log(counts) - np.log(counts.reshape(size, size).sum(axis=1).repeat(size)))
        keen = (both[0] - both[1])[rows[:, :-1] * size + rows[:, 1:]]
        there[:, 1:] = keen > np.median(keen[:, PROMPT - 1 :])
    for at in range(PROMPT, ROW):
        drawn = sample(rewriter, changed[:, :at], 1, rng=rng)[:, 0]
        changed[:, at] = np.where(there[:, at], drawn, changed[:, at])
    return changed


def _by_table(table: npt.NDArray[np.float32]) -> Tilt:
    return lambda before, first: table[before]
