"""The vault has one door: what a warning is made of is opened by the desk, after a decision of two, and with a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.cases.desk import desk, opening
from tests.forum.harvest import NOW

from stillwatch.cases import Reason, Ruling
from stillwatch.pipeline import case_facts, sharing


def test_the_vault_opens_for_a_warning_only_where_the_desk_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bool] = []

    def things(*given: Any) -> Any:
        ask: Callable[[Sequence[str]], bool] = given[-1]
        opened.append(ask(["subnet"]))
        return [], [], (NOW.date(), NOW.date()), 4

    monkeypatch.setattr(sharing, "_things", things)
    made = desk(tmp_path)
    one, other = made.open(opening(), by="mary").id, made.open(opening("X-0000000000002"), by="mary").id
    made.decide(one, Ruling.VERIFY, Reason.COORDINATED_ACCOUNTS, by="mary", note="all")
    made.decide(other, Ruling.BLOCK, Reason.COORDINATED_ACCOUNTS, by="mary", note="all")
    for case in (one, other):
        case_facts(made.workspace, made, case, by="mary")
    made.approve(other, by="joe", note="read")
    case_facts(made.workspace, made, other, by="mary")
    assert opened == [False, False, True], "one person's ruling opens nothing, nor does one that awaits a second"
    (entry,) = [told for told in made.journal.history() if told.record.kind == "case.vault_opened"]
    assert entry.record.case == other
    assert entry.record.body["kinds"] == ["subnet"]
    assert "other labs" in entry.private["note"]
