"""`stillwatch forum ask`, `answer`, `tally` and `told`: have you seen this actor, without anybody learning who has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from stillwatch.cli._forum_said import pulled_objects, write_said
from stillwatch.cli.case import By
from stillwatch.cli.forum import PolicyFile, forum_app, policy_of
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.forum.asking import Question

__all__ = ["forum_answer", "forum_ask", "forum_tally", "forum_told"]

_Inbox = Annotated[Path, Parameter(help="File that stillwatch forum pull fills from the members' collection.")]


@forum_app.command(name="ask")
def forum_ask(
    file: Path,
    indicators: list[str],
    /,
    *,
    policy: PolicyFile = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Ask who else has seen an actor, by its indicators; recorded, and written into a file to push to the members' collection.

    Args:
        file: Where to write; nothing there is written over.
        indicators: Ids of indicators of one actor, sent or received.
        workspace: Folder of the scan.
    """
    import datetime as dt

    from stillwatch.engine import Workspace
    from stillwatch.forum import ForumError, sender_of
    from stillwatch.forum.asking import question_object

    space = Workspace(workspace, make=False)
    known = {
        name
        for table in ("indicators_in", "indicators_out")
        for name in space.store.read(table, ["id"]).column("id").to_pylist()
    }
    if strange := sorted(set(indicators) - known):
        raise ForumError(f"{len(strange)} of these indicators neither left nor came in: ask about what the forum knows")
    sender, now = sender_of(policy_of(policy, workspace)), dt.datetime.now(dt.UTC)
    made = question_object(indicators, sender, today=now.date())
    write_said([made], file, about=made["id"], policy=policy, by=by, workspace=workspace, now=now)
    print(f"{made['id']}: asked about {len(made['object_refs'])} indicators; push {file} to the members' collection")


@forum_app.command(name="answer")
def forum_answer(
    file: Path,
    /,
    *,
    inbox: _Inbox,
    policy: PolicyFile = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Answer what others ask, by this house's own evidence, into a file to push to the counter's collection, which members cannot read.

    A question is answered once. Yes is told from three accounts on, and as a power of ten; no, only where everything was looked at.

    Args:
        file: Where to write; nothing there is written over.
        workspace: Folder of the scan.
    """
    import datetime as dt

    from stillwatch.core import read_settings
    from stillwatch.engine import Workspace
    from stillwatch.forum import sender_of
    from stillwatch.forum.asking import answer_object, answer_of, questions_in
    from stillwatch.forum.writing.objects import member_id
    from stillwatch.pipeline import seen_here

    space, now = Workspace(workspace, make=False), dt.datetime.now(dt.UTC)
    sender = sender_of(policy_of(policy, workspace))
    asked = [one for one in questions_in(pulled_objects(inbox)) if one.asker != member_id(sender.code)]
    done = _answered(space, asked)
    made = []
    for question in asked:
        if question in done:
            continue
        looked = seen_here(space, read_settings(workspace / "stillwatch.toml"), question.about, now=now)
        answer = answer_of(question, looked, done, today=now.date())
        made.append(answer_object(question, answer, looked, sender, today=now.date()))
        done.append(question)
        print(f"{question.id}: {answer}")
    if made:
        about = made[0]["object_refs"][0]
        write_said(made, file, about=about, policy=policy, by=by, workspace=workspace, now=now)
    print(f"{len(made)} questions answered; {len(asked) - len(made)} were answered before")


@forum_app.command(name="tally")
def forum_tally(
    file: Path,
    /,
    *,
    inbox: _Inbox,
    answers: Annotated[Path, Parameter(help="File that stillwatch forum pull fills from the counter's collection.")],
    policy: PolicyFile = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Count the answers (the counter alone can read them), and write what may be told: nothing about fewer than three labs but the asker.

    What was told is kept in tallies.json of the workspace: the same question is never counted anew.

    Args:
        file: Where to write; nothing there is written over.
        workspace: The counter's folder, with its forum.toml.
    """
    import datetime as dt

    from stillwatch.engine import Workspace
    from stillwatch.forum import left_before, sender_of
    from stillwatch.forum.asking import answers_in, questions_in, read_tallies, tally, told_object, write_tallies

    space = Workspace(workspace)
    sender, now = sender_of(policy_of(policy, workspace)), dt.datetime.now(dt.UTC)
    kept = space.root / "tallies.json"
    told, given = read_tallies(kept), answers_in(pulled_objects(answers))
    known = {one.question for one in told}
    waiting = 0
    for question in questions_in(pulled_objects(inbox)):
        one = None if question.id in known else tally(question, given.get(question.id, {}), told)
        if one is not None:
            told.append(one)
            print(f"{question.id}: {one.verdict}{f', {one.band} accounts or more' if one.band else ''}")
        elif question.id not in known:
            waiting += 1
    write_tallies(kept, told)
    left = left_before(space)
    made = [note for note in (told_object(one, sender, today=now.date()) for one in told) if note["id"] not in left]
    if made:
        about = made[0]["object_refs"][0]
        write_said(made, file, about=about, policy=policy, by=by, workspace=workspace, now=now)
    print(f"{len(made)} questions told; {waiting} wait for more labs")


@forum_app.command(name="told")
def forum_told(
    *,
    inbox: _Inbox,
    counter: Annotated[str, Parameter(help="Code of the house that counts: eight hex digits.")],
    policy: PolicyFile = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Say what the counter told of this house's questions: seen by three others or more, by none of them, or no answer.

    Args:
        workspace: Folder of the scan.
    """
    from stillwatch.forum import sender_of
    from stillwatch.forum.asking import questions_in, verdicts_in
    from stillwatch.forum.writing.objects import member_id

    objects, own = pulled_objects(inbox), member_id(sender_of(policy_of(policy, workspace)).code)
    told = verdicts_in(objects, counter)
    for question in questions_in(objects):
        if question.asker == own:
            verdict, band = told.get(question.id, ("waits for answers", None))
            print(f"{question.id}: {verdict}{f', {band} accounts or more' if band else ''}")


def _answered(space: Any, asked: list[Question]) -> list[Question]:
    """Those that this house has answered before: it has one answer for each, for ever."""
    from stillwatch.forum.asking import Answer

    rows = space.store.read("indicators_out", ["type", "object"]).to_pylist()
    notes = [json.loads(row["object"]) for row in rows if row["type"] == "note"]
    done = {ref for one in notes if one.get("abstract") in set(Answer) for ref in one["object_refs"]}
    return [question for question in asked if question.id in done]
