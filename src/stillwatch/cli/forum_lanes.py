"""`stillwatch forum package`, `packages` and `embargo`: what goes to a government, and a flaw to those who have to mend it."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from stillwatch.cli.case import By, Flag, desk_in, me, word
from stillwatch.cli.forum import PolicyFile, forum_app, new_file, policy_of, preview_of
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["embargo_app", "forum_package", "forum_packages"]

embargo_app = App(
    name="embargo",
    help="Tell a flaw of a model or an API to those who have to mend it, and to others when its clock ends.",
)
forum_app.command(embargo_app)

_Parties = Annotated[list[str], Parameter(name="--party", negative=())]


@forum_app.command(name="package")
def forum_package(
    case: str,
    file: Path,
    /,
    *,
    recipient: str,
    process: str = "voluntary",
    reference: str = "",
    source: str | None = None,
    sign_off: Flag = False,
    policy: PolicyFile = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Write what of a case a government may be given, with the process that asks for it and the owner's marks. It is logged first.

    Needs a legal basis that carries the government lane, and a recipient that forum.toml names.

    Args:
        case: Id of the case (C-...).
        file: Where to write; nothing there is written over.
        recipient: Who gets it, as forum.toml names them.
        process: What asks for it: voluntary, subpoena, court_order, warrant or regulation.
        reference: Reference of that process; only what is voluntary has none.
        source: Name the organisation that the decision attributes the case to, by this published source (https); else nobody is named.
        sign_off: Sign off what was removed, and that it is handed over.
        workspace: Folder of the scan.
    """
    from stillwatch.engine import Workspace, durable_create
    from stillwatch.forum import Lane, keep_record, sender_of
    from stillwatch.forum.lanes.attribution import attribution
    from stillwatch.forum.lanes.government import Asked, Process, government_package
    from stillwatch.forum.lanes.recorded import of_lane, record_package

    new_file(file)
    asked = Process(
        asked=word(Asked, process, "process"), reference=reference, signed_off_by=me(by) if sign_off else ""
    )
    told = preview_of(case, workspace, policy, by, sign_off=sign_off)
    content = of_lane(told.objects, Lane.GOVERNMENT)
    rules, now = policy_of(policy, workspace), dt.datetime.now(dt.UTC)
    if source is not None:
        held = desk_in(workspace).case(case)
        content += attribution(content, held, sender_of(rules), source=source, today=now.date())
    data, digest = government_package(content, rules, recipient=recipient, process=asked, now=now)
    kept = keep_record(Workspace(workspace, make=False), told)
    record_package(desk_in(workspace), case=case, recipient=recipient, process=asked, sha256=digest, record=kept)
    durable_create(file, data, mode=0o600)
    print(f"{file}: {len(content)} objects for {recipient}, sha256 {digest}")


@forum_app.command(name="packages")
def forum_packages(*, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Print the log of legal process: every package that was made for a government.

    Args:
        workspace: Folder of the scan.
    """
    from stillwatch.forum.lanes.recorded import packages

    for one in packages(desk_in(workspace)):
        print("\t".join((one.at, one.case, one.recipient, one.asked, one.reference or "-", one.by, one.sha256)))


@embargo_app.command(name="begin")
def embargo_begin(
    number: str,
    /,
    *,
    parties: _Parties,
    reported: dt.date | None = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Start the clock of a flaw: 90 days from the day on which it was reported.

    Args:
        number: What the flaw is known by here.
        parties: Who has to mend it; say it once for each.
        reported: Day on which it was reported; today by default.
        workspace: Folder of the scan.
    """
    from stillwatch.forum.lanes.recorded import begin_embargo

    today = dt.datetime.now(dt.UTC).date()
    made = begin_embargo(
        desk_in(workspace), number, frozenset(parties), reported=reported or today, today=today, by=me(by)
    )
    print(f"{made.number}: until {made.ends}, to {', '.join(sorted(made.parties))} alone")


@embargo_app.command(name="list")
def embargo_list(*, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Print every flaw under embargo: its number, when its clock ends, and who may be told before.

    Args:
        workspace: Folder of the scan.
    """
    from stillwatch.forum.lanes.recorded import embargoes

    for number, one in sorted(embargoes(desk_in(workspace)).items()):
        print(f"{number}\t{one.ends}\t{', '.join(sorted(one.parties))}")


@embargo_app.command(name="longer")
def embargo_longer(
    number: str, party: str, days: int, /, *, by: By = None, workspace: Path = DEFAULT_WORKSPACE
) -> None:
    """Give a party the time that it asks for: once for each, up to 180 days in all.

    Args:
        number: Number of the flaw.
        party: Who asks.
        days: For how many days more.
        workspace: Folder of the scan.
    """
    from stillwatch.forum.lanes.recorded import ask_for_time

    today = dt.datetime.now(dt.UTC).date()
    made = ask_for_time(desk_in(workspace), number, party, days, today=today, by=me(by))
    print(f"{made.number}: until {made.ends}")


@embargo_app.command(name="tell")
def embargo_tell(
    number: str,
    told: Path,
    file: Path,
    /,
    *,
    to: str,
    policy: PolicyFile = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Write a flaw for somebody who may be told of it today, once no rule refuses it. It is logged first.

    Args:
        number: Number of the flaw.
        told: STIX file with the vulnerability, its notes and what mends it; nothing of who used it.
        file: Where to write; nothing there is written over.
        to: Who gets it: a party, or after the clock's end anybody.
        workspace: Folder of the scan.
    """
    from stillwatch.cases.canonical import canonical
    from stillwatch.engine import durable_create
    from stillwatch.forum import read_objects
    from stillwatch.forum.lanes.embargo import may_tell
    from stillwatch.forum.lanes.recorded import embargo_of, record_told
    from stillwatch.forum.stix.bundles import bundle

    new_file(file)
    desk, objects = desk_in(workspace), read_objects(told.read_bytes())
    may_tell(embargo_of(desk, number), objects, to=to, policy=policy_of(policy, workspace), now=dt.datetime.now(dt.UTC))
    data = canonical(bundle(objects))
    digest = hashlib.sha256(data).hexdigest()
    record_told(desk, number, to=to, sha256=digest, by=me(by))
    durable_create(file, data, mode=0o600)
    print(f"{file}: {len(objects)} objects for {to}, sha256 {digest}")
