"""The stream hold: visible text waits, for so long at most, while it is looked at for copied reasoning and protected text.

Clean text leaves byte by byte as it came. A stream that leaks ends there, in its dialect's own shape.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from stillwatch.gateway.holding.copies import Looked, Passages
from stillwatch.gateway.holding.ending import Ending
from stillwatch.gateway.holding.listening import Listener
from stillwatch.gateway.holding.translated import Late, Translations, Translator
from stillwatch.policy import Dialect, Hide, Hold

__all__ = ["Guard", "Holding", "Leaked", "Passages", "Translator"]

_CODED = 2
"""Pieces in a code, or of protected text, that are no accident."""
_WORD = 6
"""Letters that a word counts as where translations are compared."""


class Leaked(Exception):
    """Text that must not leave; `why` is `reasoning`, `protected`, `translated` or `late`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Guard:
    """What every held answer is looked at with.

    Args:
        protected: text that no answer may say.
        translator: the operator's; without it nobody looks for translations.
    """

    def __init__(self, protected: Passages | None = None, translator: Translator | None = None) -> None:
        self.protected = protected or Passages()
        self.translator = translator


class Holding:
    """One answer on hold.

    Reasoning that is shown openly is no secret: it counts only where it is hidden.
    """

    def __init__(
        self, how: Hold, hide: Hide, dialect: Dialect, guard: Guard, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._how, self._clock = how, clock
        self._secret = hide is not Hide.NOTHING
        self._listener = Listener()
        self._reasoning = Passages()
        self._copied, self._protected = Looked(self._reasoning), Looked(guard.protected)
        self._translations = None if guard.translator is None else Translations(guard.translator)
        self._ending = Ending(dialect)
        self._held: list[bytes] = []
        self._size = 0
        self._since: float | None = None

    def hear(self, data: Any) -> None:
        """Take in what one event says, before anything is hidden in it."""
        self._ending.saw(data)
        self._listener.hear(data)

    def put(self, raw: bytes) -> None:
        """Hold the bytes of an event until what it says was looked at."""
        if raw:
            self._held.append(raw)
            self._size += len(raw)
            if self._since is None:
                self._since = self._clock()

    @property
    def patience(self) -> float | None:
        """Seconds until what is held must be looked at; `None` where nothing waits."""
        if self._since is None:
            return None
        if not self._listener.visible or self._size >= self._how.most_bytes:
            return 0.0
        return max(0.0, self._since + self._how.seconds - self._clock())

    async def release(self) -> bytes:
        """Look at what is held and let it go.

        Raises:
            Leaked: when it must not leave; then nothing of it does.
        """
        await self.check()
        released = b"".join(self._held)
        self._held.clear()
        self._size, self._since = 0, None
        return released

    async def check(self) -> None:
        """Look at what was heard since the last time.

        Raises:
            Leaked: when it must not be said.
        """
        listener = self._listener
        visible, reasoning = "".join(listener.visible), "".join(listener.reasoning) if self._secret else ""
        listener.visible.clear()
        listener.reasoning.clear()
        if reasoning:
            self._reasoning.add(reasoning)
        if visible:
            self._look(visible)
        if self._translations is not None and self._secret and (visible or reasoning):
            await self._translated(visible, reasoning)

    def _look(self, visible: str) -> None:
        how = self._how
        self._protected.look(visible)
        if self._protected.short or self._protected.pieces >= _CODED:
            raise Leaked("protected")
        if not self._reasoning.length:
            return
        self._copied.look(visible)
        copied = self._copied.copied
        if len(self._copied.coded) >= _CODED or (copied >= how.copied and copied >= how.share * self._reasoning.length):
            raise Leaked("reasoning")

    async def _translated(self, visible: str, reasoning: str) -> None:
        assert self._translations is not None  # noqa: S101 - asked by the only caller
        try:
            words, share = await self._translations.look(visible, reasoning, self._how.seconds)
        except Late:
            if not self._how.open_when_late:
                raise Leaked("late") from None
            return
        if words * _WORD >= self._how.copied and share >= self._how.share:
            raise Leaked("translated")

    def ended(self) -> bytes:
        """The end of a stream that leaked; what was held is gone."""
        self._held.clear()
        return self._ending.made()
