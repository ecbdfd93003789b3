"""A hub's own settings: who its members are, in which groups, and which collections each group reads and writes.

One TOML file. Secrets stand in it only as hashes: of a token its SHA-256, of a password argon2id. Unknown keys are errors, and every
fault is reported at once with its path.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from stillwatch.core.errors import Fault, SettingsError
from stillwatch.forum.taxii.wire import STIX

__all__ = ["ApiRoot", "Collection", "Group", "Hub", "Member", "read_hub"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_CODE = re.compile(r"[0-9a-f]{8}")
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
_RESERVED = ("taxii2", "log", "openapi.json")


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lab: `name` is what the hub, its log and its receipts call it, so a pseudonym will do. It may come in by any of the three ways.

    A `custodian` of tags is a member that tells the log what it evaluated (POST /log/evaluations).
    `code` is what its objects are signed with (`member` in its forum.toml): without one it can send nothing that has a sender.
    """

    name: str
    code: str = ""
    token_sha256: str = ""
    password: str = ""
    certificate: str = ""
    witness_key: str = ""
    custodian: bool = False
    reads_per_day: int = 100_000
    objects_per_day: int = 100_000


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Members who share; collections name it as `@name`."""

    name: str
    members: list[str]


class ApiRoot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Collections that belong together, under one path."""

    name: str
    title: str
    description: str = ""


class Collection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sharing group's objects. Whoever can neither read nor write it is told that it is not there."""

    id: str
    api_root: str
    title: str
    description: str = ""
    alias: str = ""
    read: list[str] = []
    write: list[str] = []
    spec_versions: tuple[Literal["2.0", "2.1"], ...] = ("2.1",)

    @property
    def media_types(self) -> list[str]:
        """The kinds of STIX that it takes and gives."""
        return [STIX + one for one in self.spec_versions]


class Hub(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set. Sizes are in bytes; `database` is a file, or postgresql://user:password@host:port/name."""

    title: str
    url: str
    origin: str
    database: str = "hub.sqlite"
    key: str = "hub.pem"
    description: str = ""
    contact: str = ""
    max_content_length: int = 10_000_000
    max_object_bytes: int = 256_000
    max_page: int = 1000
    max_page_bytes: int = 8_000_000
    max_at_once: int = 256
    body_seconds: float = 60.0
    unsafe_subject_header: str = ""
    unsafe_trusted_proxies: list[str] = []
    member: list[Member] = []
    group: list[Group] = []
    api_root: list[ApiRoot] = []
    collection: list[Collection] = []

    def named(self, entries: Iterable[str]) -> frozenset[str]:
        """The members that a list of names and @groups means."""
        groups = {f"@{one.name}": one.members for one in self.group}
        return frozenset(name for one in entries for name in groups.get(one, [one]))


def read_hub(path: Path) -> Hub:
    """Read a hub's settings; paths in it are relative to the file.

    Raises:
        SettingsError: with every fault of the file.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(path=str(path), message=f"not TOML: {error}")]) from error
    try:
        hub = msgspec.convert(raw, Hub)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        raise SettingsError([Fault(path=where.strip("`").removeprefix("$.") or str(path), message=what)]) from error
    if faults := list(_faults(hub)):
        raise SettingsError(faults)
    beside = {"key": str(path.parent / hub.key)}
    if "://" not in hub.database:
        beside["database"] = str(path.parent / hub.database)
    return msgspec.structs.replace(hub, **beside)


def _faults(hub: Hub) -> Iterator[Fault]:
    members = {one.name for one in hub.member}
    roots = {one.name for one in hub.api_root}
    known = members | {f"@{one.name}" for one in hub.group}
    tables: tuple[tuple[str, list[Any]], ...] = (
        ("member", hub.member),
        ("group", hub.group),
        ("api_root", hub.api_root),
    )
    for table, entries in tables:
        for number, one in enumerate(entries):
            if not _NAME.fullmatch(one.name):
                message = f'got "{one.name}", expected lower-case letters, digits, dots, dashes and underscores'
                yield Fault(path=f"{table}[{number}].name", message=message)
        yield from _doubled(f"{table}[].name", (one.name for one in entries))
    yield from _doubled("member[].code", (one.code for one in hub.member if one.code))
    yield from _doubled("collection[].id", (one.id for one in hub.collection))
    for name in ("max_content_length", "max_object_bytes", "max_page", "max_page_bytes", "max_at_once", "body_seconds"):
        if getattr(hub, name) <= 0:
            yield Fault(path=name, message=f"got {getattr(hub, name)}, expected a number above 0")
    if hub.unsafe_subject_header and not hub.unsafe_trusted_proxies:
        yield Fault(path="unsafe_trusted_proxies", message="empty, expected the addresses whose header is believed")
    for number, group in enumerate(hub.group):
        for name in group.members:
            if name not in members:
                yield Fault(path=f"group[{number}].members", message=f'"{name}" is no member')
    for number, root in enumerate(hub.api_root):
        if root.name in _RESERVED:
            yield Fault(path=f"api_root[{number}].name", message=f'"{root.name}" is a path of the hub itself')
    for number, member in enumerate(hub.member):
        yield from _member_faults(member, f"member[{number}]")
    for number, one in enumerate(hub.collection):
        where = f"collection[{number}]"
        if not _UUID.fullmatch(one.id):
            yield Fault(path=f"{where}.id", message=f'got "{one.id}", expected a UUID in lower case')
        if one.api_root not in roots:
            yield Fault(path=f"{where}.api_root", message=f'"{one.api_root}" is no api_root')
        if not one.spec_versions:
            yield Fault(path=f"{where}.spec_versions", message="empty, expected 2.1, 2.0 or both")
        for name in [*one.read, *one.write]:
            if name not in known:
                yield Fault(path=where, message=f'"{name}" is no member and no @group')


def _member_faults(member: Member, where: str) -> Iterator[Fault]:
    if not (member.token_sha256 or member.password or member.certificate):
        yield Fault(path=where, message="has no way in: expected token_sha256, password or certificate")
    if member.code and not _CODE.fullmatch(member.code):
        yield Fault(path=f"{where}.code", message="expected eight hex digits, the member's code in the forum")
    if member.token_sha256 and not re.fullmatch(r"[0-9a-f]{64}", member.token_sha256):
        yield Fault(path=f"{where}.token_sha256", message="expected 64 hex digits in lower case")
    if member.password and not member.password.startswith("$argon2id$"):
        yield Fault(path=f"{where}.password", message="expected an argon2id hash, as stillwatch forum member writes it")


def _doubled(path: str, names: Iterable[str]) -> Iterator[Fault]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Fault(path=path, message=f'"{name}" is there {count} times')
