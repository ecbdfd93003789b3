"""A prompt pack seen from one fold: whatever source is asked for, only prompts of that fold come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.range.names import Names
from stillwatch.range.pack import Pack, Source
from stillwatch.range.remarks import remarks
from stillwatch.range.seeds import stream
from stillwatch.range.splits import Fold, every_source, in_fold

__all__ = ["FoldPack", "folded"]

_PASSAGES = {Fold.DEVELOP: "rag_qa", Fold.TEST: "summarise"}


@dataclass(frozen=True, kw_only=True)
class FoldPack(Pack):
    """The part of a pack that belongs to one fold. A source of the other fold is answered with the fold's own sources of its topic.

    So customers, lookalikes and cover name the sources that suit them, and the world decides which of these may be read. A text that
    stands in sources of both folds ("hello") belongs to developing.
    """

    one_fold: ClassVar[bool] = True
    base: Pack
    fold: Fold

    def source(self, name: str) -> Source:
        """One source, or the first of its topic in the fold."""
        return self.base.source(in_fold(self.fold, (name,))[0])

    def available(self) -> list[str]:
        """Names of the sources of the pack, of both folds: each can be asked for."""
        return self.base.available()

    def texts(self, *names: str, lang: str | None = None, longest: int = 6000, shortest: int = 0) -> list[str]:
        """Texts of the fold in place of those sources; where the fold has none in that language or of that length, others of its own."""
        wanted = (names, lang, longest, shortest)
        if wanted not in self._chosen:
            found = self._own(in_fold(self.fold, names), lang, longest, shortest)
            self._chosen[wanted] = found or self._own(in_fold(self.fold, names), None, longest, 0)
        return self._chosen[wanted]

    def passages(self, part: str, *, longest: int = 2200, lang: str | None = None) -> list[str]:
        """Passages of the fold's part, whichever is asked for."""
        own = self.base.passages(_PASSAGES[self.fold], longest=longest, lang=lang)
        return own or self.base.passages(_PASSAGES[self.fold], longest=longest)

    def follow_ups(self) -> list[str]:
        """What people say next about the fold's passages, each fold in its own ways."""
        wanted = (("follow-ups",), None, 0, 0)
        if wanted not in self._chosen:
            rng, part = stream(0, "pack", "remarks", self.fold.value), int(self.fold == Fold.TEST)
            self._chosen[wanted] = remarks(rng, self.sentences(), part=part)
        return self._chosen[wanted]

    def names(self) -> Names:
        """All texts of the whole pack by number: the same numbers for both folds."""
        return self.base.names()

    def _own(self, names: tuple[str, ...], lang: str | None, longest: int, shortest: int) -> list[str]:
        found = self.base.texts(*names, lang=lang, longest=longest, shortest=shortest)
        if self.fold is Fold.DEVELOP:
            return found
        elsewhere = self._developing()
        return [text for text in found if text not in elsewhere]

    def _developing(self) -> frozenset[str]:
        known = frozenset(self.base.available())
        return _texts_of(self.base, tuple(name for name in every_source(Fold.DEVELOP) if name in known))


def _texts_of(pack: Pack, names: tuple[str, ...]) -> frozenset[str]:
    kept = pack.kept_sets
    if names not in kept:
        kept[names] = frozenset(text for name in names for text in pack.source(name).texts)
    return kept[names]


def folded(pack: Pack, fold: Fold | None) -> Pack:
    """The pack, or its part that belongs to a fold."""
    return pack if fold is None else FoldPack(folder=pack.folder, base=pack, fold=fold)
