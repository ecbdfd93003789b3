"""`stillwatch forum take`, `match`, `say`, `contest` and `feedback`: what other houses told, and what is said back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from stillwatch.cli._forum_said import pulled, write_said
from stillwatch.cli.case import By, Flag, desk_in, me, word
from stillwatch.cli.forum import PolicyFile, forum_app, new_file, policy_of, print_refusals
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    import datetime as dt

    from stillwatch.engine import Workspace
    from stillwatch.forum import Doubt, Refusal

__all__ = ["forum_contest", "forum_feedback", "forum_match", "forum_say", "forum_take"]

_AT_ONCE = 400
"""Objects that the rules read together, where the policy lets no fewer come at once."""


@forum_app.command(name="take")
def forum_take(file: Path | None = None, /, *, inbox: Path | None = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Take in what other houses sent, as far as no rule refuses it. Exit status 1 when something was refused.

    Args:
        file: A bundle, a TAXII envelope, a list of objects or one object.
        inbox: File that stillwatch forum pull fills: everything in it that is new here, in place of a file.
        workspace: Folder of the scan.
    """
    import datetime as dt

    from stillwatch.engine import Workspace
    from stillwatch.forum import ForumError, read_objects, take_in

    if (file is None) == (inbox is None):
        raise ForumError("name either a file or --inbox FILE")
    space = Workspace(workspace, make=False)
    now = dt.datetime.now(dt.UTC)
    refusals: list[Refusal] = []
    fresh = withdrawn = opinions = 0
    own = policy_of(None, workspace) if (workspace / "forum.toml").exists() else None
    most = _AT_ONCE if own is None else min(_AT_ONCE, own.objects_a_batch)
    batches = [(file.name, read_objects(file.read_bytes()))] if file is not None else _pulled(inbox, space, most)
    for source, objects in batches:
        told = take_in(space, objects, source=source, now=now, policy=own)
        fresh, withdrawn, opinions = fresh + told.fresh, withdrawn + told.withdrawn, opinions + told.opinions
        refusals += told.linted.refusals
    print(f"{fresh} indicators new or changed, {withdrawn} of them withdrawn; {opinions} opinions and sightings")
    if refusals:
        print_refusals(tuple(refusals))
        sys.exit(1)


@forum_app.command(name="match")
def forum_match(
    *, json_: Annotated[bool, Parameter(name="--json", negative=())] = False, workspace: Path = DEFAULT_WORKSPACE
) -> None:
    """Look in your own traffic with what other houses told. A match is a reason to look, never a verdict.

    Args:
        json_: Print JSON.
        workspace: Folder of the scan.
    """
    import dataclasses
    import datetime as dt

    from stillwatch.engine import Workspace
    from stillwatch.pipeline import heard

    told = heard(Workspace(workspace, make=False), now=dt.datetime.now(dt.UTC))
    if json_:
        print(json.dumps(dataclasses.asdict(told), indent=2, default=str))
        return
    for one in told.matches:
        alone = "worth a look by itself" if one.stands_alone else "says something only together with others"
        print(f"{one.kind}  {one.accounts:,} accounts; {one.corroboration}, confidence {one.confidence}; {alone}")
        print(f"      {one.indicator}")
        print(f"      our findings with these accounts: {', '.join(one.actors) or 'none'}")
    for account, kinds in told.several[:20]:
        print(f"{account} matches in {kinds} kinds")
    print(f"{len(told.matches)} indicators match, {len(told.not_used)} were not looked with")


@forum_app.command(name="say")
def forum_say(
    indicator: str,
    file: Path,
    /,
    *,
    seen: Flag = False,
    doubt: str | None = None,
    policy: PolicyFile = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Say of another house's indicator that it is seen here too, or that it misleads; recorded, and written into a file that can be sent.

    Args:
        indicator: Id of the indicator.
        file: Where to write; nothing there is written over.
        seen: It is in our own traffic: the decade of accounts and the days are told.
        doubt: Why it misleads: false-positive, not-harvesting, out-of-date or want-more-information.
        workspace: Folder of the scan.
    """
    import datetime as dt

    from stillwatch.engine import Workspace
    from stillwatch.forum import ForumError, not_harvesting, seen_too, sender_of
    from stillwatch.pipeline import heard

    if seen == (doubt is not None):
        raise ForumError("say either --seen or --doubt REASON")
    new_file(file)
    space = Workspace(workspace, make=False)
    now = dt.datetime.now(dt.UTC)
    rows = {row["id"]: row for row in space.store.read("indicators_in", ["id", "object"]).to_pylist()}
    if indicator not in rows:
        raise ForumError("no such indicator came in")
    rules = policy_of(policy, workspace)
    one, sender = json.loads(rows[indicator]["object"]), sender_of(rules)
    if doubt is not None:
        objects = not_harvesting(one, sender, _doubt(doubt), today=now.date())
    else:
        mine = next((m for m in heard(space, now=now).matches if m.indicator == indicator), None)
        if mine is None:
            raise ForumError("it matches nothing in our own traffic: only what was seen is told")
        first, last = (at or now for at in (mine.first_at, mine.last_at))
        objects = [
            seen_too(one, sender, accounts=mine.accounts, first=first.date(), last=last.date(), today=now.date())
        ]
    write_said(objects, file, about=indicator, policy=policy, by=by, workspace=workspace, now=now)
    print(f"{file}: {len(objects)} objects about {indicator}")


@forum_app.command(name="contest")
def forum_contest(indicator: str, ground: str, /, *, who: str, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Enter what somebody outside the forum has against an indicator: it is disputed until you look again.

    Args:
        indicator: Id of the indicator; or, with the ground `answered`, the number of a contest.
        ground: ours_and_innocent, shared_address, authorised_use, mistaken_identity, or answered.
        who: Who contests; only a digest is kept.
        workspace: Folder of the scan.
    """
    import datetime as dt

    from stillwatch.engine import Workspace
    from stillwatch.forum import Ground, answer, contest

    space = Workspace(workspace, make=False)
    if ground == "answered":
        answer(space, indicator)
        print(f"{indicator}: answered")
        return
    made = contest(space, indicator, word(Ground, ground, "ground"), who=who, now=dt.datetime.now(dt.UTC))
    print(f"{made}: {indicator} is disputed until somebody has looked again")


@forum_app.command(name="feedback")
def forum_feedback(*, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Tell your own cases what others made of their indicators; what speaks against one goes into the exculpatory part.

    Args:
        workspace: Folder of the scan.
    """
    from stillwatch.engine import Workspace
    from stillwatch.forum import feedback

    added = feedback(Workspace(workspace, make=False), desk_in(workspace), by=me(by))
    print(f"{added} statements added to cases")


def _pulled(inbox: Path | None, space: Workspace, most: int) -> Iterator[tuple[str, list[Any]]]:
    """What was pulled and is not known here in that version, in batches by who told it. What two servers tell differently is left out."""
    rows = space.store.read("indicators_in", ["id", "modified"]).to_pylist()
    known = {row["id"]: row["modified"] for row in rows}
    waiting: dict[str, list[Any]] = {}
    disputed = 0
    for one in pulled(inbox):
        disputed += one.disputed
        if one.disputed or _at(one.stix.get("modified")) == known.get(one.stix["id"], 0):
            continue
        batch = waiting.setdefault(one.sources[0], [])
        batch.append(one.stix)
        if len(batch) >= most:
            yield one.sources[0], waiting.pop(one.sources[0])
    yield from waiting.items()
    if disputed:
        print(f"{disputed} objects left out: two servers tell the same version differently")


def _at(text: Any) -> dt.datetime | None:
    import datetime as dt

    try:
        return dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _doubt(text: str) -> Doubt:
    from stillwatch.forum import Doubt, ForumError

    try:
        return Doubt(text.replace("_", "-").lower())
    except ValueError as error:
        raise ForumError(f"doubt: got {text!r}, expected one of {', '.join(Doubt)}") from error
