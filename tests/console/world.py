"""A scanned workspace made in memory, of any size and with any text in its fields: what the console's tests and its bench look at."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from stillwatch.console import House
from stillwatch.core import Decision, Part, Support, Vote, handle
from stillwatch.engine import TABLES, Workspace
from stillwatch.report import (
    ActorView,
    ErrorBudget,
    Example,
    FamilyView,
    HeldOutTest,
    HistoryEvent,
    HourCount,
    LinkPicture,
    LookalikeCheck,
    LookView,
    MemberView,
    Piece,
    ReleaseMark,
    RunFacts,
    ScanView,
    SharedThing,
    Statement,
    Tie,
    TopicShare,
    UndecidedCount,
)
from stillwatch.signals import SIGNALS

__all__ = ["RUN", "account_of", "actor_of", "indicators_in", "made"]

RUN = "00ffeeddccbbaa99"
_AT = dt.datetime(2026, 9, 15, tzinfo=dt.UTC)
_STRATA = ("chat", "coding", "batch")
_QUANTILES = [0.0, 0.05, 0.2, 0.4, 0.6, 0.9, 0.99]


def account_of(number: int) -> int:
    """The pseudonym of the account of a number; in their order, as real ones are sorted but not dense."""
    return (number + 1) * 1_000_003


def actor_of(number: int) -> int:
    """The pseudonym of the actor of a number."""
    return (number + 1) * 7_000_003


def made(
    root: Path, *, accounts: int = 60, flagged: int = 10, actors: int = 3, members: int = 8, text: str = "plain words"
) -> Workspace:
    """A workspace with a scan in it.

    Args:
        accounts: accounts with a verdict.
        flagged: of these, the first so many are for review on their own evidence.
        actors: candidate actors; two of three are for review.
        members: accounts of each actor.
        text: stands in every field that holds words from outside or made from them.
    """
    workspace = Workspace(root)
    put = workspace.store.put
    with workspace.writing():
        put("account_evidence", _evidence(accounts, flagged, text))
        put("account_facts", _facts(accounts, text))
        put("links", _rows("links", [_link(i, text) for i in range(min(accounts, actors * members))]))
        put("actors", _rows("actors", [_actor(i, members, text) for i in range(actors)]))
        put(
            "actor_members",
            _rows("actor_members", [_member(i, j, members, text) for i in range(actors) for j in range(members)]),
        )
        put("families", _rows("families", [_family(i) for i in range(actors)]))
        put("calibration", _rows("calibration", [_calibration(name, s) for name in SIGNALS for s in _STRATA]))
        put("features", _rows("features", [_exchange("features", i) for i in range(20)]))
        put("exchanges", _rows("exchanges", [_exchange("exchanges", i) | _texts(text) for i in range(20)]))
        put("runs", _rows("runs", [{"run": int(RUN, 16), "version": "0", "settings": "{}", "summary": "{}"}]))
    folder = root / "reports" / RUN
    folder.mkdir(parents=True)
    (folder / "view.json").write_bytes(msgspec.json.encode(_view(accounts, actors, members, text)))
    return workspace


def declaration(handles: str) -> dict[str, Any]:
    """What a person writes into the form of a declared purpose, all but the purpose."""
    days = {"since": "2026-10-30", "until": "2026-12-01"}
    return {"handles": handles, "declarer": "Prof. Ada", "why": "form 7", **days}


def indicators_in(house: House, **fields: str) -> None:
    """Let a house have been told of one indicator, with some fields of one's own."""
    at = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    row = {
        "id": "indicator--00000000-0000-5000-8000-000000000001",
        "sender": "identity--00000000-0000-5000-8000-00000000000a",
        "source": "hub",
        "kind": "asn",
        "value": "64500",
        "stands_alone": False,
        "confidence": 60,
        "tlp": "amber",
        "pap": "amber",
        "permitted_actions": "monitor",
        "corroboration": "seed",
        "valid_from": at,
        "valid_until": at,
        "modified": at,
        "revoked": False,
        "received": at,
        "object": "{}",
        **fields,
    }
    with house.workspace.writing():
        house.workspace.store.put("indicators_in", _rows("indicators_in", [row]), made_from="forum")


def _rows(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=TABLES[name].schema)


def _evidence(accounts: int, flagged: int, text: str) -> Any:
    """One part a signal, then the verdicts, each in the order of the accounts: as a scan writes them."""
    rng = np.random.default_rng(1)
    ids = pa.array((np.arange(accounts, dtype=np.int64) + 1) * 1_000_003)
    strata = pa.array(np.arange(accounts) % 3, pa.int32())
    stratum = pa.DictionaryArray.from_arrays(strata, list(_STRATA)).cast(pa.string())
    n = pa.array(rng.integers(5, 400, accounts))
    for name in (*SIGNALS, "combined"):
        p = np.sort(rng.random(accounts))
        combined = name == "combined"
        first = np.arange(accounts) < flagged
        yield pa.Table.from_arrays(
            [
                ids,
                _same(name, accounts),
                pa.array(rng.random(accounts)),
                n,
                pa.nulls(accounts, pa.int64()),
                pa.array(p),
                pa.array(np.where(first, 1e6 / (np.arange(accounts) + 1), 0.5 / (p + 0.01))),
                stratum,
                pa.array(np.full(accounts, 500)),
                _same("an account is as others of its product type", accounts),
                pa.array(np.where(first, "review", "quiet")) if combined else pa.nulls(accounts, pa.string()),
                _same(f"Unlike others of its kind. {text}", accounts),
                pa.nulls(accounts, pa.string()),
            ],
            schema=TABLES["account_evidence"].schema,
        )


def _same(word: str, n: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), [word]).cast(pa.string())


def _facts(accounts: int, text: str) -> pa.Table:
    given = {
        "account": pa.array((np.arange(accounts, dtype=np.int64) + 1) * 1_000_003),
        "plan": _same(text, accounts),
        "product_type": _same("chat", accounts),
        "signup_path": _same(text, accounts),
    }
    schema = TABLES["account_facts"].schema
    return pa.Table.from_arrays([given.get(one.name, pa.nulls(accounts, one.type)) for one in schema], schema=schema)


def _link(number: int, text: str) -> dict[str, Any]:
    told = {"account": account_of(number), "kind": "payment", "object": 77, "weight": 1.5, "exchanges": None}
    return told | {"object_accounts": 9, "hub": False, "reason": text}


def _decision(number: int) -> Decision:
    return Decision.SET_ASIDE if number % 3 == 2 else Decision.REVIEW


def _actor(number: int, members: int, text: str) -> dict[str, Any]:
    return {
        "actor": actor_of(number),
        "first_seen": _AT,
        "last_seen": _AT + dt.timedelta(hours=20),
        "accounts": members,
        "exchanges": 900 + number,
        "harvest_exchanges": 800,
        "yield_exchanges": 700,
        "yield_tokens": 90_000,
        "capability": f"worked reasoning {text}",
        "found_by": ["family"],
        "families": [number + 1],
        "e_value": 1e9 / (number + 1),
        "threshold": 200.0,
        "decision": _decision(number).value,
        "lookalike": "classroom",
        "lookalike_fits": False,
        "reason": f"templates shared by newcomers {text}",
        "evidence": 1e9 / (number + 1),
        "looks": 1,
    }


def _member(number: int, place: int, members: int, text: str) -> dict[str, Any]:
    return {
        "actor": actor_of(number),
        "account": account_of(number * members + place),
        "valid_from": _AT,
        "links": 2,
        "weight": 1.0,
        "exchanges": 100,
        "harvest_exchanges": 90,
        "reason": text,
    }


def _family(number: int) -> dict[str, Any]:
    told = {"family": number + 1, "scope": "prompt", "anchors": [1, 2], "fragments": 1, "joined_by": ""}
    counts = {"exchanges": 10, "accounts": 5, "distinct_prompts": 1.0, "elicitation": 1}
    return told | counts | {"first_at": _AT, "last_at": _AT}


def _calibration(signal: str, stratum: str) -> dict[str, Any]:
    told = {"signal": signal, "stratum": stratum, "accounts": 20, "undecided": 1, "trimmed": 0, "calibration_n": 500}
    return told | {"contamination_bound": 0.01, "smallest_p": 0.002, "uniformity": 0.4, "quantiles": _QUANTILES}


def _exchange(name: str, number: int) -> dict[str, Any]:
    """An exchange of the first account; the other columns are unknown where they may be."""
    told: dict[str, Any] = {}
    for one in TABLES[name].columns:
        if one.required:
            told[one.name] = {pa.string(): "jsonl"}.get(one.type, 0)
    return told | {"exchange_id": number + 1, "account": account_of(0), "at": _AT + dt.timedelta(minutes=number)}


def _texts(text: str) -> dict[str, str]:
    return {name: f"{name} {text}" for name in ("system", "prompt", "output", "reasoning")}


def _view(accounts: int, actors: int, members: int, text: str) -> ScanView:
    return ScanView(
        run=RunFacts(run=RUN, version="0", exchanges=9_000, accounts=accounts, first_at=_AT, last_at=_AT, command=text),
        actors=tuple(_actor_view(i, members, text) for i in range(actors)),
        budgets=(
            ErrorBudget(level="actors", method="e-BH", rate=0.05, tested=actors, found=actors, needed=200.0, note=text),
            ErrorBudget(level="accounts", method="BH", rate=0.05, tested=accounts, found=3, needed=0.01, note=text),
        ),
        undecided=(UndecidedCount(what="accounts", count=4, why=text, needs=text),),
        guarantees=(text,),
        limits=(text,),
    )


def _actor_view(number: int, members: int, text: str) -> ActorView:
    names = [handle("account", account_of(number * members + j)) for j in range(members)]
    return ActorView(
        handle=handle("actor", actor_of(number)),
        decision=_decision(number),
        reason=text,
        accounts=members,
        exchanges=900,
        harvest_exchanges=800,
        yield_exchanges=700,
        yield_tokens=90_000,
        capability=f"worked reasoning {text}",
        first_seen=_AT,
        last_seen=_AT + dt.timedelta(hours=20),
        techniques=("reasoning_request",),
        found_by=("family",),
        tests=(
            HeldOutTest(
                test="tiling",
                vote=Vote.COORDINATION,
                supports=Support.HARVEST,
                n=40,
                null=text,
                sentence=text,
                value=2.0,
                expected=9.0,
                p_value=0.01,
                e_value=40.0,
            ),
        ),
        e_value=1e9 / (number + 1),
        threshold=200.0,
        lookalikes=(LookalikeCheck(name="classroom", fits=False, why=text, meaning=text),),
        families=(
            FamilyView(
                handle=handle("family", number + 1),
                scope="prompt",
                exchanges=10,
                accounts=5,
                joined_by=text,
                techniques=("reasoning_request",),
                examples=(Example(pieces=(Piece(constant=True, text=text, length=9),)),),
            ),
        ),
        members=tuple(
            MemberView(handle=one, exchanges=100, harvest_exchanges=90, links=2, weight=1.0, reason=text, plan=text)
            for one in names
        ),
        links=LinkPicture(
            accounts=tuple(names),
            things=(
                SharedThing(key="payment:77", kind="payment", label=text, members=members, population=9, reason=text),
                SharedThing(key="subnet:5", kind="subnet", label="subnet 5", members=2, reason=text),
            ),
            ties=(*(Tie(account=i, thing=0) for i in range(members)), Tie(account=0, thing=1), Tie(account=1, thing=1)),
            of_members=members,
        ),
        hours=tuple(HourCount(at=_AT + dt.timedelta(hours=i), harvest=i, other=2) for i in range(20)),
        releases=(ReleaseMark(model=text, at=_AT),),
        topics=(TopicShare(label=text, share=0.4),),
        statements=(Statement(part=Part.OBSERVED, sentence=text, ground=text),),
        looks=(LookView(day=_AT, accounts=members, decision=Decision.REVIEW, e_value=3.0, evidence=3.0),),
        events=(HistoryEvent(at=_AT, what=text),),
    )
