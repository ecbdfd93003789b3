"""What a source of logs is: something that gives what came after a position, and says at which position it then stands.

A position is the source's own: offsets by partition, the last id, names of objects. It is kept here, beside what was landed, and never at
the server: a server that remembers for us could count as delivered what a crash took.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from stillwatch.core.errors import Error, Fault, SettingsError

__all__ = ["Address", "Delivery", "Source", "SourceAway", "address_of", "lines_of", "public"]

Position = dict[str, Any]
_CREDENTIALS = re.compile(r"(?<=://)([^/@?]*?)(?::[^/@]*)?@")
_SECRET = re.compile(r"([?&](?:password|secret|token|sas)[^=&]*=)[^&]*", re.IGNORECASE)


class SourceAway(Error):
    """A source that does not answer, or refuses; what was landed is whole, and the next look tries again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What landed at once.

    Attributes:
        write: writes it into a file.
        position: where the source stands once this is on the disk.
        count: messages, rows or objects in it.
        suffix: end of the file's name.
        notes: what somebody should be told, such as messages that were gone before they were read.
    """

    write: Callable[[BinaryIO], object]
    position: Position
    count: int
    suffix: str = ".jsonl"
    notes: tuple[str, ...] = ()


def writing(data: bytes) -> Callable[[BinaryIO], object]:
    """What writes these bytes into a file."""
    return lambda file: file.write(data)


class Source(Protocol):
    """Something that exchanges can be asked of, piece by piece."""

    @property
    def name(self) -> str:
        """What tells it from others: its address without credentials and without options that do not say what is read."""
        ...

    def after(self, position: Mapping[str, Any], *, most: int) -> Iterator[Delivery]:
        """What came after a position, in order; ends when nothing more is there now or about `most` messages were given.

        Raises:
            SourceAway: when it does not answer.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """An address in its parts; `options` are those behind its question mark, each one checked by name."""

    whole: str
    scheme: str
    place: str
    path: str
    options: dict[str, str]

    def needed(self, option: str) -> str:
        """An option that must be there."""
        if option not in self.options:
            raise SettingsError([Fault(path=f"source {public(self.whole)}", message=f"needs ?{option}=...")])
        return self.options[option]

    def whole_number(self, option: str, default: int) -> int:
        """An option that is a whole number, not below zero."""
        told = self.options.get(option, str(default))
        if not told.isdecimal():
            raise SettingsError(
                [Fault(path=f"source {public(self.whole)}", message=f"{option}: got {told!r}, expected a whole number")]
            )
        return int(told)


def address_of(text: str, options: tuple[str, ...]) -> Address:
    """An address taken apart.

    Raises:
        SettingsError: when it has an option that is not among `options`.
    """
    parts = urlsplit(text)
    told = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(told) - set(options))
    if unknown:
        known = ", ".join(options) or "none"
        raise SettingsError(
            [Fault(path=f"source {public(text)}", message=f"no option {unknown[0]!r}; options are {known}")]
        )
    place = parts.netloc.rpartition("@")[2]
    return Address(whole=text, scheme=parts.scheme, place=place, path=unquote(parts.path.strip("/")), options=told)


def public(text: str) -> str:
    """An address that may be shown: without a password.

    >>> public("kafka://one:9092,two:9092/requests")
    'kafka://one:9092,two:9092/requests'
    >>> public("rediss://:secret@cache/0?stream=calls")
    'rediss://@cache/0?stream=calls'
    """
    return _SECRET.sub(r"\1...", _CREDENTIALS.sub(r"\1@", text))


def lines_of(messages: list[bytes]) -> bytes:
    """Messages as lines, one each. A JSON document over several lines becomes one, for a line break inside JSON is only space.

    >>> lines_of([b'{"a":\\n 1}', b"", b'{"b": 2}\\n'])
    b'{"a":  1}\\n{"b": 2}\\n'
    """
    kept = [message.strip() for message in messages]
    return b"".join(one.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n" for one in kept if one)
