"""The register of declared purposes as detection and the standing use it: by account, and ahead of what the file of account facts says.

A scan copies the register into the table `purposes`, so that the same tables give the same findings; it counts as of the last day of the
logs. The standing reads the journal itself, as of now: a declaration that is ended stops exempting at once.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from stillwatch.cases import Declared, Desk
from stillwatch.core import unhandle
from stillwatch.core.errors import CaseError, TamperingFound
from stillwatch.engine import Store, Workspace, table

__all__ = ["facts_with_purposes", "keep_purposes", "purposes_now"]

_Row = Mapping[str, Any]


def keep_purposes(workspace: Workspace) -> tuple[str, ...]:
    """Bring the table in step with the journal, by whoever writes to the workspace; what a summary has to say of it.

    A journal that cannot be trusted changes nothing: the register stays as it was last, and that is said.
    """
    try:
        rows = _rows(_register(workspace, None))
    except (TamperingFound, CaseError) as error:
        return (f"warning: declared purposes are those of the scan before: {error}",)
    made = pa.Table.from_pylist(rows, schema=table("purposes").schema)
    made = made.sort_by([(key, "ascending") for key in table("purposes").key])
    if not made.equals(workspace.store.read("purposes").combine_chunks()):
        workspace.store.put("purposes", made)
    return ()


def facts_with_purposes(store: Store, day: dt.date) -> pa.Table | None:
    """The table `account_facts` with what was declared for a day of the logs; `None` where the register says nothing of it.

    An account that the facts do not know gets a row that knows its purpose alone.
    """
    begin = dt.datetime.combine(day, dt.time(), dt.UTC)
    end = begin + dt.timedelta(days=1)
    rows = [r for r in store.read("purposes").to_pylist() if r["valid_from"] < end and begin < r["valid_until"]]
    if not rows:
        return None
    facts = store.read("account_facts")
    accounts, orgs = facts.column("account").to_pylist(), facts.column("org").to_pylist()
    said = {account: words[0] for account, words in _by_account(rows, zip(accounts, orgs, strict=True)).items()}
    before = facts.column("declared_programme").to_pylist()
    place = facts.schema.get_field_index("declared_programme")
    words = [said.get(account, old) for account, old in zip(accounts, before, strict=True)]
    told = facts.set_column(place, facts.schema.field(place), pa.array(words, facts.schema.field(place).type))
    new = [{"account": one, "declared_programme": said[one]} for one in sorted(said.keys() - set(accounts))]
    return pa.concat_tables([told, pa.Table.from_pylist(new, schema=facts.schema)]).sort_by("account").combine_chunks()


def purposes_now(workspace: Workspace, accounts: Iterable[int], desk: Desk | None = None) -> dict[int, list[str]]:
    """What the register says now of these accounts; those of whom it says nothing are left out.

    Raises:
        TamperingFound: when the journal is not as it was written.
    """
    register = _register(workspace, desk)
    now = dt.datetime.now(dt.UTC) if desk is None else desk.clock()
    rows = _rows({number: one for number, one in register.items() if one.counts(now)})
    if not rows:
        return {}
    facts = Store(workspace.root).read("account_facts", ["account", "org"]).to_pydict()
    org = dict(zip(facts["account"], facts["org"], strict=True))
    return _by_account(rows, ((account, org.get(account)) for account in accounts), known=True)


def _register(workspace: Workspace, desk: Desk | None) -> Mapping[int, Declared]:
    if desk is None and not (workspace.root / "desk").exists():
        return {}
    return (desk or Desk(workspace)).book().feedback.purposes


def _rows(register: Mapping[int, Declared]) -> list[dict[str, Any]]:
    """A row for every account and organisation of every declaration that counts at some time."""
    return [
        {
            "number": one.number,
            "kind": unhandle(name)[0],
            "about": unhandle(name)[1],
            "purpose": one.purpose.value,
            "valid_from": one.since,
            "valid_until": one.until,
        }
        for one in register.values()
        if one.standing
        for name in one.handles
    ]


def _by_account(
    rows: Iterable[_Row], accounts: Iterable[tuple[int, int | None]], *, known: bool = False
) -> dict[int, list[str]]:
    """Purposes by account, in the order of their words.

    Args:
        rows: of the table `purposes`.
        accounts: with the organisation of each, where it is known.
        known: whether only these accounts are asked for, and not others that a row names too.
    """
    of: dict[tuple[str, int], set[str]] = defaultdict(set)
    for row in rows:
        of[row["kind"], row["about"]].add(row["purpose"])
    found: dict[int, set[str]] = defaultdict(set)
    for account, org in accounts:
        words = of.get(("account", account), set()) | (set() if org is None else of.get(("org", org), set()))
        if words:
            found[account] |= words
    if not known:
        for (kind, about), words in of.items():
            if kind == "account":
                found[about] |= words
    return {account: sorted(words) for account, words in found.items()}
