"""What a later scan saw of a case's actor: members that are new, and what became of the actor. Records of the journal, by the pipeline."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.cases.desk import Desk, note_entry, sealed_members, subject_of
from stillwatch.cases.journal import Private
from stillwatch.cases.opening import Member
from stillwatch.cases.record import State

__all__ = ["continue_case", "propose"]


def continue_case(
    desk: Desk, case_id: str, members: Sequence[Member], *, run: str, e_value: float | None, by: str
) -> None:
    """Record that a scan saw new members of a case's actor. They join the case only while it is open.

    Raises:
        CaseError: when there is no such case.
    """
    with desk.journal.writing() as append:
        case = desk.case(case_id)
        joins = case.state is State.OPEN
        then = "they are in the case" if joins else "no decision is about them; decide the case anew to take them in"
        note = f"the pipeline saw {len(members)} further members of {case.handle}: {then}"
        body = {"run": run, "e_value": e_value, "joins": joins}
        append([note_entry("case.continued", case, by, note, body, sealed_members("member", members))])


def propose(
    desk: Desk,
    case_id: str,
    *,
    step: str,
    about: str,
    by: str,
    why: str,
    other: str | None = None,
    members: Sequence[Member] = (),
) -> bool:
    """Propose a step to who decides a case, once; whether it was new.

    Args:
        desk: whose case it is.
        case_id: the case that is to take over another, or to give members off.
        step: `merge` or `split`.
        about: the actor because of which.
        by: who proposes.
        why: what was seen.
        other: the case to take over.
        members: those to give off.

    Raises:
        CaseError: when there is no such case.
    """
    with desk.journal.writing() as append:
        case = desk.case(case_id)
        for told in desk.book().by_case.get(case_id, ()):
            same = told.record.kind == "case.proposed" and told.record.body["step"] == step
            if same and told.private.get("about") == about:
                return False
        private = (Private(field="about", subject=subject_of(about), value=about),)
        body = {"step": step} | ({} if other is None else {"other": other})
        append([note_entry("case.proposed", case, by, why, body, (*private, *sealed_members("member", members)))])
    return True
