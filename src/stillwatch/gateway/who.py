"""Who is asking: a credential becomes the same account pseudonym that a scan of the logs gives it.

A key is never kept as it is: what stands for it is its SHA-256, and the account is the keyed pseudonym of that, made by the
functions that read logs. A front that has checked the key already may name account and organisation in headers of its own; nobody else
can, and whoever shows two keys is told to choose: otherwise a caller could have another one's account ruled on, and use its own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec

from stillwatch.core import Error, Pseudonymiser
from stillwatch.gateway.refusing import Unacceptable
from stillwatch.gateway.wire import LONGEST, Headers, first
from stillwatch.ingest import account_id
from stillwatch.policy import Dialect

__all__ = ["NOBODY", "Ambiguous", "Identities", "Who", "read_names", "stand_in", "trusted_address"]

_BEARER, _ANTHROPIC, _AZURE, _GOOGLE = b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"
_QUERY = b"?key"
"""Stands among the headers for the key in the query of Gemini's clients."""
_KEYS = frozenset((_BEARER, _ANTHROPIC, _AZURE, _GOOGLE))
_PLAIN = (_BEARER, _AZURE, _ANTHROPIC, _GOOGLE, _QUERY)
_ORDER = {
    Dialect.MESSAGES: (_ANTHROPIC, _BEARER, _AZURE, _GOOGLE, _QUERY),
    Dialect.GEMINI: (_GOOGLE, _QUERY, _BEARER, _AZURE, _ANTHROPIC),
}
"""Where each dialect's upstream looks for the key first, in all others as in chat completions."""
_NOTHING: frozenset[bytes] = frozenset()
_KEPT = 50_000
"""Callers whose names are remembered; beyond that the memory is emptied and fills anew."""


class Ambiguous(Unacceptable):
    """A request that shows two keys, or a header twice that says who is asking."""

    code = "ambiguous_credential"
    message = "Send one key, in one header."


class Who(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A caller: pseudonyms for deciding, stand-ins for the capture, and whether nothing of its text may be kept."""

    account: int
    org: int | None
    account_name: str | None
    credential: str | None
    org_name: str | None
    zero: bool
    since: float | None = None

    def days(self, at: float) -> int | None:
        """Whole days since the account was opened; unknown where no front says so."""
        return None if self.since is None else max(0, int((at - self.since) // 86400))


NOBODY = Who(account=0, org=None, account_name=None, credential=None, org_name=None, zero=True)
"""Stands for a caller who is not known yet."""


class Identities:
    """Names callers.

    Args:
        names: the workspace's pseudonyms.
        account_header: header in which a trusted front names the account; without it the credential stands for the account.
        org_header: header in which a trusted front names the organisation; without it nobody's organisation is known, for what a
            caller says of it is not to be trusted.
        since_header: header in which a trusted front says since when the account exists, a date or seconds since 1970.
        zero: accounts and organisations, by the names above, whose text is never kept.
    """

    def __init__(
        self,
        names: Pseudonymiser,
        *,
        account_header: str | None = None,
        org_header: str | None = None,
        since_header: str | None = None,
        zero: frozenset[str] = frozenset(),
    ) -> None:
        self._names = names
        self._account_header = account_header.lower().encode() if account_header else None
        self._org_header = org_header.lower().encode() if org_header else None
        self._since_header = since_header.lower().encode() if since_header else None
        self._zero = zero
        self._known: dict[tuple[bytes | None, ...], Who] = {}
        named = (account_header, org_header, since_header)
        self.own_headers = frozenset(one.lower().encode() for one in named if one)
        self._read = _KEYS | self.own_headers
        """Headers between the front and this gateway, which the upstream has no business with."""

    def of(self, headers: Headers, query: bytes, dialect: Dialect) -> tuple[Who, frozenset[bytes]]:
        """The caller of one request, and headers with the same key once more, which do not go on.

        Raises:
            Ambiguous: when it shows two keys, or one of these headers twice. A front that names the account may pass on what it likes.
        """
        given: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in self._read:
                if name in given:
                    raise Ambiguous
                given[name] = value
        named = org = since = None
        if self.own_headers:
            named, org = given.pop(self._account_header or b"", None), given.pop(self._org_header or b"", None)
            since = given.pop(self._since_header or b"", None)
        if query and (b"key" in query or b"%" in query):
            given.update(_in_query(query))
        spare = _NOTHING
        if len(given) == 1:
            ((_, key),) = given.items()
        else:
            order = _ORDER.get(dialect, _PLAIN)
            chosen = next((name for name in order if given.get(name)), b"")
            key = given.get(chosen, b"")
            if not named:
                spare = frozenset(given.keys() - {chosen})
                if len({_bare(value.decode("latin-1")) for value in given.values() if value}) > 1:
                    raise Ambiguous
        caller = (key or None, named or None, org or None, since or None)
        found = self._known.get(caller)
        if found is None:
            found = self._named(*caller)
            if sum(map(len, filter(None, caller))) <= LONGEST:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[caller] = found
        return found, spare

    def end_user(self, name: str) -> int:
        """The pseudonym of an end user that the caller names."""
        return self._names.name("end_user", name)

    def _named(self, key: bytes | None, named: bytes | None, org: bytes | None, since: bytes | None) -> Who:
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
            since=None if since is None else _moment(since.decode("latin-1").strip()),
        )


def _moment(told: str) -> float | None:
    """A date or a number of seconds as seconds since 1970; unknown where it is neither."""
    try:
        if told.isdigit() and len(told) < 12:
            return float(told)
        day = dt.datetime.fromisoformat(told)
    except ValueError:
        return None
    return (day if day.tzinfo else day.replace(tzinfo=dt.UTC)).timestamp()


def _in_query(query: bytes) -> dict[bytes, bytes]:
    """The key of a query, read as an upstream reads it: `?k%65y=` is one too.

    Raises:
        Ambiguous: when there are two.
    """
    found = [value for name, value in parse_qsl(query.decode("latin-1"), encoding="latin-1") if name == "key"]
    if len(found) > 1:
        raise Ambiguous
    return {_QUERY: found[0].encode("latin-1")} if found else {}


def _bare(key: str) -> str:
    scheme, _, rest = key.strip().partition(" ")
    return rest.strip() if rest and scheme.lower() in ("bearer", "basic", "key") else key.strip()


def stand_in(key: str) -> str:
    """What is written in a key's place: its SHA-256, whatever the key looks like; scheme words such as `Bearer` are left out.

    >>> stand_in("Bearer sk-1") == stand_in("sk-1"), len(stand_in("sk-1")), stand_in("a" * 64) == "a" * 64
    (True, 64, False)
    """
    return hashlib.sha256(_bare(key).encode("utf-8", "surrogatepass")).hexdigest()


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
