"""`stillwatch gateway sync`: decisions pushed into LiteLLM's own limits."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stillwatch.cli.app import app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.gateway.adapters.control import Change

__all__ = ["gateway_sync"]

_KEY = "STILLWATCH_LITELLM_KEY"


@app["gateway"].command(name="sync")
def gateway_sync(
    *,
    litellm: str,
    policy: Path | None = None,
    standing: Path | None = None,
    workspace: Path = DEFAULT_WORKSPACE,
    apply: Annotated[bool, Parameter(negative=())] = False,
    at_most: int = 100,
    ca: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Push throttles and blocks into the limits of LiteLLM's keys, and take them back when they end: told first, done with --apply.

    The master key is read from STILLWATCH_LITELLM_KEY.

    Args:
        litellm: Address of the proxy.
        policy: File of rules; the policy that ships with Stillwatch where none is named.
        standing: File of the standing; standing/standing.arrow in the workspace by default.
        workspace: Folder whose key names accounts and whose standing is read.
        apply: Make the changes.
        at_most: Do nothing at all where more keys than this would be changed.
        ca: Certificates that are trusted of the proxy instead of the system's.
        json: Write the changes as JSON.
    """
    from stillwatch.core import Error
    from stillwatch.engine import Workspace
    from stillwatch.gateway.adapters.control import changes
    from stillwatch.gateway.adapters.hosts import Hosts
    from stillwatch.gateway.adapters.litellm_admin import Admin
    from stillwatch.gateway.adapters.wanted import Wishes
    from stillwatch.policy import read_policy, read_standing

    key = os.environ.get(_KEY)
    if not key:
        raise Error(f"set {_KEY} to the proxy's master key, or to the key of an administrator")
    opened = Workspace(workspace, make=False)
    path = standing or workspace / "standing" / "standing.arrow"
    known, now = read_standing(path), time.time()
    rules = read_policy(policy)
    if known.made is None:
        raise Error(f"{path}: no standing; without one every key would be let go")
    if now - known.made > rules.trust.stale_after:
        raise Error(f"{path}: the standing is older than the policy trusts ({rules.trust.stale_after} s); scan first")
    admin = Admin(litellm, key, ca=None if ca is None else str(ca))
    found = changes(admin.listed(), Wishes(rules, known), Hosts(opened.names), at=now)
    _show(found, as_json=json)
    if not apply:
        return
    if len(found) > at_most:
        raise Error(f"{len(found)} keys would be changed, more than --at-most {at_most}; nothing was done")
    for change in found:
        admin.carry_out(change)
    print(f"{len(found)} keys changed")


def _show(found: list[Change], *, as_json: bool) -> None:
    """The changes, without a name and without a key: its hash's first digits tell which."""
    from collections import Counter

    import msgspec

    from stillwatch.core import handle

    if as_json:
        told = [{**_told(change), "account": handle("account", change.account)} for change in found]
        print(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
        return
    for change in found:
        appeal = f", appeal {change.appeal}" if change.appeal else ""
        print(f"{change.what:9}{change.token[:12]}  {handle('account', change.account)}  {change.code}{appeal}")
        limits = {name: value for name, value in change.update.items() if name != "metadata"}
        if limits:
            print(
                "         ", ", ".join(f"{name} {'none' if value is None else value}" for name, value in limits.items())
            )
        for one in change.lost:
            print("          ", one)
    kinds = Counter(change.what for change in found)
    print(
        "nothing to change" if not found else ", ".join(f"{count} to {what}" for what, count in sorted(kinds.items()))
    )


def _told(change: Change) -> dict[str, object]:
    limits = {name: value for name, value in change.update.items() if name != "metadata"}
    return {
        "token": change.token,
        "what": change.what,
        "code": change.code,
        "appeal": change.appeal,
        "limits": limits,
        "block": change.block,
        "not_carried_out": change.lost,
    }
