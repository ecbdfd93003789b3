"""Learn the elicitation model from the training writers and the ordinary prompts of the development fold; write the file of the package.

    python bench/elicitation_model.py            learns, writes src/stillwatch/text/elicitation.weights, prints what the thresholds rest on
    python bench/elicitation_model.py --check    learns and says whether the file of the package is the same, bit for bit

Logistic regression with a quadratic penalty, by L-BFGS. Thresholds come from texts that a model had not seen: once a writer, he and a
part of the sources of ordinary prompts are left out and scored by the model of the rest. The two folds of one corpus (passages of
XQuAD and its questions) may be learnt from apart, so that no model is without other languages; nothing of the test fold or of
the test writers is read here.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from elicitation_texts import ROOT, WRITERS, Texts, features, features_of_ends, ordinary, written
from scipy.optimize import minimize

from stillwatch.range.splits import Fold
from stillwatch.stats import clopper_pearson
from stillwatch.text._mixing import Bits, Places
from stillwatch.text.asking import KINDS, SLOTS, norms, packed

FILE = ROOT / "src" / "stillwatch" / "text" / "elicitation.weights"
MOST = 26_000
"""Features that the model keeps."""
FLAG, BLOCK = 0.0004, 0.00004
"""Shares of unseen ordinary texts that may be flagged, and that may be blockable."""
LEARNT = 50_000
"""Ordinary texts that a model learns from, at most; all are scored."""
PENALTY, PENALTY_OF_KINDS, ROUNDS, SCALE = 0.01, 0.05, 60, 4.0
APART = (
    ("banking77", "humaneval", "math_train_8k", "xquad_questions"),
    ("benign_pipelines/rag_qa", "mbpp_plus", "nq_open"),
    ("bfcl_v4", "oasst1_en_train", "oasst1_en_validation"),
    ("gsm8k_train", "gsm8k_test", "oasst1_fi_mt"),
    ("mt_bench", "sgd_user_turns"),
    (),
    (),
)
"""Sources left out together; the n-th group goes with the n-th training writer, and with the last two nothing but themselves."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Learned:
    """Weights in whole numbers, a row a key, and the constant of the first column on the scale of the sums."""

    keys: Bits
    value: npt.NDArray[np.int8]
    base: float
    unit: float
    kind: Floats


@dataclass(frozen=True, kw_only=True)
class Read:
    """Texts with their features: `row` says whose text a `key` is, `total` how many features a text has.

    `ends` are their ends in the same form, `of` the text of each; the ends have neither.
    """

    texts: Texts
    key: Bits
    row: Places
    total: Places
    ends: Read | None = None
    of: Places | None = None

    def at(self, which: npt.NDArray[np.bool_]) -> Read:
        """Some of the texts."""
        mine = which[self.row]
        place = np.cumsum(which) - 1
        cut = None if self.ends is None or self.of is None else which[self.of]
        return Read(
            texts=self.texts.at(which),
            key=self.key[mine],
            row=place[self.row[mine]],
            total=self.total[which],
            ends=None if cut is None or self.ends is None else self.ends.at(cut),
            of=None if cut is None or self.of is None else place[self.of[cut]],
        )

    def by(self, keys: Bits) -> Any:
        """Which of some sorted keys each text has, over its norm."""
        at = np.minimum(np.searchsorted(keys, self.key), len(keys) - 1)
        known = keys[at] == self.key
        shape = (len(self.total), len(keys))
        counts = sp.csr_matrix((np.ones(int(known.sum())), (self.row[known], at[known])), shape=shape)
        counts.data[:] = 1
        return sp.diags(1 / norms(self.total)) @ counts


def read(texts: Texts) -> Read:
    """Read texts once for all models: whole to learn from, their ends to be scored."""
    key, row = features(texts)
    end_key, end, owner = features_of_ends(texts)
    cut = Texts(**{name: getattr(texts, name)[owner] for name in Texts.__dataclass_fields__})
    return Read(
        texts=texts,
        key=key,
        row=row,
        total=np.bincount(row, minlength=len(texts.text)),
        ends=Read(texts=cut, key=end_key, row=end, total=np.bincount(end, minlength=len(owner))),
        of=owner,
    )


def fitted(x: Any, asked: npt.NDArray[np.bool_], penalty: float) -> Floats:
    """Weights and, last, the constant of a logistic regression."""
    x = x.tocsr()
    turned = x.T.tocsr()
    sign = np.where(asked, 1.0, -1.0)

    def loss(at: Floats) -> tuple[float, Floats]:
        margin = sign * (x @ at[:-1] + at[-1])
        pull = -sign / (1 + np.exp(np.clip(margin, -50, 50)))
        cost = float(np.logaddexp(0, -margin).sum() + penalty / 2 * at[:-1] @ at[:-1])
        return cost, np.append(turned @ pull + penalty * at[:-1], pull.sum())

    start = np.zeros(x.shape[1] + 1)
    found: Floats = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS}).x
    return found


def learned(asked: Read, usual: Read) -> Learned:
    """Learn from written requests with their near misses, and from ordinary prompts."""
    order = np.lexsort((asked.row, asked.key))
    key, row = asked.key[order], asked.row[order]
    fresh = np.append(True, (key[1:] != key[:-1]) | (row[1:] != row[:-1]))
    keys, texts = np.unique(key[fresh], return_counts=True)
    keys = keys[texts >= 2]
    mine = SCALE * asked.by(keys)
    every = sp.vstack([mine, SCALE * usual.by(keys)])
    wanted = asked.texts.kind >= 0
    first = fitted(every, np.append(wanted, np.zeros(len(usual.total), dtype=bool)), PENALTY)
    order = np.argsort(-np.abs(first[:-1]), kind="stable")
    slot = (keys[order] >> np.uint64(64 - SLOTS)).astype(np.int64)
    alone = np.unique(slot, return_index=True)[1]
    kept = np.sort(order[np.sort(alone)[:MOST]])
    kinds = [fitted(mine, asked.texts.kind == kind, PENALTY_OF_KINDS) for kind in range(len(KINDS))]
    unit = 127 / np.abs(first[:-1][kept]).max()
    shared = 127 / max(np.abs(one[:-1][kept]).max() for one in kinds)
    columns = [first[:-1][kept] * unit, *(one[:-1][kept] * shared for one in kinds)]
    return Learned(
        keys=keys[kept],
        value=np.rint(np.stack(columns, axis=1)).astype(np.int8),
        base=first[-1],
        unit=unit / SCALE,
        kind=np.array([-one[-1] * shared / SCALE for one in kinds]),
    )


def scored(model: Learned, texts: Read) -> Floats:
    """Log-odds that each text asks for training value, from the whole numbers: those of its surer end."""
    assert texts.ends is not None
    found = texts.ends.by(model.keys) @ model.value[:, 0].astype(np.float64) / model.unit + model.base
    best = np.full(len(texts.total), -np.inf)
    np.maximum.at(best, texts.of, found)
    return best


def some(texts: Read, many: int) -> Read:
    """At most `many` of the texts, always the same."""
    chosen = np.zeros(len(texts.total), dtype=bool)
    chosen[np.random.default_rng(1).permutation(len(chosen))[:many]] = True
    return texts.at(chosen)


def left_out(asked: Read, usual: Read) -> tuple[Floats, Floats]:
    """Scores of every text by a model that saw neither its writer nor its source."""
    ours, theirs = np.zeros(len(asked.total)), np.zeros(len(usual.total))
    for writer, sources in zip(WRITERS["train"], APART, strict=True):
        mine, other = asked.texts.source == writer, np.isin(usual.texts.source, sources)
        model = learned(asked.at(~mine), some(usual.at(~other), LEARNT))
        ours[mine], theirs[other] = scored(model, asked.at(mine)), scored(model, usual.at(other))
    return ours, theirs


def threshold(scores: Floats, share: float) -> float:
    """The least score that at most `share` of some texts reach."""
    return float(np.nextafter(np.sort(scores)[-1 - int(share * len(scores))], np.inf))


def held(model: Learned, flag: float, block: float) -> bytes:
    """The file of the package: thresholds, keys, weights."""
    bounds = np.concatenate([(np.array([flag, block]) - model.base) * model.unit, model.kind])
    return packed(model.keys, model.value, bounds)


def shares(scores: Floats, at: float) -> dict[str, Any]:
    """How many of some scores reach a threshold, with a 95 % interval (Clopper and Pearson)."""
    hits = int((scores >= at).sum())
    bounds = clopper_pearson(hits, len(scores), level=0.95)
    return {"hits": hits, "n": len(scores), "share": hits / len(scores), "low": bounds.low, "high": bounds.high}


def main() -> None:
    """Learn, and write the file or compare it."""
    asked, usual = read(written("train")), read(ordinary(Fold.DEVELOP))
    ours, theirs = left_out(asked, usual)
    flag, block = threshold(theirs, FLAG), threshold(theirs, BLOCK)
    model = learned(asked, some(usual, LEARNT))
    made = held(model, flag, block)
    if "--check" in sys.argv:
        sys.exit(0 if made == Path(FILE).read_bytes() else "elicitation.weights: differs from what the texts give")
    FILE.write_bytes(made)
    wanted = asked.texts.kind >= 0
    told = {
        name: {
            "ordinary": shares(theirs, at),
            "asked": shares(ours[wanted], at),
            "near": shares(ours[~wanted], at),
            "ordinary by source": {
                s: shares(theirs[usual.texts.source == s], at) for s in np.unique(usual.texts.source).tolist()
            },
        }
        for name, at in (("flagged", flag), ("blockable", block))
    }
    (ROOT / "docs" / "benchmarks" / "elicitation-training.json").write_text(
        json.dumps({"features": len(model.keys), "bytes": len(made), "left out in training": told}, indent=1) + "\n"
    )
    print(json.dumps(told["flagged"], indent=1))


if __name__ == "__main__":
    main()
