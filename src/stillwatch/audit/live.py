"""A suspect behind an OpenAI-compatible address: asked each thing once, within a budget, every reply kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.audit.endpoint import Endpoint, Heard, NoAnswer
from stillwatch.audit.recorded import Recorded
from stillwatch.audit.records import Capability
from stillwatch.audit.replies import Interface, Unreadable, read_reply, request_for, spent_tokens
from stillwatch.audit.suspect import Chances
from stillwatch.audit.wanted import Kind, Wanted
from stillwatch.core import Error, FormatError

__all__ = ["Budget", "Live", "OutOfBudget", "recorded_of"]

_REFUSED = 5
"""Refusals without one answer, after which the rest is not tried."""


class OutOfBudget(Error):
    """So much was promised to be spent, and is; what was heard is kept, and the rest can be asked later."""


class Budget(msgspec.Struct, kw_only=True):
    """What may be spent from now on, attempts that failed included: so many requests, and tokens as the server counts them."""

    requests: int
    tokens: int | None = None

    def spend(self) -> None:
        """One request more.

        Raises:
            OutOfBudget: there is none left.
        """
        if self.requests < 1 or (self.tokens is not None and self.tokens < 1):
            raise OutOfBudget("budget: spent; what was heard is kept, ask for the rest with another budget")
        self.requests -= 1


class _Line(msgspec.Struct):
    """A line of the journal: what was asked, when, and what came back, as it came."""

    at: str
    asked: str
    path: str
    request: dict[str, Any]
    status: int
    reply: str


_BEGINS = b'{"at":"'
"""How such a line begins; a file whose last line begins otherwise is somebody else's, and nothing is cut off it."""


class Live:
    """A suspect that answers, and where its server gives logprobs of given text, scores. Also without an endpoint: then it replays.

    `journal` is a file of JSON lines, one for every attempt, readable by its owner alone. What it holds is never asked again: each reply is
    found by the SHA-256 of its request, which names the model and the settings but no key. Several threads may ask.
    """

    def __init__(
        self, *, name: str, interface: Interface, journal: Path, endpoint: Endpoint | None, budget: Budget | None = None
    ) -> None:
        self.name = name
        self.refused: list[Wanted] = []
        self._interface, self._endpoint = interface, endpoint
        self._budget = budget or Budget(requests=1 << 62)
        self._lock = threading.Lock()
        self._journal = journal
        self._known: dict[str, list[str]] = _read_journal(journal)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Text; logprobs too, where its interface may give those of a given text."""
        more = () if self._interface.chat else (Capability.LOGPROBS,)
        return frozenset((Capability.TEXT, *more))

    def answer(self, prompt: str) -> str | None:
        """Its answer: kept, or asked now."""
        found = self.hear(Wanted(kind=Kind.ANSWER, prompt=prompt))
        return found if isinstance(found, str) else None

    def likelihood(self, prompt: str, text: str) -> float | None:
        """The mean log-probability of a token of the text after the prompt, in nats: kept, or asked now."""
        found = self.hear(Wanted(kind=Kind.LIKELIHOOD, prompt=prompt, text=text))
        return found if isinstance(found, float) else None

    def chances(self, prompt: str) -> Chances | None:
        """The chances of next words all along the prompt: kept, or asked now."""
        found = self.hear(Wanted(kind=Kind.CHANCES, prompt=prompt))
        return found if isinstance(found, dict) else None

    def knows(self, one: Wanted) -> bool:
        """Whether a reply that can be read is kept."""
        for body in self._known.get(self._asked(one)[0], ()):
            with contextlib.suppress(Unreadable):  # another attempt may have given what this one did not
                read_reply(one, body, self._interface)
                return True
        return False

    def hear(self, one: Wanted) -> str | float | Chances | None:
        """What it says to one thing, asked unless it is kept; None where it is not kept and nobody is asked.

        Raises:
            NoAnswer: it was refused, or every attempt failed.
            OutOfBudget: nothing more may be spent.
            Error: a reply that does not say what was asked, such as no logprobs of given text.
        """
        digest, path, request = self._asked(one)
        for body in self._known.get(digest, ()):
            with contextlib.suppress(Unreadable):  # a later attempt may have given what this one did not
                return read_reply(one, body, self._interface)
        if self._endpoint is None:
            return None
        try:
            return read_reply(one, self._ask(digest, path, request).body, self._interface)
        except Unreadable as wrong:
            raise Error(f"{self.name}: {wrong}") from None

    def ask_all(
        self, things: Iterable[Wanted], *, workers: int = 4, heard: Callable[[int, int], None] = lambda done, all_: None
    ) -> int:
        """Ask whatever is not kept, several at a time, and tell how many could not be had; `heard` is told how many of how many are done.

        A thing that the server refuses is left out and stands in `refused`.

        Raises:
            OutOfBudget: nothing more may be spent; what was heard is kept.
            Error: the first things were all refused, or anything would be.
        """
        missing = [one for one in things if not self.knows(one)]
        done, ended = 0, threading.Event()

        def one_of(thing: Wanted) -> None:
            nonlocal done
            if ended.is_set():
                return
            try:
                self.hear(thing)
            except NoAnswer as wrong:
                with self._lock:
                    self.refused.append(thing)
                    if not well and len(self.refused) - before >= _REFUSED:
                        ended.set()
                        raise Error(f"{wrong}; the first {_REFUSED} things were all refused") from None
            except BaseException:
                ended.set()
                raise
            else:
                well.append(thing)
            with self._lock:
                done += 1
                heard(done, len(missing))

        before, well = len(self.refused), list[Wanted]()
        lines = contextlib.nullcontext() if self._endpoint is None else self._endpoint.lines_kept()
        with lines, ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
            for found in [pool.submit(one_of, thing) for thing in missing]:
                found.result()
        return len(self.refused) - before

    def _asked(self, one: Wanted) -> tuple[str, str, dict[str, Any]]:
        path, request = request_for(one, self._interface)
        told = msgspec.json.encode([path, request], order="deterministic")
        return hashlib.sha256(told).hexdigest(), path, request

    def _ask(self, digest: str, path: str, request: dict[str, Any]) -> Heard:
        endpoint = self._endpoint
        if endpoint is None:
            raise NoAnswer(f"{self.name}: nobody is asked, and no reply is kept")
        with self._lock:
            self._budget.spend()
        last = endpoint.attempts

        def keep(heard: Heard) -> None:
            nonlocal last
            last -= 1
            line = _Line(
                at=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
                asked=digest,
                path=path,
                request=request,
                status=heard.status,
                reply=heard.body,
            )
            with self._lock:
                _append(self._journal, msgspec.json.encode(line) + b"\n")
                if heard.well:
                    self._known.setdefault(digest, []).append(heard.body)
                    if self._budget.tokens is not None:
                        self._budget.tokens -= spent_tokens(heard.body)
                elif last and heard.again:
                    self._budget.spend()

        return endpoint.ask(path, msgspec.json.encode(request), keep)


def recorded_of(live: Live, things: Iterable[Wanted]) -> Recorded:
    """What it said to these things, as a recorded suspect: nobody is asked."""
    answers: dict[str, str] = {}
    likelihoods: dict[tuple[str, str], float] = {}
    chances: dict[str, Mapping[tuple[str, str], float]] = {}
    for one in things:
        if not live.knows(one):
            continue
        found = live.hear(one)
        if isinstance(found, str):
            answers[one.prompt] = found
        elif isinstance(found, float):
            likelihoods[one.prompt, one.text or ""] = found
        elif found is not None:
            chances[one.prompt] = found
    return Recorded(name=live.name, answers=answers, likelihoods=likelihoods, chances=chances)


def _read_journal(path: Path) -> dict[str, list[str]]:
    """Good replies by the digest of what was asked; a last line that a crash cut off is cut away.

    Raises:
        FormatError: a line that is none of a journal, without any of its text.
    """
    if not path.exists():
        return {}
    *lines, begun = path.read_bytes().split(b"\n")
    known: dict[str, list[str]] = {}
    decoder = msgspec.json.Decoder(_Line)
    for at, line in enumerate(lines, start=1):
        try:
            found = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise FormatError(f"{path}:{at}: not a line of a journal of replies") from None
        if found.status == 200:
            known.setdefault(found.asked, []).append(found.reply)
    if not begun.startswith(_BEGINS[: len(begun)]):
        raise FormatError(f"{path}:{len(lines) + 1}: not a line of a journal of replies")
    if begun:
        os.truncate(path, path.stat().st_size - len(begun))
    return known


def _append(path: Path, line: bytes) -> None:
    """Put a line behind the others and flush it to the disk: a reply that was paid for is not lost."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
