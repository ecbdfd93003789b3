"""Callers whom somebody else's gateway has authenticated already: it tells their names, and they become the pseudonyms of a scan."""

from __future__ import annotations

import msgspec

from stillwatch.core import Pseudonymiser
from stillwatch.gateway.who import Who
from stillwatch.ingest import account_id

__all__ = ["Hosts", "Named"]

_KEPT = 50_000
"""Callers whose names are remembered; beyond that the memory is emptied and fills anew."""
_LONGEST = 512


class Named(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A caller as the host names it. `credential` is the hash that stands for a key, never a key; none is what the host does not tell."""

    account: str | None = None
    org: str | None = None
    credential: str | None = None


class Hosts:
    """Names callers.

    Args:
        names: the workspace's pseudonyms.
        zero: accounts and organisations, by the host's names, whose text is never kept.
    """

    def __init__(self, names: Pseudonymiser, *, zero: frozenset[str] = frozenset()) -> None:
        self._names, self._zero = names, zero
        self._known: dict[Named, Who] = {}

    def of(self, caller: Named) -> Who:
        """The caller of one request; the credential stands for the account where the host names none."""
        found = self._known.get(caller)
        if found is None:
            found = self._named(caller)
            if all(one is None or len(one) <= _LONGEST for one in (caller.account, caller.org, caller.credential)):
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[caller] = found
        return found

    def end_user(self, name: str) -> int:
        """The pseudonym of an end user that the caller names."""
        return self._names.name("end_user", name)

    def _named(self, caller: Named) -> Who:
        account, org = _short(caller.account) or caller.credential, _short(caller.org)
        return Who(
            account=self._names.name("account", account_id(account) if account else ""),
            org=None if org is None else self._names.name("org", org),
            account_name=account,
            credential=caller.credential,
            org_name=org,
            zero=bool(self._zero) and not self._zero.isdisjoint((account, org, caller.credential)),
        )


def _short(name: str | None) -> str | None:
    return None if name is None else name.strip()[:_LONGEST] or None
