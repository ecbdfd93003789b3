"""Do two labs look at the same actor? Private set intersection between the two alone: first only how many, then, after both consent, which.

    asker                                   holder
    Asker(count).ask(items)      -> Question
                                            Holder.answer(question)   -> Reply, and only a number can come of it
    count(reply)
    Consent, signed off by a person of each lab, over both commitments
    Asker(reveal).ask(items)     -> Question
                                            Holder.answer(question, consents) -> Reply, from which the asker reads which
    which(reply)

The asker learns the answer; the holder learns that it was asked. Both lists are filled up to a power of two with values that nobody has.
Semi-honest: a party can lie about its list. The consents name commitments to both lists, so a party that swaps its list between counting
and revealing can be convicted by whoever may ask it to open them, but is not stopped. openmined-psi runs in a process and an environment
of its own (`stillwatch[psi]`).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stillwatch.core import get_extra
from stillwatch.forum.tags.refusals import TagError
from stillwatch.forum.tags.tagging import padded_size

__all__ = ["MOST", "Asker", "Consent", "Holder", "Question", "Reply"]

MOST = 4_096
"""Most values that an asker may ask about at once."""

SESSIONS = 4
"""How often a holder counts with one list: two counts of lists that differ by one value tell about that value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What an asker sends: values under its key, a commitment to them, and whether it asks which or only how many."""

    reveal: bool
    values: int
    commitment: str
    request: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a holder sends back, with its own commitment."""

    reveal: bool
    commitment: str
    setup: str = field(repr=False)
    response: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """One lab agrees, by a person, that the asker learns which values of two committed lists are in both."""

    lab: str
    by: str
    why: str
    asker: str
    holder: str


def _filled_up(items: Sequence[str]) -> tuple[str, ...]:
    own = sorted(set(items))
    return (*own, *(f"filling {secrets.token_hex(16)}" for _ in range(padded_size(len(own)) - len(own))))


class _Party:
    """One list at work in a process of its own."""

    def __init__(self, python: Path, items: Sequence[str], salt: bytes | None = None) -> None:
        if not items:
            raise TagError("an overlap needs one value at least")
        self.items = _filled_up(items) if salt is None else tuple(items)
        self.salt = secrets.token_bytes(32) if salt is None else salt
        told = b"\n".join(sorted(hashlib.sha256(item.encode()).digest() for item in self.items))
        self.commitment = hashlib.sha256(self.salt + told).hexdigest()
        self._python = python
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _begin(self, role: str, reveal: bool, key: str = "") -> None:
        self._end()
        script = Path(__file__).with_name("_psi_process.py")
        self._process = subprocess.Popen(  # noqa: S603
            [str(self._python), "-I", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._do("begin", role=role, reveal=reveal, key=key)

    def _do(self, what: str, **given: Any) -> Any:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise TagError("overlap: nothing was begun")
        try:
            process.stdin.write(json.dumps({"do": what, **given}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError as error:
            raise TagError("overlap: the process of openmined-psi is gone") from error
        if not line:
            raise TagError(
                f"overlap: no openmined-psi under {self._python}; in an environment of its own {get_extra('psi')}, and name its python"
            )
        told = json.loads(line)
        if "error" in told:
            raise TagError(f"overlap: {what} failed ({told['error']}): the message is not of this exchange")
        return told["found"]

    def _end(self) -> None:
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process.terminate()
            self._process.wait()
            self._process = None


class Asker(_Party):
    """The lab that will learn how many of its values the other has, and later perhaps which.

    Args:
        python: interpreter of the environment with openmined-psi.
        items: canonical values; with `salt`, a list that was filled up before.
        salt: what its commitment was made with.
    """

    def __init__(self, python: Path, items: Sequence[str], salt: bytes | None = None) -> None:
        super().__init__(python, items, salt)
        if len(self.items) > MOST:
            raise TagError(f"got {len(items)} values, expected at most {MOST}: an overlap is about suspects")

    def ask(self, *, reveal: bool = False) -> Question:
        """A question under a fresh key."""
        self._begin("asker", reveal)
        request = self._do("request", items=self.items)
        return Question(reveal=reveal, values=len(self.items), commitment=self.commitment, request=request)

    def key(self) -> str:
        """The key of the question that was asked last, hexadecimal: whoever holds it can read the values asked about out of a reply."""
        return str(self._do("key"))

    def go_on(self, key: str, *, reveal: bool) -> None:
        """Take up a question that was asked before, to read its reply."""
        self._begin("asker", reveal, key)

    def count(self, reply: Reply) -> int:
        """How many values are in both lists."""
        if reply.reveal:
            raise TagError("overlap: got an answer to which, expected one to how many")
        return int(self._do("size", setup=reply.setup, response=reply.response))

    def which(self, reply: Reply) -> list[str]:
        """The values in both lists, sorted."""
        if not reply.reveal:
            raise TagError("overlap: got an answer to how many, expected one to which")
        return sorted(self.items[place] for place in self._do("places", setup=reply.setup, response=reply.response))


class Holder(_Party):
    """The lab that is asked. It counts a few times with one list, and reveals only for consents of both labs over the lists counted.

    Args:
        python: interpreter of the environment with openmined-psi.
        items: canonical values.
        labs: names of the two labs, both of which have to consent.
        salt: what the commitment of a list that was filled up before was made with.
        counted: how often each of the asker's lists was counted with this one before, by its commitment.
    """

    def __init__(
        self,
        python: Path,
        items: Sequence[str],
        labs: tuple[str, str],
        salt: bytes | None = None,
        counted: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(python, items, salt)
        self._labs = frozenset(labs)
        self._counted = dict(counted or {})

    def answer(self, question: Question, consents: Sequence[Consent] = ()) -> Reply:
        """Answer a question.

        Raises:
            TagError: when it asks which without consent of both labs, or about a list that was not counted, or too often or too much.
        """
        if not 0 < question.values <= MOST:
            raise TagError(f"overlap: got {question.values} values, expected at most {MOST}")
        if question.reveal:
            self._consented(question, consents)
        else:
            if sum(self._counted.values()) >= SESSIONS:
                raise TagError(
                    f"overlap: this list was counted {SESSIONS} times; counts of changed lists tell about single values"
                )
            self._counted[question.commitment] = self._counted.get(question.commitment, 0) + 1
        self._begin("holder", question.reveal)
        setup = self._do("setup", items=self.items, asked=question.values)
        response = self._do("response", request=question.request, values=question.values)
        return Reply(reveal=question.reveal, commitment=self.commitment, setup=setup, response=response)

    def _consented(self, question: Question, consents: Sequence[Consent]) -> None:
        if question.commitment not in self._counted:
            raise TagError(
                "overlap: this list was not counted; which is told only of lists whose overlap both labs know"
            )
        over: Mapping[str, Consent] = {
            one.lab: one
            for one in consents
            if (one.asker, one.holder) == (question.commitment, self.commitment) and one.by and one.why
        }
        missing = sorted(self._labs - over.keys())
        if missing:
            raise TagError(f"overlap: no consent of {', '.join(missing)} over these two lists")
