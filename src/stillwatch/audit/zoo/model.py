"""A language model small enough for one processor: a decoder-only transformer, trained, sampled and asked for likelihoods.

Needs torch (the extra `zoo`). Everything that leaves this file is NumPy; tokens are int64 arrays of (rows, tokens).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "HEADS",
    "Params",
    "Shape",
    "Tilt",
    "fresh",
    "likelihoods",
    "logits_of",
    "next_tokens",
    "pair_masses",
    "sample",
    "train",
]

Params: TypeAlias = Mapping[str, npt.NDArray[np.float32]]
Rows: TypeAlias = npt.NDArray[np.int64]
Tilt: TypeAlias = Callable[[Rows, int], npt.NDArray[np.float32]]
"""What is added to the logits after given tokens, of rows from a place on: tokens of any shape and a row number to (..., vocabulary)."""

HEADS = 4
_BATCH = 64
_ASK = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """How large a model is: about `vocabulary * width + 12 * layers * width**2` weights."""

    vocabulary: int = 1024
    width: int = 96
    layers: int = 2
    heads: int = HEADS
    context: int = 48


def fresh(shape: Shape, seed: int) -> Params:
    """First weights, drawn at random."""
    rng = np.random.default_rng(seed)
    width = shape.width

    def drawn(*size: int, scale: float = 0.02) -> npt.NDArray[np.float32]:
        return rng.normal(0.0, scale, size=size).astype(np.float32)

    made = {"words": drawn(shape.vocabulary, width), "places": drawn(shape.context, width)}
    for at in range(shape.layers):
        deep = 0.02 / math.sqrt(2 * shape.layers)
        made |= {
            f"{at}.norm": np.ones(width, np.float32),
            f"{at}.attend": drawn(3 * width, width, scale=width**-0.5),
            f"{at}.gather": drawn(width, width, scale=deep),
            f"{at}.norm2": np.ones(width, np.float32),
            f"{at}.up": drawn(4 * width, width, scale=width**-0.5),
            f"{at}.down": drawn(width, 4 * width, scale=deep),
        }
    return made | {"norm": np.ones(width, np.float32)}


def train(
    start: Params,
    rows: Rows,
    *,
    steps: int,
    seed: int,
    rate: float = 2e-3,
    teacher: Params | None = None,
    heads: int = HEADS,
) -> tuple[Params, float]:
    """The model after so many batches of 64 rows, epoch after epoch in random order, and its mean loss over the last tenth (nats a token).

    AdamW, a short warm-up, then a cosine to a tenth of `rate`. With `teacher` it learns that model's whole distribution after every token
    in place of the tokens (distillation by logits).
    """
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    weights = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    elder = None if teacher is None else _tensors(teacher)
    tuned = torch.optim.AdamW(list(weights.values()), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    order = np.zeros(0, dtype=np.int64)
    losses = []
    for step in range(steps):
        while order.size < _BATCH:
            order = np.concatenate([order, rng.permutation(len(rows))])
        batch, order = torch.from_numpy(rows[order[:_BATCH]]), order[_BATCH:]
        for group in tuned.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 30) * (0.55 + 0.45 * math.cos(math.pi * step / steps))
        logits = _forward(weights, batch[:, :-1], heads)
        if elder is None:
            loss = functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        else:
            with torch.no_grad():
                wanted = _forward(elder, batch[:, :-1], heads).softmax(-1)
            loss = -(wanted * logits.log_softmax(-1)).sum(-1).mean()
        tuned.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(weights.values()), 1.0)
        tuned.step()
        losses.append(float(loss.detach()))
    learned = {name: value.detach().numpy() for name, value in weights.items()}
    return learned, float(np.mean(losses[-max(1, steps // 10) :])) if losses else math.nan


def sample(
    model: Params,
    prompts: Rows,
    length: int,
    *,
    rng: np.random.Generator,
    greedy: bool = False,
    tilt: Tilt | None = None,
    heads: int = HEADS,
) -> Rows:
    """Answers of `length` tokens, (rows, length), at temperature 1 or by the likeliest token."""
    import torch

    torch.set_num_threads(1)
    weights, found = _tensors(model), []
    for first in range(0, len(prompts), _ASK):
        given = torch.from_numpy(prompts[first : first + _ASK])
        cache: list[Any] = []
        said: list[Any] = []
        with torch.inference_mode():
            logits = _forward(weights, given, heads, cache=cache)[:, -1]
            for at in range(length):
                previous = given[:, -1] if at == 0 else said[-1]
                if tilt is not None:
                    logits = logits + torch.from_numpy(tilt(previous.numpy(), first))
                if greedy:
                    said.append(logits.argmax(-1))
                else:
                    noise = torch.from_numpy(rng.gumbel(size=tuple(logits.shape)).astype(np.float32))
                    said.append((logits + noise).argmax(-1))
                if at + 1 < length:
                    logits = _forward(weights, said[-1][:, None], heads, cache=cache)[:, -1]
            found.append(torch.stack(said, 1).numpy())
    return np.concatenate(found) if found else np.zeros((0, length), dtype=np.int64)


def likelihoods(
    model: Params, rows: Rows, prompt: int, *, tilt: Tilt | None = None, heads: int = HEADS
) -> npt.NDArray[np.float32]:
    """The log-probability of each token after the first `prompt` of each row, in nats: (rows, tokens - prompt)."""
    found = []
    for logits, batch in logits_of(model, rows, heads, tilt):
        logs = logits[:, prompt - 1 : -1].log_softmax(-1)
        found.append(logs.gather(-1, batch[:, prompt:, None])[..., 0].numpy())
    return np.concatenate(found).astype(np.float32)


def next_tokens(model: Params, rows: Rows, *, tilt: Tilt | None = None, heads: int = HEADS) -> Rows:
    """The likeliest token after each row, (rows,): what a suspect says next, one query each."""
    return np.concatenate([logits[:, -1].argmax(-1).numpy() for logits, _ in logits_of(model, rows, heads, tilt)])


def pair_masses(
    model: Params, rows: Rows, vocabulary: int, *, tilt: Tilt | None = None, heads: int = HEADS
) -> npt.NDArray[np.float32]:
    """The chances of all next tokens, summed over where each token was the last: (vocabulary, vocabulary)."""
    import torch

    total = torch.zeros(vocabulary, vocabulary)
    for logits, batch in logits_of(model, rows, heads, tilt):
        total.index_add_(0, batch.flatten(), logits.softmax(-1).flatten(0, 1))
    return np.asarray(total.numpy(), dtype=np.float32)


def logits_of(model: Params, rows: Rows, heads: int, tilt: Tilt | None) -> Any:
    """Yields (logits after every token, the rows they are of), torch tensors, some rows at a time."""
    import torch

    torch.set_num_threads(1)
    weights = _tensors(model)
    for first in range(0, len(rows), _ASK):
        batch = torch.from_numpy(rows[first : first + _ASK])
        with torch.inference_mode():
            logits = _forward(weights, batch, heads)
            yield (logits if tilt is None else logits + torch.from_numpy(tilt(batch.numpy(), first))), batch


def _tensors(model: Params) -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in model.items()}


def _forward(weights: Mapping[str, Any], tokens: Any, heads: int, *, cache: list[Any] | None = None) -> Any:
    """Logits after every token, (rows, tokens, vocabulary); a cache that is given is read, and keeps what came."""
    from torch import cat
    from torch.nn import functional

    past = cache[0][0].shape[2] if cache else 0
    rows, length = tokens.shape
    state = weights["words"][tokens] + weights["places"][past : past + length]
    width = state.shape[-1]
    for at in range(sum(name.endswith(".attend") for name in weights)):
        inner = functional.layer_norm(state, (width,)) * weights[f"{at}.norm"]
        three = (inner @ weights[f"{at}.attend"].T).view(rows, length, 3, heads, width // heads)
        query, key, value = (three[:, :, one].transpose(1, 2) for one in range(3))
        if cache is not None:
            if past:
                key, value = cat([cache[at][0], key], 2), cat([cache[at][1], value], 2)
                cache[at] = (key, value)
            else:
                cache.append((key, value))
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=length > 1)
        state = state + mixed.transpose(1, 2).reshape(rows, length, width) @ weights[f"{at}.gather"].T
        inner = functional.layer_norm(state, (width,)) * weights[f"{at}.norm2"]
        state = state + functional.gelu(inner @ weights[f"{at}.up"].T) @ weights[f"{at}.down"].T
    return (functional.layer_norm(state, (width,)) * weights["norm"]) @ weights["words"].T
