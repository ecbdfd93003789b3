"""The tables of a run as the record that every report is drawn from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.actors import LOOKALIKES, TESTS
from stillwatch.core import Decision, Settings, Support, Technique, Vote, handle
from stillwatch.engine import Store, Workspace, table
from stillwatch.pipeline.detect import Findings
from stillwatch.pipeline.pictures import texts
from stillwatch.report import (
    AccountView,
    ActorView,
    CalibrationView,
    ErrorBudget,
    Example,
    FamilyView,
    FieldCoverage,
    HeldOutTest,
    HourCount,
    LinkPicture,
    LookalikeCheck,
    MemberView,
    RejectCount,
    ReleaseMark,
    RunFacts,
    ScanView,
    SettingUsed,
    SharedThing,
    SignalReading,
    Tie,
    UndecidedCount,
    redact_examples,
)
from stillwatch.signals import SIGNALS

__all__ = ["view"]

_ACCOUNTS_SHOWN = 50
_RANK = {Decision.REVIEW: 0, Decision.UNDECIDED: 1, Decision.SET_ASIDE: 2, Decision.QUIET: 3}
_SHARES = {
    "template_persists",
    "elicitation",
    "open_requests",
    "newcomers",
    "shared_instruments",
    "single_turn",
    "distinct_prompts",
}

_GUARANTEES = (
    """Among the actors put up for review the expected share of wrong ones is at most the budget (e-BH, under any dependence between
    candidates), if in the held-out hours the members of a false candidate are a random group of accounts as busy as they.""",
    """Candidates were found in one half of each account's hours and tested in the other half.""",
    """The budget bounds chance groups only. An innocent group that shares a template and asks for the same things breaks that null without
    being an operator; how many such groups pass is measured on lookalikes, not bounded. That is why innocent explanations are checked one
    by one, and why a person decides.""",
)
_LIMITS = (
    "Templates sent by fewer accounts than the support in the discovery hours are not mined.",
    "A harvest without any shared template, instrument or place leaves no link here, whatever its size.",
    "Bought transcripts and other hosts leave no trace in these logs.",
)


def view(
    workspace: Workspace,
    findings: Findings,
    settings: Settings,
    *,
    facts: RunFacts,
) -> ScanView:
    """Read the tables of the run that was just committed into a `ScanView`."""
    store = workspace.store
    actors = store.read("actors").to_pylist()
    ranked = sorted(
        actors, key=lambda a: (_RANK[Decision(a["decision"])], -(a["e_value"] or 0.0), -a["accounts"], a["actor"])
    )
    families = {row["family"]: row for row in store.read("families").to_pylist()}
    evidence = _by_actor(store.read("actor_evidence"))
    members = _by_actor(store.read("actor_members"))
    known = {row["account"]: row for row in _facts_of(store, members)}
    examples = _examples(store, ranked, families, findings, settings)
    releases = tuple(ReleaseMark(model=r["model"], at=r["at"]) for r in store.read("releases").to_pylist())
    links = store.read("links")
    return ScanView(
        run=facts,
        actors=tuple(
            _actor(
                one, evidence[one["actor"]], members[one["actor"]], families, examples, known, releases, links, findings
            )
            for one in ranked
        ),
        accounts=_accounts(store, known_actors=members, actors=ranked, findings=findings),
        budgets=_budgets(ranked, findings, settings),
        calibration=tuple(_calibration(row) for row in store.read("calibration").to_pylist()),
        undecided=_undecided(store, ranked),
        rejects=_rejects(store),
        guarantees=tuple(" ".join(words.split()) for words in _GUARANTEES),
        limits=_LIMITS,
    )


def coverage(findings: Findings) -> tuple[FieldCoverage, ...]:
    """How often the fields that detection leans on were known."""
    counts = findings.pictures.coverage
    total = counts.get("exchanges") or 0
    costs = {
        "account": "unattributed exchanges are left out of everything about accounts",
        "prompt": "without text there are no templates, topics or techniques",
        "ip": "no links by address or subnet, no fan-out",
        "user_agent": "no fan-out over clients",
        "turns": "single-turn behaviour is unknown",
        "output_tokens": "the yield in tokens is unknown",
        "conversation": "conversations cannot be followed",
    }
    return tuple(
        FieldCoverage(field=field, known=(counts[field] or 0) / total if total else 0.0, costs=cost)
        for field, cost in costs.items()
    )


def settings_used(settings: Settings) -> tuple[SettingUsed, ...]:
    """Settings that shaped the result: the budgets, and everything that was changed."""
    plain = Settings()
    changed = {
        path: value for path, value in settings.changed().items() if path not in ("run.workers", "run.memory_mb")
    }
    shown = {
        "detect.account_fdr",
        "detect.contamination",
        "actors.actor_fdr",
        "actors.family_support",
        "actors.least_members",
        *changed,
    }

    def value(of: Settings, path: str) -> str:
        room, name = path.split(".")
        return str(getattr(getattr(of, room), name))

    return tuple(
        SettingUsed(name=path, value=value(settings, path), default=value(plain, path) if path in changed else "")
        for path in sorted(shown)
    )


def _by_actor(rows: pa.Table) -> dict[int, list[dict[str, Any]]]:
    out: dict[int, list[dict[str, Any]]] = {}
    for row in rows.to_pylist():
        out.setdefault(row["actor"], []).append(row)
    return out


def _facts_of(store: Store, members: Mapping[int, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    wanted = pa.array(sorted({row["account"] for rows in members.values() for row in rows}), pa.int64())
    facts = store.read("account_facts", ["account", "plan", "product_type", "signup_path", "created"])
    rows: list[dict[str, Any]] = facts.filter(pc.is_in(facts.column("account"), wanted)).to_pylist()
    return rows


def _examples(
    store: Store,
    actors: Sequence[Mapping[str, Any]],
    families: Mapping[int, Mapping[str, Any]],
    findings: Findings,
    settings: Settings,
) -> dict[int, tuple[Example, ...]]:
    """Redacted examples of the families of the actors for review and of the largest that were set aside."""
    if not settings.run.examples:
        return {}
    shown = [a for a in actors if a["decision"] == Decision.REVIEW] + [
        a for a in actors if a["decision"] != Decision.REVIEW
    ][:12]
    wanted = [f for a in shown for f in a["families"]]
    out: dict[int, tuple[Example, ...]] = {}
    for scope in ("prompt", "system"):
        here = {f: findings.pictures.examples.get(f, []) for f in wanted if families[f]["scope"] == scope}
        found = texts(store, [e for ids in here.values() for e in ids], scope)
        for family, ids in here.items():
            raw = [found[e] for e in ids if e in found]
            out[family] = redact_examples(raw, show=settings.run.examples) if raw else ()
    return out


def _actor(
    row: Mapping[str, Any],
    evidence: Sequence[Mapping[str, Any]],
    members: Sequence[Mapping[str, Any]],
    families: Mapping[int, Mapping[str, Any]],
    examples: Mapping[int, tuple[Example, ...]],
    known: Mapping[int, Mapping[str, Any]],
    releases: tuple[ReleaseMark, ...],
    links: pa.Table,
    findings: Findings,
) -> ActorView:
    ordered = sorted(members, key=lambda m: (-m["harvest_exchanges"], -m["exchanges"], m["account"]))
    techniques = sorted({str(t) for f in row["families"] for t in _techniques(families[f]["elicitation"])})
    return ActorView(
        handle=handle("actor", row["actor"]),
        decision=Decision(row["decision"]),
        reason=row["reason"],
        accounts=row["accounts"],
        exchanges=row["exchanges"],
        harvest_exchanges=row["harvest_exchanges"],
        yield_exchanges=row["yield_exchanges"],
        capability=row["capability"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        yield_tokens=row["yield_tokens"],
        techniques=tuple(techniques),
        found_by=tuple(row["found_by"]),
        tests=tuple(_test(e) for e in evidence if e["test"] in TESTS),
        e_value=row["e_value"],
        threshold=row["threshold"],
        lookalikes=tuple(_lookalike(e) for e in evidence if e["test"].startswith("lookalike:")),
        families=tuple(
            _family(families[f], examples.get(f, ()), findings.pictures.inside.get((row["actor"], f)))
            for f in row["families"]
        ),
        members=tuple(_member(m, known.get(m["account"], {})) for m in ordered),
        links=_picture(row, ordered, links),
        hours=tuple(
            HourCount(at=dt.datetime.fromtimestamp(hour * 3600, dt.UTC), harvest=harvest, other=other)
            for hour, harvest, other in findings.pictures.hours.get(row["actor"], [])
        ),
        releases=tuple(r for r in releases if row["first_seen"] - dt.timedelta(days=2) <= r.at <= row["last_seen"]),
    )


def _techniques(bits: int) -> list[Technique]:
    return [technique for place, technique in enumerate(Technique) if bits >> place & 1]


def _test(row: Mapping[str, Any]) -> HeldOutTest:
    test = TESTS[row["test"]]
    return HeldOutTest(
        test=row["test"],
        vote=Vote(row["vote"]),
        supports=Support(row["supports"]),
        n=row["n"],
        null=row["null"],
        sentence=row["sentence"],
        title=row["test"].replace("_", " "),
        unit="share" if test.name in _SHARES else "",
        value=row["value"],
        low=row["low"],
        high=row["high"],
        expected=row["expected"],
        needed=row["needed"],
        p_value=row["p_value"],
        e_value=row["e_value"],
    )


def _lookalike(row: Mapping[str, Any]) -> LookalikeCheck:
    name = row["test"].partition(":")[2]
    meaning = (LOOKALIKES[name].__doc__ or "").splitlines()[0] if name in LOOKALIKES else ""
    return LookalikeCheck(
        name=name.replace("_", " "),
        fits=None if row["value"] is None else row["supports"] == Support.INNOCENT,
        why=row["sentence"],
        meaning=meaning,
    )


def _family(row: Mapping[str, Any], examples: tuple[Example, ...], inside: float | None) -> FamilyView:
    return FamilyView(
        handle=handle("family", row["family"]),
        scope=row["scope"],
        exchanges=row["exchanges"],
        accounts=row["accounts"],
        first_at=row["first_at"],
        last_at=row["last_at"],
        distinct=row["distinct_prompts"],
        single_turn=row["single_turn"],
        exclusivity=row["exclusivity"],
        inside=inside,
        fragments=row["fragments"],
        joined_by=row["joined_by"],
        techniques=tuple(str(t) for t in _techniques(row["elicitation"])),
        examples=examples,
    )


def _member(row: Mapping[str, Any], facts: Mapping[str, Any]) -> MemberView:
    return MemberView(
        handle=handle("account", row["account"]),
        exchanges=row["exchanges"],
        harvest_exchanges=row["harvest_exchanges"],
        links=row["links"],
        weight=row["weight"],
        reason=row["reason"],
        product_type=facts.get("product_type"),
        plan=facts.get("plan"),
        signup_path=facts.get("signup_path"),
        created=facts.get("created"),
        first_seen=row["valid_from"],
    )


def _picture(row: Mapping[str, Any], members: Sequence[Mapping[str, Any]], links: pa.Table) -> LinkPicture:
    """The actor's accounts and the things that at least two of them share, hubs left out."""
    place = {m["account"]: i for i, m in enumerate(members)}
    own = links.filter(
        pc.and_(pc.is_in(links.column("account"), pa.array(list(place), pa.int64())), pc.invert(links.column("hub")))
    ).to_pylist()
    shared: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for link in own:
        if link["kind"] != "family" or link["object"] in row["families"]:
            shared.setdefault((link["kind"], link["object"]), []).append(link)
    held = sorted(
        ((key, ties) for key, ties in shared.items() if len(ties) >= 2), key=lambda pair: (-len(pair[1]), pair[0])
    )[:60]
    things = tuple(
        SharedThing(
            key=f"{kind}:{thing}",
            kind=kind,
            label=handle("family", thing) if kind == "family" else f"{kind} {handle('exchange', thing)[-4:]}",
            members=len(ties),
            population=ties[0]["object_accounts"],
            weight=ties[0]["weight"],
            reason=ties[0]["reason"],
        )
        for (kind, thing), ties in held
    )
    ties_drawn = tuple(
        Tie(account=place[link["account"]], thing=t, weight=link["weight"])
        for t, (_, ties) in enumerate(held)
        for link in ties
    )
    return LinkPicture(
        accounts=tuple(handle("account", m["account"]) for m in members),
        things=things,
        ties=ties_drawn,
        of_members=len(members),
    )


def _accounts(
    store: Store,
    *,
    known_actors: Mapping[int, Sequence[Mapping[str, Any]]],
    actors: Sequence[Mapping[str, Any]],
    findings: Findings,
) -> tuple[AccountView, ...]:
    """The accounts with most evidence of their own, those for review first."""
    combined = _evidence(store, (pc.field("signal") == "combined") & pc.field("e_value").is_valid())
    order = {"review": 0, "undecided": 1, "quiet": 2}
    rank = pa.array([order.get(d, 3) for d in combined.column("decision").to_pylist()], pa.int8())
    by = [("rank", "ascending"), ("e_value", "descending"), ("account", "ascending")]
    rows = combined.append_column("rank", rank).sort_by(by).slice(0, _ACCOUNTS_SHOWN).to_pylist()
    chosen = pa.array([row["account"] for row in rows], pa.int64())
    signals: dict[int, list[dict[str, Any]]] = {}
    for row in _evidence(store, pc.field("account").isin(chosen) & (pc.field("signal") != "combined")).to_pylist():
        signals.setdefault(row["account"], []).append(row)
    quantiles = {
        (row["signal"], row["stratum"]): tuple(row["quantiles"]) for row in store.read("calibration").to_pylist()
    }
    facts_table = store.read("account_facts")
    facts = {
        row["account"]: row for row in facts_table.filter(pc.is_in(facts_table.column("account"), chosen)).to_pylist()
    }
    reviewed = {a["actor"] for a in actors if a["decision"] == Decision.REVIEW}
    of_actor = {
        m["account"]: handle("actor", actor)
        for actor, rows_ in known_actors.items()
        if actor in reviewed
        for m in rows_
    }
    return tuple(
        _account(row, signals.get(row["account"], []), quantiles, facts.get(row["account"], {}), of_actor, findings)
        for row in rows
    )


def _evidence(store: Store, wanted: pc.Expression) -> pa.Table:
    """Some rows of `account_evidence`, read part by part: the whole has a row an account and signal."""
    parts = [pq.read_table(path, filters=wanted) for path in store.files("account_evidence")]
    schema = table("account_evidence").schema
    return pa.concat_tables([part.cast(schema) for part in parts]) if parts else schema.empty_table()


def _account(
    row: Mapping[str, Any],
    signals: Sequence[Mapping[str, Any]],
    quantiles: Mapping[tuple[str, str], tuple[float, ...]],
    facts: Mapping[str, Any],
    of_actor: Mapping[int, str],
    findings: Findings,
) -> AccountView:
    loud = sorted(signals, key=lambda s: (s["e_value"] is None, -(s["e_value"] or 0.0), s["signal"]))[:6]
    return AccountView(
        handle=handle("account", row["account"]),
        decision=Decision(row["decision"]),
        reason=row["reason"] or "",
        exchanges=row["n"],
        stratum=row["stratum"],
        p_value=row["p_value"],
        e_value=row["e_value"],
        threshold_p=findings.threshold_p,
        needed=row["needed"],
        actor=of_actor.get(row["account"]),
        plan=facts.get("plan"),
        signup_path=facts.get("signup_path"),
        created=facts.get("created"),
        signals=tuple(
            SignalReading(
                signal=s["signal"],
                n=s["n"],
                title=SIGNALS[s["signal"]].title,
                unit=SIGNALS[s["signal"]].unit,
                value=s["value"],
                needed=s["needed"],
                p_value=s["p_value"],
                e_value=s["e_value"],
                quantiles=quantiles.get((s["signal"], s["stratum"]), ()),
                null=s["null"],
                sentence=s["reason"] or SIGNALS[s["signal"]].meaning,
            )
            for s in loud
        ),
    )


def _budgets(actors: Sequence[Mapping[str, Any]], findings: Findings, settings: Settings) -> tuple[ErrorBudget, ...]:
    tested = [a for a in actors if a["e_value"] is not None]
    found = [a for a in actors if a["decision"] == Decision.REVIEW]
    best = max((a["e_value"] for a in tested), default=None)
    return (
        ErrorBudget(
            level="actors",
            method="e-BH",
            rate=settings.actors.actor_fdr,
            tested=len(actors),
            found=len(found),
            needed=min((a["threshold"] for a in actors if a["threshold"] is not None), default=None),
            best=best,
            can_fire=bool(actors),
            note="" if actors else "No group of accounts was tied closely enough to be a candidate.",
        ),
        ErrorBudget(
            level="accounts",
            method="BH",
            rate=settings.detect.account_fdr,
            tested=findings.tested,
            found=findings.for_review,
            needed=findings.threshold_p,
            best=findings.best_p,
            can_fire=findings.can_fire,
            note=findings.note,
        ),
    )


def _calibration(row: Mapping[str, Any]) -> CalibrationView:
    signal = SIGNALS.get(row["signal"])
    return CalibrationView(
        signal=row["signal"],
        stratum=row["stratum"],
        accounts=row["accounts"],
        undecided=row["undecided"],
        trimmed=row["trimmed"],
        calibration_n=row["calibration_n"],
        contamination_bound=row["contamination_bound"],
        smallest_p=row["smallest_p"],
        uniformity=row["uniformity"],
        quantiles=tuple(row["quantiles"]),
        meaning=signal.meaning if signal else "The account's evidence taken together.",
        unit=signal.unit if signal else "e-value",
    )


def _undecided(store: Store, actors: Sequence[Mapping[str, Any]]) -> tuple[UndecidedCount, ...]:
    undecided = _evidence(store, (pc.field("signal") == "combined") & (pc.field("decision") == "undecided"))
    waiting = undecided.filter(pc.is_valid(undecided.column("needed")))
    out = []
    if waiting.num_rows:
        need = int(pc.max(waiting.column("needed")).as_py())
        out.append(
            UndecidedCount(
                what="accounts", count=waiting.num_rows, why="too few exchanges", needs=f"up to {need} exchanges"
            )
        )
    if undecided.num_rows > waiting.num_rows:
        out.append(
            UndecidedCount(
                what="accounts",
                count=undecided.num_rows - waiting.num_rows,
                why="unusual, but accounts that calibrate one another cannot show who is guilty",
                needs="accounts that an analyst has cleared",
            )
        )
    held_back = [a for a in actors if a["decision"] == Decision.UNDECIDED]
    if held_back:
        out.append(
            UndecidedCount(
                what="candidate actors",
                count=len(held_back),
                why="too few members in the held-out hours",
                needs="more hours of logs",
            )
        )
    return tuple(out)


def _rejects(store: Store) -> tuple[RejectCount, ...]:
    rows = store.read("rejects")
    counted = (
        rows.group_by(["path", "format", "field", "reason"]).aggregate([("line", "count"), ("line", "min")]).to_pylist()
    )
    ordered = sorted(counted, key=lambda r: (-r["line_count"], r["path"], r["field"], r["reason"]))[:200]
    return tuple(
        RejectCount(
            path=r["path"],
            format=r["format"] or "",
            field=r["field"],
            reason=r["reason"],
            count=r["line_count"],
            line=r["line_min"],
        )
        for r in ordered
    )
