"""The vault opens for an approved case's members alone, and the journal says so before it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from tests.cases.desk import desk, opening

from stillwatch.cases import Desk, Reason, Ruling
from stillwatch.core import CaseError
from stillwatch.forum.tags import Kind, open_for_tagging
from stillwatch.pipeline import identifiers, keep_identities


class Watched:
    """A vault that knows a mail of every handle and notes what it was asked, and what the journal said by then."""

    def __init__(self, at: Desk) -> None:
        self.at = at
        self.asked: list[Sequence[str]] = []
        self.told: list[str] = []

    def identifiers(self, handles: Sequence[str], kinds: Iterable[Kind]) -> Mapping[tuple[str, Kind], Sequence[str]]:
        self.asked.append(handles)
        self.told = [record.kind for record in self.at.journal.records()]
        return {(handle, Kind.EMAIL): [f"{handle.lower()}@example.org"] for handle in handles[:2]}


def test_the_vault_opens_after_a_second_person_approved_and_says_so_first(tmp_path: Path) -> None:
    at = desk(tmp_path)
    case = at.open(opening(members=3), by="mary")
    vault = Watched(at)
    for _ in range(2):
        with pytest.raises(CaseError):
            open_for_tagging(at, vault, case.id, [Kind.EMAIL], by="mary", why="warn others")
        if case.state == "open":
            case = at.decide(case.id, Ruling.BLOCK, Reason.COORDINATED_ACCOUNTS, by="mary", note="all of it")
    at.approve(case.id, by="joe", note="checked")
    with pytest.raises(CaseError, match="say why"):
        open_for_tagging(at, vault, case.id, [Kind.EMAIL], by="mary", why=" ")
    assert vault.asked == []
    opened = open_for_tagging(at, vault, case.id, [Kind.EMAIL, Kind.PHONE], by="mary", why="warn others")
    assert vault.asked == [[member.handle for member in at.case(case.id).members]]
    assert vault.told[-1] == "case.vault_opened"
    assert len(opened.values[Kind.EMAIL]) == 2
    assert opened.without == {Kind.EMAIL: 1, Kind.PHONE: 3}
    told = at.case(case.id).history[-1]
    assert (told.what, told.by, told.note) == ("vault_opened", "mary", "warn others")
    journal = (
        (tmp_path / "w" / "desk" / "journal.jsonl")
        if (tmp_path / "w").exists()
        else at.journal.folder / "journal.jsonl"
    )
    assert b"@example.org" not in journal.read_bytes()


def test_a_ruling_of_one_person_or_one_withdrawn_opens_nothing(tmp_path: Path) -> None:
    at = desk(tmp_path)
    case = at.open(opening(members=2), by="mary")
    at.decide(case.id, Ruling.THROTTLE, Reason.COORDINATED_ACCOUNTS, by="mary", note="slow")
    vault = Watched(at)
    with pytest.raises(CaseError, match="second person approved"):
        open_for_tagging(at, vault, case.id, [Kind.EMAIL], by="mary", why="warn others")
    at.reopen(case.id, by="mary", why="appeal", contested=True)
    with pytest.raises(CaseError):
        open_for_tagging(at, vault, case.id, [Kind.EMAIL], by="mary", why="warn others")
    assert vault.asked == []


def test_identifiers_are_kept_for_the_owner_and_found_by_handle(tmp_path: Path) -> None:
    at = desk(tmp_path)
    space = at.workspace
    file = tmp_path / "ids.csv"
    file.write_text(
        'account,email,phone,name\nacme,jane@example.org,,Jane\nother,"joe@example.org",+442079460018,Joe\n'
    )
    assert keep_identities(space, file, Kind) == 3
    from stillwatch.core import handle

    shown = handle("account", space.names.name("account", "other"))
    found = identifiers(space, [shown], ["email", "phone", "card"])
    assert found == {(shown, "email"): ["joe@example.org"], (shown, "phone"): ["+442079460018"]}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (space.root / "vault").glob("identities-*"))
