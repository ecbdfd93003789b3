"""Who may ask a custodian, with which token, for how much: a file readable by its owner alone, holding hashes of tokens."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

import msgspec

from stillwatch.engine import durable_write
from stillwatch.forum.tags.keys import NAME
from stillwatch.forum.tags.kinds import Kind
from stillwatch.forum.tags.quotas import QUOTAS, Quota
from stillwatch.forum.tags.refusals import Refusal, RequestRefused, TagError

__all__ = ["Member", "add_member", "drop_member", "read_members", "who"]


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One member: the SHA-256 of its token, and the quotas that differ from the usual ones."""

    token_sha256: str
    quotas: dict[Kind, Quota] = {}

    def quota(self, kind: Kind) -> Quota:
        """How much of a kind it may have evaluated."""
        return self.quotas.get(kind, QUOTAS[kind])


def read_members(path: Path) -> dict[str, Member]:
    """The members by name; none where there is no file.

    Raises:
        TagError: when the file is damaged.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Member])
    except FileNotFoundError:
        return {}
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TagError(f"{path}: {error}") from error


def add_member(path: Path, name: str, quotas: dict[Kind, Quota] | None = None) -> str:
    """Let a member in, or give it a new token; the token is returned once and kept nowhere."""
    if not NAME.fullmatch(name):
        raise TagError(f"member: got {name!r}, expected small letters, digits, dots and hyphens, at most 63")
    token = secrets.token_urlsafe(32)
    members = read_members(path)
    kept = members[name].quotas if name in members and quotas is None else quotas or {}
    members[name] = Member(token_sha256=_hashed(token), quotas=kept)
    _write(path, members)
    return token


def drop_member(path: Path, name: str) -> None:
    """Let a member go: its token opens nothing from now on.

    Raises:
        TagError: when there is none of this name.
    """
    members = read_members(path)
    if name not in members:
        raise TagError(f"{name}: no such member")
    del members[name]
    _write(path, members)


def who(members: dict[str, Member], token: str) -> str:
    """Whose token it is; every hash is compared, in the same time.

    Raises:
        RequestRefused: when it is nobody's.
    """
    hashed, found = _hashed(token), None
    for name, member in members.items():
        if hmac.compare_digest(hashed, member.token_sha256):
            found = name
    if found is None:
        raise RequestRefused(Refusal.UNKNOWN_MEMBER, "the token is no member's")
    return found


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _write(path: Path, members: dict[str, Member]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    durable_write(path, msgspec.json.format(msgspec.json.encode(members), indent=1) + b"\n", mode=0o600)
