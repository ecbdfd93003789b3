"""Wrappers of prompts as small grammars: one fixed text, a rotation of some, or a new one for every request.

A text may hold choices in square brackets, `[give|show] the [whole|full] way`, also one in another; `{a}` and `{b}` are the slots of the
item. A bracket that belongs to the text does not occur.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

__all__ = ["Wording", "loosen", "spin"]

_Parts = tuple["str | _Choice", ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    options: tuple[_Parts, ...]


@cache
def _parse(text: str) -> _Parts:
    parts, rest = _sequence(text, 0, inside=False)
    if rest != len(text):
        raise ValueError(f"wording: got a closing bracket at {rest} without an opening one")
    return parts


def _sequence(text: str, at: int, *, inside: bool) -> tuple[_Parts, int]:
    parts: list[str | _Choice] = []
    begin = at
    while at < len(text) and not (inside and text[at] in "|]"):
        if text[at] == "[":
            parts.append(text[begin:at])
            options = []
            while text[at] != "]":
                option, at = _sequence(text, at + 1, inside=True)
                options.append(option)
                if at >= len(text):
                    raise ValueError("wording: got an opening bracket without a closing one")
            parts.append(_Choice(tuple(options)))
            begin = at + 1
        at += 1
    parts.append(text[begin:at])
    return tuple(parts), at


def _render(parts: _Parts, draws: Iterator[int]) -> str:
    out = []
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        else:
            out.append(_render(part.options[next(draws) % len(part.options)], draws))
    return "".join(out)


def _choices(parts: _Parts) -> int:
    return sum(1 + max(_choices(o) for o in part.options) for part in parts if isinstance(part, _Choice))


def spin(text: str, rng: np.random.Generator | None, size: int = 1) -> list[str]:
    """`size` readings of a text with choices; without `rng` the first option of each choice.

    >>> spin("[give|show] the [whole|full] way", None)
    ['give the whole way']
    """
    parts = _parse(text)
    most = max(1, _choices(parts))
    draws = np.zeros((size, most), np.int64) if rng is None else rng.integers(0, 1 << 30, (size, most))
    return [_render(parts, iter(row)) for row in draws.tolist()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """What one operator says around its items: an opener, some demands in any order, a closing, and how the item stands.

    `demands` in one request are `asked` of those listed. `tongues` are whole frames in other languages, by language code.
    """

    openers: tuple[str, ...]
    demands: tuple[str, ...]
    closings: tuple[str, ...] = ("",)
    items: tuple[str, ...] = ("{a}",)
    asked: int = 2
    tongues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def fixed(self) -> str:
        """The one text of an operator that does not rotate: the first of everything, the item last."""
        said = [spin(text, None)[0] for text in (self.openers[0], *self.demands[: self.asked], self.closings[0])]
        return (" ".join(text for text in said if text) + "\n\n" + spin(self.items[0], None)[0]).lstrip()

    def reworded(self, rng: np.random.Generator, size: int, *, loose: float = 0.0) -> list[str]:
        """`size` frames, each drawn by itself, with a share `loose` of their words changed or set apart by a filler."""
        order = np.argsort(rng.random((size, len(self.demands))), axis=1)[:, : self.asked]
        shape = rng.integers(0, 1 << 30, (size, 4)).tolist()
        kinds = (self.openers, self.demands, self.closings, self.items)
        openers, wishes, closings, items = ([spin(text, rng, size) for text in kind] for kind in kinds)
        out = []
        for k, ((a, b, c, d), demands) in enumerate(zip(shape, order.tolist(), strict=True)):
            said = [openers[a % len(openers)][k], *(wishes[w][k] for w in demands)]
            item, end = items[c % len(items)][k], closings[b % len(closings)][k]
            glue = ("\n", " ", " ")[d % 3]
            if not any(said):
                out.append(item)
            elif d % 5 == 0:
                out.append(item + "\n\n" + glue.join([*said, end]).strip())
            elif d % 5 == 1:
                out.append(said[0] + "\n\n" + item + "\n\n" + glue.join([*said[1:], end]).strip())
            else:
                out.append(glue.join(part for part in (*said, end) if part) + "\n\n" + item)
        return loosen(out, rng, loose) if loose else out

    def in_tongue(self, lang: str) -> tuple[str, ...]:
        """Frames in one language, or none."""
        return self.tongues.get(lang, ())


_FILLERS = (
    "please", "really", "simply", "kindly", "again", "now", "first", "indeed", "surely", "this time", "for once", "if you can", "as usual",
    "for us", "in short", "so to speak", "on the whole", "in any case", "as agreed", "of course", "by the way", "once more", "for my part",
)  # fmt: skip
_NEAR: dict[str, tuple[str, ...]] = {
    "the": ("this", "that", "our"), "a": ("one", "some", "any"), "an": ("one", "some", "any"), "and": ("plus", "as well as", "and also"),
    "it": ("this", "that one", "the thing"), "to": ("so as to", "in order to", "to"), "of": ("from", "within", "belonging to"),
    "is": ("stays", "remains", "counts as"), "in": ("inside", "within", "through"), "with": ("using", "along with", "by"),
    "you": ("you yourself", "one", "thou"), "that": ("which", "this", "what"), "for": ("towards", "on behalf of", "as to"),
    "must": ("has to", "should", "shall"), "not": ("never", "by no means", "hardly"), "what": ("whatever", "all that", "that which"),
    "as": ("like", "the way", "just as"), "every": ("each", "any", "all and every"), "each": ("every", "any single", "all and each"),
    "write": ("note", "jot", "type"), "give": ("hand over", "offer", "provide"), "show": ("present", "reveal", "let us see"),
    "end": ("finish", "conclude", "stop"), "be": ("stay", "remain", "stand"), "one": ("a single", "just one", "some"),
    "no": ("not any", "zero", "not one"), "how": ("in which way", "by what means", "why"), "then": ("next", "after this", "later"),
    "before": ("ahead of", "prior to", "until"), "or": ("or else", "alternatively", "or rather"), "by": ("through", "via", "using"),
}  # fmt: skip


def loosen(texts: list[str], rng: np.random.Generator, share: float) -> list[str]:
    """Change a share of the words of each text for near ones, or set a filler before them; slots and marks stay as they are.

    Stands for a paraphraser that is run once a request: no run of words survives for long, the sense does, the style suffers.
    """
    out = []
    for text in texts:
        lines = []
        for line in text.split("\n"):
            words = line.split(" ")
            dice, pick = rng.random(len(words)).tolist(), rng.integers(0, 1 << 30, len(words)).tolist()
            for k, word in enumerate(words):
                if dice[k] < share and word.isalpha() and word.isascii():
                    near = _NEAR.get(word.lower())
                    words[k] = near[pick[k] % len(near)] if near else f"{_FILLERS[pick[k] % len(_FILLERS)]} {word}"
            lines.append(" ".join(words))
        out.append("\n".join(lines))
    return out
