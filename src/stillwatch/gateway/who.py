"""Who is asking: a credential becomes the same account pseudonym that a scan of the logs gives it.

A key is never kept as it is: what stands for it is its SHA-256, and the account is the keyed pseudonym of that, made by the
functions that read logs. A front that has checked the key already may name account and organisation in headers of its own.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from urllib.parse import parse_qs

import msgspec

from stillwatch.core import Error, Pseudonymiser
from stillwatch.gateway.wire import Headers, first
from stillwatch.ingest import account_id

__all__ = ["Identities", "Who", "read_names", "stand_in", "trusted_address"]

_KEYS = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key")
_ORGS = (b"openai-organization", b"anthropic-organization-id")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_KEPT = 200_000
"""Callers whose names are remembered; beyond that the memory is emptied and fills anew."""


class Who(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A caller: pseudonyms for deciding, stand-ins for the capture, and whether nothing of its text may be kept."""

    account: int
    org: int | None
    account_name: str | None
    credential: str | None
    org_name: str | None
    zero: bool


class Identities:
    """Names callers.

    Args:
        names: the workspace's pseudonyms.
        account_header: header in which a trusted front names the account; without it the credential stands for the account.
        org_header: header in which a trusted front names the organisation.
        zero: accounts and organisations, by the names above, whose text is never kept.
    """

    def __init__(
        self,
        names: Pseudonymiser,
        *,
        account_header: str | None = None,
        org_header: str | None = None,
        zero: frozenset[str] = frozenset(),
    ) -> None:
        self._names = names
        self._account_header = account_header.lower().encode() if account_header else None
        self._org_headers = (org_header.lower().encode(),) if org_header else _ORGS
        self._zero = zero
        self._known: dict[tuple[bytes | None, bytes | None, bytes | None], Who] = {}
        named = (account_header, org_header)
        self.own_headers = frozenset(one.lower().encode() for one in named if one)
        """Headers between the front and this gateway, which the upstream has no business with."""

    def of(self, headers: Headers, query: bytes) -> Who:
        """The caller of one request."""
        key = named = org = None
        for name, value in headers:
            if name in _KEYS and value and key is None:
                key = value
            elif name == self._account_header:
                named = value
            elif name in self._org_headers and value and org is None:
                org = value
        if key is None and b"key=" in query:
            key = (parse_qs(query).get(b"key") or [None])[0]  # type: ignore[list-item]
        found = self._known.get((key, named, org))
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[(key, named, org)] = self._named(key, named, org)
        return found

    def end_user(self, name: str) -> int:
        """The pseudonym of an end user that the caller names."""
        return self._names.name("end_user", name)

    def _named(self, key: bytes | None, named: bytes | None, org: bytes | None) -> Who:
        credential = None if key is None else stand_in(key.decode("latin-1"))
        name = named.decode("utf-8", "replace").strip()[:512] if named else None
        account = name or credential
        org_name = org.decode("utf-8", "replace").strip()[:512] if org else None
        return Who(
            account=self._names.name("account", account_id(account) if account else ""),
            org=None if not org_name else self._names.name("org", org_name),
            account_name=account,
            credential=credential,
            org_name=org_name,
            zero=bool(self._zero) and not self._zero.isdisjoint((account, org_name, credential)),
        )


def stand_in(key: str) -> str:
    """What is written in a key's place: its SHA-256, also of short ones; scheme words such as `Bearer` are left out.

    >>> stand_in("Bearer sk-1") == stand_in("sk-1"), len(stand_in("sk-1"))
    (True, 64)
    """
    scheme, _, rest = key.strip().partition(" ")
    bare = rest.strip() if rest and scheme.lower() in ("bearer", "basic", "key") else key.strip()
    return bare if _DIGEST.match(bare) else hashlib.sha256(bare.encode("utf-8", "surrogatepass")).hexdigest()


def read_names(path: Path) -> frozenset[str]:
    """Names from a file, one a line; blank lines and lines that begin with # are passed over.

    Raises:
        Error: when the file cannot be read.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Error(f"{path}: cannot be read as text ({error.__class__.__name__})") from error
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def trusted_address(headers: Headers, client: tuple[str, int] | None, *, forwarded: bool) -> str | None:
    """The caller's address: the connection's, or the first of `X-Forwarded-For` where a trusted front sets it."""
    told = first(headers, b"x-forwarded-for") if forwarded else None
    if told:
        return told.partition(b",")[0].strip().decode("latin-1")
    return client[0] if client else None
