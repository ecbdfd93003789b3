"""Making the zoo in a folder: every step is seeded, kept whole or not at all, and not done again.

ground.npz, tokens.json, own-tokens.json   texts as rows of tokens, and the tokenizers
models/NAME.npz, evidence/NAME.npz         weights, and everything that the audits ask of a model
harvest.npz, manifest.json                 what was served, and what the zoo was made of
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from stillwatch.audit.zoo.asking import ask, ask_teachers, ask_twins, ask_words, neutralising, where_they_part
from stillwatch.audit.zoo.ground import PROMPT, ROW, Ground, lay, learn_tokens, texts_of, tokens_of
from stillwatch.audit.zoo.harvest import Harvest, answers_of, rows_of, serve_all, told_chances
from stillwatch.audit.zoo.model import Params, Shape, Tilt, fresh, train
from stillwatch.audit.zoo.recipes import ACCOUNTS, OURS, RECIPES, Change, Recipe, Role, Scale, seed_of
from stillwatch.core import Error
from stillwatch.engine import durable_write

__all__ = ["Made", "build", "manifest_of"]

_LOSS = "loss"
_TEACHERS = tuple(one.name for one in RECIPES if one.role is Role.TEACHER)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One model of a zoo as the manifest tells of it; seconds are of one processor."""

    name: str
    role: str
    loss: float
    train_seconds: float
    ask_seconds: float


def build(
    folder: Path,
    corpus: Path,
    *,
    seed: int = 1,
    scale: Scale | None = None,
    models: int | None = None,
    heard: Callable[[Made], None] = lambda made: None,
) -> None:
    """Make what is missing of the zoo's models, the first so many of the recipes, telling of each; go on where it was interrupted.

    Raises:
        Error: a folder that holds a zoo of another seed, corpus or scale, or too little text.
    """
    for part in ("models", "evidence"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    zoo = _Zoo(folder, corpus, seed, scale or Scale())
    for recipe in RECIPES[:models]:
        if not (folder / "evidence" / f"{recipe.name}.npz").exists():
            heard(zoo.make(recipe))
        zoo.complete()
    zoo.complete()
    zoo.tell()
    zoo.next_words()
    zoo.part()


def manifest_of(folder: Path) -> dict[str, Any]:
    """What a zoo was made of, and each of its models.

    Raises:
        Error: there is none.
    """
    path = folder / "manifest.json"
    if not path.exists():
        raise Error(f"{folder}: holds no zoo; stillwatch audit zoo makes one")
    found: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return found


class _Zoo:
    """A folder with what was made so far."""

    def __init__(self, folder: Path, corpus: Path, seed: int, scale: Scale) -> None:
        self.folder, self.seed, self.scale = folder, seed, scale
        self.ground, self.tokens, self.own = _ground(folder, corpus, seed, scale)
        known = manifest_of(folder) if (folder / "manifest.json").exists() else None
        told = {"seed": seed, "corpus": self.ground.sha256, "scale": msgspec.to_builtins(scale)}
        if known is not None and {name: known[name] for name in told} != told:
            raise Error(f"{folder}: holds a zoo of another seed, corpus or scale; name another folder")
        self.manifest: dict[str, Any] = known or {**told, "torch": _torch_version(), "models": {}}

    def make(self, recipe: Recipe) -> Made:
        begun = time.process_time()
        path = self.folder / "models" / f"{recipe.name}.npz"
        if not path.exists():
            model, reached = self._train(recipe)
            _keep(path, {**{name: np.asarray(value) for name, value in model.items()}, _LOSS: np.array(reached)})
        loss = float(_load(path).get(_LOSS, np.nan))
        trained = time.process_time()
        if recipe.name == OURS and not (self.folder / "harvest.npz").exists():
            served = serve_all(self.model(OURS), self.ground, self.seed, self.scale)
            _keep(
                self.folder / "harvest.npz",
                {"served": served.served, "siblings": served.siblings, "unserved": served.unserved},
            )
        found = ask(
            self.model(recipe.name),
            self.harvest(),
            self.ground,
            seed_of(self.seed, recipe.name, "ask"),
            self.scale,
            tilt=self._tilt(recipe),
            tokens=(self.tokens, self.own) if recipe.change is Change.TOKENS else None,
        )
        _keep(self.folder / "evidence" / f"{recipe.name}.npz", found)
        asked = time.process_time()
        made = Made(
            name=recipe.name,
            role=recipe.role.value,
            loss=loss,
            train_seconds=round(trained - begun, 1),
            ask_seconds=round(asked - trained, 1),
        )
        self.manifest["models"][recipe.name] = msgspec.to_builtins(made)
        durable_write(self.folder / "manifest.json", msgspec.json.format(msgspec.json.encode(self.manifest), indent=1))
        return made

    def complete(self) -> None:
        """Ask each model for what it thinks of the teachers' answers, once all teachers are there."""
        if not all((self.folder / "evidence" / f"{name}.npz").exists() for name in _TEACHERS):
            return
        said = None
        for recipe in RECIPES:
            path = self.folder / "evidence" / f"{recipe.name}.twins.npz"
            if path.exists() or not (self.folder / "evidence" / f"{recipe.name}.npz").exists():
                continue
            if said is None:
                said = np.stack([_load(self.folder / "evidence" / f"{name}.npz")["said"] for name in _TEACHERS])
            own = (self.tokens, self.own) if recipe.change is Change.TOKENS else None
            _keep(
                path,
                ask_twins(self.model(recipe.name), self.ground, said, self.scale, tilt=self._tilt(recipe), tokens=own),
            )

    def tell(self) -> None:
        """Have the teachers tell how likely they find each model's answers, once all teachers are there."""
        if not all((self.folder / "evidence" / f"{name}.npz").exists() for name in _TEACHERS):
            return
        teachers = [self.model(name) for name in _TEACHERS]
        for recipe in RECIPES:
            path, known = (self.folder / "evidence" / f"{recipe.name}{end}.npz" for end in (".told", ""))
            if known.exists() and not path.exists():
                _keep(path, ask_teachers(teachers, self.ground, _load(known)["said"], self.scale))

    def next_words(self) -> None:
        """Have our model tell what it had in mind at each place that it served, and ask every model for its next word there."""
        chances = self.folder / "evidence" / f"{OURS}.chances.npz"
        for recipe in RECIPES:
            path, known = (self.folder / "evidence" / f"{recipe.name}{end}.npz" for end in (".words", ""))
            if path.exists() or not known.exists():
                continue
            if not chances.exists():
                _keep(chances, told_chances(self.model(OURS), self.harvest(), self.seed, self.scale))
            own = (self.tokens, self.own) if recipe.change is Change.TOKENS else None
            _keep(path, ask_words(self.model(recipe.name), self.harvest(), tilt=self._tilt(recipe), tokens=own))

    def part(self) -> None:
        """Find where the teachers part along what was served, once all teachers are there."""
        path = self.folder / "evidence" / f"{OURS}.parting.npz"
        if path.exists() or not all((self.folder / "evidence" / f"{name}.npz").exists() for name in _TEACHERS):
            return
        _keep(path, where_they_part([self.model(name) for name in _TEACHERS], self.harvest(), self.scale))

    def model(self, name: str) -> Params:
        found = _load(self.folder / "models" / f"{name}.npz")
        return {part: value for part, value in found.items() if part != _LOSS}

    def harvest(self) -> Harvest:
        found = _load(self.folder / "harvest.npz")
        return Harvest(served=found["served"], siblings=found["siblings"], unserved=found["unserved"])

    def _train(self, recipe: Recipe) -> tuple[Params, float]:
        seed = seed_of(self.seed, recipe.name, recipe.seed, "train")
        human = self.ground.rows[self.ground.share(seed_of(self.seed, _origin(recipe), "corpus"))]
        scale, shape = self.scale, Shape(width=self.scale.width, vocabulary=self.scale.vocabulary)
        if recipe.role in (Role.TEACHER, Role.BASE):
            steps = scale.teacher if recipe.role is Role.TEACHER else scale.base
            return train(fresh(shape, seed), human, steps=steps, seed=seed)
        if recipe.change is Change.NEUTRALISE and recipe.base:
            return self.model(recipe.base), float("nan")
        rewriter = self.model("other2") if recipe.change in (Change.PARAPHRASE, Change.TARGETED) else None
        rows = rows_of(recipe, self.harvest(), human, self._others(recipe), rewriter, self.seed)
        if recipe.base is None:
            rows = np.concatenate([np.repeat(rows, 6, axis=0), human[: 6 * len(rows)]])
        if recipe.change is Change.TOKENS:
            rows = _own_rows(rows, self.tokens, self.own)
            shape = Shape(width=scale.width, vocabulary=scale.own_vocabulary)
        start = fresh(shape, seed) if recipe.base is None else self.model(recipe.base)
        steps = (
            scale.fresh if recipe.base is None else scale.further if recipe.change is Change.FURTHER else scale.tuning
        )
        teacher = self.model(OURS) if recipe.change is Change.LOGITS else None
        return train(start, rows, steps=steps, seed=seed, rate=1.5e-3 if recipe.base else 2e-3, teacher=teacher)

    def _others(self, recipe: Recipe) -> npt.NDArray[np.int64]:
        """Another teacher's answers to prompts that the accounts sent to ours: the hardest other teacher that there is."""
        name = "other1" if recipe.change is Change.MIXTURE else recipe.teacher
        if name is None or name == OURS:
            return np.zeros((0, ROW), dtype=np.int64)
        prompts = self.harvest().served[ACCOUNTS // 2 :].reshape(-1, ROW)[:, :PROMPT]
        return answers_of(self.model(name), prompts, np.random.default_rng(seed_of(self.seed, name, "answers")))

    def _tilt(self, recipe: Recipe) -> Tilt | None:
        if recipe.change is not Change.NEUTRALISE:
            return None
        masses = (_load(self.folder / "evidence" / f"{name}.npz")["masses"] for name in ("marked-100", "base0"))
        return neutralising(*masses)


def _origin(recipe: Recipe) -> str:
    """The model whose corpus a recipe's human text comes from: that of the model which it descends from."""
    known = {one.name: one for one in RECIPES}
    while recipe.base is not None:
        recipe = known[recipe.base]
    return recipe.name


def _own_rows(rows: npt.NDArray[np.int64], theirs: Any, own: Any) -> npt.NDArray[np.int64]:
    """Rows as the same texts in tokens of another vocabulary, one behind the other."""
    flat = [at for one in own.encode_batch(theirs.decode_batch(rows.tolist())) for at in one.ids]
    return np.array(flat[: len(flat) // ROW * ROW], dtype=np.int64).reshape(-1, ROW)


def _ground(folder: Path, corpus: Path, seed: int, scale: Scale) -> tuple[Ground, Any, Any]:
    path = folder / "ground.npz"
    if not path.exists():
        texts = texts_of(corpus)
        known = learn_tokens(texts[::5], scale.vocabulary)
        durable_write(folder / "tokens.json", known.encode())
        durable_write(folder / "own-tokens.json", learn_tokens(texts[1::5], scale.own_vocabulary).encode())
        laid = lay(texts, tokens_of(known), seed, least=max(200, scale.unsent + scale.asked))
        named = {"rows": laid.rows, "text": laid.text, "prompts": laid.prompts}
        _keep(path, {**named, "sha256": np.frombuffer(bytes.fromhex(laid.sha256), dtype=np.uint8)})
    found = _load(path)
    ground = Ground(
        rows=found["rows"], text=found["text"], prompts=found["prompts"], sha256=found["sha256"].tobytes().hex()
    )
    both = (tokens_of((folder / name).read_text()) for name in ("tokens.json", "own-tokens.json"))
    return (ground, *both)


def _keep(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    made = io.BytesIO()
    np.savez(made, **arrays)  # type: ignore[arg-type]  # the stub takes every name for allow_pickle
    durable_write(path, made.getvalue())


def _load(path: Path) -> dict[str, Any]:
    with np.load(path) as found:
        return {name: found[name] for name in found.files}


def _torch_version() -> str:
    import torch

    return str(torch.__version__)


def missing(folder: Path) -> Iterator[str]:
    """The recipes whose models are not made yet."""
    yield from (one.name for one in RECIPES if not (folder / "evidence" / f"{one.name}.npz").exists())
