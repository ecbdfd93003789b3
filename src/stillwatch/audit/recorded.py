"""Recorded evidence: JSON lines of what was served and of what a suspect said, read whole or refused with file and line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from stillwatch.audit.records import Capability, Served
from stillwatch.audit.suspect import Chances
from stillwatch.core import FormatError
from stillwatch.engine import durable_write

__all__ = ["Recorded", "json_lines", "read_served", "read_suspect", "write_suspect"]


_Line = TypeVar("_Line", bound=msgspec.Struct)


class _ServedLine(msgspec.Struct, forbid_unknown_fields=True):
    item: str
    account: str
    prompt: str
    response: str
    siblings: list[str] = []
    conversation: str | None = None
    as_sampled: bool | None = None
    same_sampling: bool | None = None
    chances: list[float] | None = None


class _SaidLine(msgspec.Struct, forbid_unknown_fields=True):
    prompt: str
    answer: str | None = None
    text: str | None = None
    logprob: float | None = None
    chances: list[tuple[str, str, float]] | None = None


class Recorded:
    """A suspect whose replies were written down: the same audit can be run again without asking it anything.

    `sha256` is that of the file which they were read from, None where there was none.

    >>> said = Recorded(name="s", answers={"Hello?": "Hi."}, likelihoods={})
    >>> said.answer("Hello?"), said.answer("Bye?"), sorted(said.capabilities)
    ('Hi.', None, [<Capability.TEXT: 'text'>])
    """

    def __init__(
        self,
        *,
        name: str,
        answers: dict[str, str],
        likelihoods: dict[tuple[str, str], float],
        chances: Mapping[str, Chances] | None = None,
        sha256: str | None = None,
    ) -> None:
        self.name = name
        self.sha256 = sha256
        self._answers = answers
        self._likelihoods = likelihoods
        self._chances = chances or {}

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Text where an answer was recorded, logprobs where a likelihood was, or chances of next words."""
        there = ((Capability.TEXT, self._answers), (Capability.LOGPROBS, self._likelihoods or self._chances))
        return frozenset(capability for capability, said in there if said)

    @property
    def replies(self) -> Iterator[tuple[str, str]]:
        """Every prompt with its answer."""
        return iter(self._answers.items())

    def answer(self, prompt: str) -> str | None:
        """The recorded answer."""
        return self._answers.get(prompt)

    def likelihood(self, prompt: str, text: str) -> float | None:
        """The recorded mean log-probability of a token, in nats."""
        return self._likelihoods.get((prompt, text))

    def chances(self, prompt: str) -> Chances | None:
        """The recorded chances of next words all along a prompt."""
        return self._chances.get(prompt)

    def lines(self) -> Iterator[bytes]:
        """Everything recorded, as `read_suspect` reads it."""
        for prompt, answer in self._answers.items():
            yield msgspec.json.encode({"prompt": prompt, "answer": answer})
        for (prompt, text), log in self._likelihoods.items():
            yield msgspec.json.encode({"prompt": prompt, "text": text, "logprob": log})
        for prompt, told in self._chances.items():
            yield msgspec.json.encode({"prompt": prompt, "chances": [[*pair, chance] for pair, chance in told.items()]})


def read_served(path: Path, *, bare: bool = False) -> tuple[Served, ...]:
    """Served responses with their siblings, in the order of the file, which is the order in which a suspect is asked.

    With `bare`, for tests of keys, items may have none.

    Raises:
        FormatError: a line that cannot be read, an item named twice, or one without siblings; with its line.
    """
    found: dict[str, Served] = {}
    for at, line in json_lines(path, _ServedLine):
        if line.item in found:
            raise FormatError(f"{path}:{at}: item: named a second time")
        if not line.siblings and not bare:
            raise FormatError(f"{path}:{at}: siblings: got none, expected at least one unserved answer")
        chances = None if line.chances is None else tuple(line.chances)
        if chances is not None and not (
            len(chances) == 1 + len(line.siblings) and all(0.0 < one < 1e9 for one in chances)
        ):
            raise FormatError(f"{path}:{at}: chances: expected one above 0 for the response and for each sibling")
        found[line.item] = Served(
            **{name: getattr(line, name) for name in line.__struct_fields__ if name not in ("siblings", "chances")},
            siblings=tuple(line.siblings),
            chances=chances,
        )
    return tuple(found.values())


def read_suspect(path: Path, *, name: str | None = None) -> Recorded:
    """What a suspect said: lines of `prompt` with `answer`, of `prompt` with `text` and `logprob` (mean a token, in nats), or of `prompt`
    with `chances`, each a word before, a next word and its chance summed over the places of the prompt.

    Raises:
        FormatError: a line that is neither, or a second, different reply to the same; with its line.
    """
    answers: dict[str, str] = {}
    likelihoods: dict[tuple[str, str], float] = {}
    chances: dict[str, Chances] = {}
    digest = hashlib.sha256()
    for at, line in json_lines(path, _SaidLine, digest.update):
        if line.chances is not None:
            if line.prompt in chances or line.answer is not None or line.text is not None or line.logprob is not None:
                raise FormatError(f"{path}:{at}: chances: expected them alone, and once of a prompt")
            if not all(0.0 <= chance < 1e9 for _, _, chance in line.chances):
                raise FormatError(f"{path}:{at}: chances: expected sums of chances, from 0 on")
            chances[line.prompt] = {(before, word): chance for before, word, chance in line.chances}
        elif line.answer is not None and line.text is None and line.logprob is None:
            if answers.setdefault(line.prompt, line.answer) != line.answer:
                raise FormatError(
                    f"{path}:{at}: answer: a second one to the same prompt; keep the first that was given"
                )
        elif line.answer is None and line.text is not None and line.logprob is not None:
            if not -1e6 < line.logprob <= 0.0:
                raise FormatError(f"{path}:{at}: logprob: got {line.logprob!r}, expected a finite number <= 0")
            if likelihoods.setdefault((line.prompt, line.text), line.logprob) != line.logprob:
                raise FormatError(f"{path}:{at}: logprob: a second one of the same text; keep the first that was given")
        else:
            raise FormatError(f"{path}:{at}: expected either an answer, or a text with its logprob")
    return Recorded(
        name=name or path.stem, answers=answers, likelihoods=likelihoods, chances=chances, sha256=digest.hexdigest()
    )


def write_suspect(path: Path, said: Recorded) -> None:
    """Keep what a suspect said where `read_suspect` finds it, readable by its owner alone, in place of what was kept there before."""
    durable_write(path, b"".join(line + b"\n" for line in said.lines()), mode=0o600)


def json_lines(
    path: Path, kind: type[_Line], seen: Callable[[bytes], None] = lambda raw: None
) -> Iterator[tuple[int, _Line]]:
    """The lines of a file with their numbers, blank ones left out; `seen` is given every byte.

    Raises:
        FormatError: a line that cannot be read, without any of its text.
    """
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as rows:
        for at, raw in enumerate(rows, start=1):
            seen(raw)
            if raw.strip():
                try:
                    yield at, decoder.decode(raw)
                except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
                    raise FormatError(f"{path}:{at}: {_reason(wrong)}") from None


def _reason(wrong: Exception) -> str:
    """What is wrong with a line, without any of its text."""
    return str(wrong) if isinstance(wrong, msgspec.DecodeError) else "not UTF-8"
