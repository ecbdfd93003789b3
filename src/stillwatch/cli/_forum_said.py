"""What commands of the forum have in common when they say something, and when they read what was pulled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillwatch.cli.case import desk_in, me
from stillwatch.cli.forum import new_file, policy_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from stillwatch.forum.taxii import Held

__all__ = ["pulled", "pulled_objects", "write_said"]


def pulled(inbox: Path | None) -> Iterator[Held]:
    """What stillwatch forum pull has fetched, in newest versions.

    Raises:
        FormatError: when nothing was.
    """
    from stillwatch.core import FormatError
    from stillwatch.forum.taxii import Inbox

    if inbox is None or not inbox.exists():
        raise FormatError(f"{inbox}: nothing was pulled yet")
    box = Inbox(inbox)
    try:
        yield from box.objects()
    finally:
        box.close()


def pulled_objects(inbox: Path) -> list[dict[str, Any]]:
    """The objects that were fetched, without those that two servers tell differently."""
    return [one.stix for one in pulled(inbox) if not one.disputed]


def write_said(
    objects: list[dict[str, Any]],
    file: Path,
    *,
    about: str,
    policy: Path | None,
    by: str | None,
    workspace: Path,
    now: dt.datetime,
) -> None:
    """Record what is said, in the journal first, and write it once no rule refuses it.

    Raises:
        ForumError: when a rule refuses, or the file is there already.
    """
    import hashlib

    from stillwatch.engine import Workspace, durable_create
    from stillwatch.forum import left_before, passed_on, record_said, said

    new_file(file)
    space, rules = Workspace(workspace, make=False), policy_of(policy, workspace)
    whole, data = said(objects, rules, left_before(space), now=now, passed_today=passed_on(space, now.date()))
    digest = hashlib.sha256(data).hexdigest()
    record_said(space, desk_in(workspace), whole, about=about, sha256=digest, by=me(by), now=now)
    durable_create(file, data, mode=0o600)
