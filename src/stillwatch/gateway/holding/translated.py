"""Whether a text says a reasoning again in another language: both go through the operator's translator and are compared by their words.

A translation has no letters in common with what it translates, so windows of words are compared as sets: a window of the text counts for
a window of the reasoning when it holds most of its words. What the translator cannot do in time is late, and the operator said what then.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["Late", "Translations", "Translator", "Windows"]

_WINDOW, _STEP = 16, 8
_ENOUGH = 0.6
_MOST = 2000
"""Windows of reasoning that are compared; beyond that no more are taken in."""
_WORD = re.compile(r"\w{3,}")


class Late(Exception):
    """A translation that did not come in time, or not at all."""


class Translator:
    """The operator's function from any language to one, run in threads of its own. When all are busy, a text is late.

    Args:
        function: text in, text out; it is given nothing but the text.
        threads: translations at once, over all streams.
    """

    def __init__(self, function: Callable[[str], str], *, threads: int = 2) -> None:
        self._function = function
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="translator")
        self._free = threading.Semaphore(threads)

    async def words(self, text: str, seconds: float) -> list[str]:
        """The translation's words of three letters or more.

        Raises:
            Late: when it takes longer, when all threads are busy, or when the function fails.
        """
        if not text.strip():
            return []
        if not self._free.acquire(blocking=False):
            raise Late
        running = asyncio.get_running_loop().run_in_executor(self._pool, self._run, text)
        try:
            said = await asyncio.wait_for(asyncio.shield(running), seconds)
        except Exception as error:
            running.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise Late from error
        return _WORD.findall(said.casefold())

    def _run(self, text: str) -> str:
        try:
            return self._function(text)
        finally:
            self._free.release()


class Windows:
    """Windows of words that must not be said again."""

    def __init__(self) -> None:
        self._where: defaultdict[str, list[int]] = defaultdict(list)
        self._sizes: list[int] = []
        self._left: list[str] = []
        self.found: set[int] = set()

    def add(self, words: list[str]) -> None:
        """Take in the next words."""
        self._left += words
        while len(self._left) >= _WINDOW and len(self._sizes) < _MOST:
            window = set(self._left[:_WINDOW])
            for word in window:
                self._where[word].append(len(self._sizes))
            self._sizes.append(len(window))
            self._left = self._left[_STEP:]
        self._left = self._left[: 4 * _WINDOW] if len(self._sizes) >= _MOST else self._left

    def look(self, words: list[str]) -> None:
        """Note every window that these words say again."""
        for start in range(0, max(1, len(words) - _WINDOW + 1), _STEP):
            votes: Counter[int] = Counter()
            for word in set(words[start : start + 2 * _WINDOW]):
                votes.update(self._where.get(word, ()))
            self.found |= {at for at, count in votes.items() if count >= _ENOUGH * self._sizes[at]}

    @property
    def share(self) -> float:
        """The share of all windows that were said again."""
        return len(self.found) / len(self._sizes) if self._sizes else 0.0

    @property
    def words(self) -> int:
        """Words that were said again."""
        return len(self.found) * _STEP


class Translations:
    """The comparison for one answer."""

    def __init__(self, translator: Translator) -> None:
        self._translator = translator
        self._windows = Windows()
        self._overlap: list[str] = []

    async def look(self, visible: str, reasoning: str, seconds: float) -> tuple[int, float]:
        """(words said again so far, the share of the reasoning they are) after the next pieces.

        Raises:
            Late: see `Translator.words`.
        """
        self._windows.add(await self._translator.words(reasoning, seconds))
        words = self._overlap + await self._translator.words(visible, seconds)
        self._windows.look(words)
        self._overlap = words[-_WINDOW:]
        return self._windows.words, self._windows.share
