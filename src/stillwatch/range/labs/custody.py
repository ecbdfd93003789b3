"""Both custodians' keys in one hand, which nobody in a forum may have: to name every tag, and see whether one of them left."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from stillwatch.forum.tags import Kind, oprf
from stillwatch.forum.tags.group import plus
from stillwatch.forum.tags.kinds import TAG_BYTES, input_of, key_info
from stillwatch.range.labs.knowledge import Tagger

__all__ = ["tags_of_all"]


def tags_of_all(custodians: Sequence[Path], epoch: str, values: Iterable[tuple[str, str]]) -> Tagger:
    """What the protocol makes of (kind, canonical value) on its way: the point, each custodian's answer without a blind, and the tag."""
    seeds = [json.loads((folder / "keys" / f"{epoch}.key").read_text("utf-8")) for folder in custodians]
    by_kind: dict[str, list[str]] = {}
    for kind, value in sorted(set(values)):
        by_kind.setdefault(kind, []).append(value)
    out: dict[tuple[str, str], list[tuple[bytes, str]]] = {}
    for kind, own in by_kind.items():
        inputs = [input_of(Kind(kind), value) for value in own]
        plain = oprf.blind(inputs, [1] * len(inputs))
        keys = [
            oprf.derive_key(bytes.fromhex(seed["seed"]), key_info(seed["custodian"], epoch, Kind(kind)))
            for seed in seeds
        ]
        answers = [oprf.evaluate(key, plain.elements) for key in keys]
        summed = [plus(one, other) for one, other in zip(*answers, strict=True)]
        outputs = oprf.finalise(plain, summed)
        for at, value in enumerate(own):
            points = [(plain.elements[at], f"{kind} as a point"), (summed[at], f"{kind} as both custodians' answer")]
            points += [(answer[at], f"{kind} as a custodian's answer") for answer in answers]
            tag = outputs[at][:TAG_BYTES]
            out[kind, value] = [*points, (tag, f"{kind} as a tag"), (tag.hex().encode(), f"{kind} as a tag in hex")]
    return out
