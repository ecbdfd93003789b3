"""What a case's accounts share with hardly anybody else, as the forum may know it: counts, shapes and marks, no handle and no text.

Raw values of subnets, clients and TLS fingerprints come from the vault, for a case that two people decided: the desk opens it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.cases import NEEDS_TWO, Case, Desk, Reason, Ruling
from stillwatch.core import PRESSING, CaseError, Technique, unhandle
from stillwatch.engine import DuckEngine, Relation, Sql, Workspace
from stillwatch.forum.indicators import CaseFacts, LeftOut, Thing, objective_of
from stillwatch.forum.words import ForumError, Kind
from stillwatch.pipeline.view_examples import texts_of
from stillwatch.text import LEAST_ALIKE, WIDTH_OF_HASHES, Fingerprint, template_fingerprint

__all__ = ["case_facts", "family_fingerprints", "written"]

_SHARED = Sql(
    "sharing_things",
    """
    select t.kind, t.value, count(distinct m.account) as members, count(distinct t.account) - count(distinct m.account) as others
    from (
        select 'asn' as kind, cast(f.asn as bigint) as value, f.account from {features} f where f.asn is not null
        union all
        select 'subnet' as kind, f.subnet as value, f.account from {features} f where f.subnet is not null
        union all
        select 'tls' as kind, f.tls_fingerprint as value, f.account from {features} f where f.tls_fingerprint is not null
        union all
        select 'user_agent' as kind, f.user_agent as value, f.account from {features} f where f.user_agent is not null
    ) t
    left join {members} m on t.account = m.account
    group by t.kind, t.value
    having count(distinct m.account) > 0
    """,
)
_MODELS = Sql(
    "sharing_models",
    """
    select f.model, count(distinct f.account) as members from {features} f
    inner join {members} m on f.account = m.account
    where f.model is not null
    group by f.model
    """,
)
_ASKED = Sql(
    "sharing_asked",
    """
    select f.account, f.elicitation, @hour(f.at) as hour, count(*) as exchanges from {features} f
    inner join {members} m on f.account = m.account
    group by f.account, f.elicitation, @hour(f.at)
    """,
)
_CARRIED = Sql(
    "sharing_carried",
    """
    select f.exchange_id, f.account, f.anchors, f.system_anchors from {features} f
    """,
)

_RAW = {Kind.SUBNET: "subnet", Kind.TLS: "tls_fingerprint", Kind.USER_AGENT: "user_agent"}
_TEXTS = 20
_OPEN = frozenset({Ruling.CLEAR, Ruling.NO_ACTION})
_WHY = "to see what of the case may be told to other labs"


def case_facts(
    workspace: Workspace, desk: Desk, case_id: str, *, by: str, public_models: Sequence[str] = ()
) -> CaseFacts:
    """What the forum may know of a case.

    Raises:
        CaseError: when there is no such case.
        ForumError: when all that the case is about was forgotten, or nothing of it is in the logs.
    """
    case = desk.case(case_id)
    accounts = [pseudonym for kind, pseudonym in map(_handle, (m.handle for m in case.members)) if kind == "account"]
    if not accounts:
        raise ForumError(f"{case_id}: none of its members can be told any more")
    given = next((one for one in reversed(case.in_force) if one.ruling not in _OPEN), None)

    def opened(kinds: Sequence[str]) -> bool:
        """Whether the desk opens the vault, which it records before anything is read."""
        try:
            desk.open_vault(case_id, kinds, by=by, why=_WHY)
        except CaseError:
            return False
        return True

    things, out, days, counted = _things(workspace, case, accounts, public_models, opened)
    return CaseFacts(
        case=case_id,
        first_seen=days[0],
        last_seen=days[1],
        accounts=counted,
        objective=objective_of(thing.value for thing in things if thing.kind is Kind.TECHNIQUE),
        things=tuple(things),
        left_out=tuple(out),
        reason=None if given is None else Reason(given.reason),
        reviewer=None if given is None else person_code(workspace, given.person),
        decided_on=None if given is None else dt.date.fromisoformat((_settled(case) or given.at)[:10]),
        evidence=_sealed_since(desk, case_id),
        concluded=given is not None and given.ruling in NEEDS_TWO,
    )


def person_code(workspace: Workspace, person: str) -> str:
    """A person as others may see one: eight hex digits that mean nothing outside this house."""
    return f"{workspace.names.name('reviewer', person) & 0xFFFF_FFFF:08x}"


def _handle(text: str) -> tuple[str, int]:
    try:
        return unhandle(text)
    except ValueError:
        return "forgotten", 0


def _settled(case: Case) -> str | None:
    """When the last step of a decision was taken."""
    steps = [event.at for event in case.history if event.what in ("decided", "approved")]
    return steps[-1] if steps else None


def _sealed_since(desk: Desk, case_id: str) -> str | None:
    """Digest of the sealed file, where the case was sealed after the last step of its decision."""
    digest = None
    for told in desk.journal.history():
        if told.record.case == case_id:
            if told.record.kind == "case.sealed":
                digest = str(told.record.body["sha256"])
            elif told.record.kind in ("case.decided", "case.approved", "case.reopened", "case.took_over"):
                digest = None
    return digest


def _things(
    workspace: Workspace,
    case: Case,
    accounts: Sequence[int],
    public_models: Sequence[str],
    opened: Callable[[Sequence[str]], bool],
) -> tuple[list[Thing], list[LeftOut], tuple[dt.date, dt.date], int]:
    store = workspace.store
    members = pa.table({"account": pa.array(sorted(set(accounts)), pa.int64())})
    with DuckEngine(store, scratch=workspace.scratch) as engine:
        features, of_case = engine.scan("features"), engine.from_arrow(members)
        shared = engine.to_arrow(engine.sql(_SHARED, features=features, members=of_case)).to_pylist()
        models = engine.to_arrow(engine.sql(_MODELS, features=features, members=of_case)).to_pylist()
        asked = engine.to_arrow(engine.sql(_ASKED, features=features, members=of_case))
        found, templates_out = _templates(workspace, engine, features, case, frozenset(accounts))
    if not asked.num_rows:
        raise ForumError(f"{case.id}: none of its accounts is in the logs that were read here")
    public = {*public_models, *store.read("releases", ["model"]).column("model").to_pylist()}
    things, out = _with_values(workspace, shared, opened)
    for row in models:
        if row["model"] in public:
            things.append(Thing(kind=Kind.MODEL, value=row["model"], members=row["members"], others=None))
        else:
            out.append(LeftOut(what=Kind.MODEL.value, why="not known to be a public model (forum.toml: public_models)"))
    things += [*_techniques(asked), *_rhythm(asked), *found]
    out += [
        *templates_out,
        LeftOut(what="accounts", why="who is in a case never leaves", count=len(set(accounts))),
        LeftOut(what="statements", why="what people and scans wrote never leaves", count=len(case.statements)),
        LeftOut(
            what="exchanges",
            why="prompts, answers and exact numbers never leave",
            count=sum(m.exchanges for m in case.members),
        ),
    ]
    first = min((o.first_seen for o in case.openings if o.first_seen), default=None)
    last = max((o.last_seen for o in case.openings if o.last_seen), default=None)
    begun = dt.datetime.fromisoformat(case.history[0].at)
    days = ((first or last or begun).astimezone(dt.UTC).date(), (last or first or begun).astimezone(dt.UTC).date())
    return things, out, days, len(set(accounts))


def _with_values(
    workspace: Workspace, rows: Sequence[Mapping[str, object]], ask: Callable[[Sequence[str]], bool]
) -> tuple[list[Thing], list[LeftOut]]:
    """Shared things with their raw values. Without a decision of two the vault stays shut, and what lies there is left out."""
    hidden = {(_RAW[Kind(str(r["kind"]))], int(str(r["value"]))) for r in rows if Kind(str(r["kind"])) in _RAW}
    opened = bool(hidden) and ask(sorted({kind for kind, _ in hidden}))
    wanted = hidden if opened else set()
    raw = _raw_values(workspace, wanted)
    things, out = [], []
    for row in rows:
        kind, value = Kind(str(row["kind"])), int(str(row["value"]))
        told = str(value) if kind is Kind.ASN else raw.get((_RAW[kind], value))
        if told is None:
            why = (
                "its raw value is not in the vault (scan the logs again)"
                if opened
                else "the vault opens only for a case that two people decided"
            )
            out.append(LeftOut(what=kind.value, why=why))
        else:
            things.append(
                Thing(kind=kind, value=told, members=int(str(row["members"])), others=int(str(row["others"])))
            )
    return things, out


def _raw_values(workspace: Workspace, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    if not wanted:
        return found
    names = pa.array(sorted({pseudonym for _, pseudonym in wanted}), pa.int64())
    for path in sorted((workspace.root / "vault").glob("*.parquet")):
        rows = pq.read_table(path, filters=pc.field("pseudonym").isin(names))
        for row in rows.to_pylist():
            if (row["kind"], row["pseudonym"]) in wanted:
                found[row["kind"], row["pseudonym"]] = row["raw"]
    return found


def _techniques(asked: pa.Table) -> Iterator[Thing]:
    """Ways of asking that ordinary people hardly ever use, each with how many members used it."""
    who: dict[str, set[int]] = {}
    for row in asked.select(["account", "elicitation"]).to_pylist():
        for bit, technique in enumerate(Technique):
            if (row["elicitation"] or 0) & PRESSING & (1 << bit):
                who.setdefault(technique.value, set()).add(row["account"])
    for name in sorted(who):
        yield Thing(kind=Kind.TECHNIQUE, value=name, members=len(who[name]), others=None)


def _rhythm(asked: pa.Table) -> Iterator[Thing]:
    """The shape of the group's day: never idle, or within ten neighbouring hours; the hours themselves are not told."""
    by_hour = [0] * 24
    for row in asked.select(["hour", "exchanges"]).to_pylist():
        by_hour[row["hour"]] += row["exchanges"]
    whole, members = sum(by_hour), len(set(asked.column("account").to_pylist()))
    best = max(sum((by_hour + by_hour)[start : start + 10]) for start in range(24))
    shape = "round_the_clock" if min(by_hour) > 0.01 * whole else "business_hours" if best >= 0.9 * whole else None
    if shape is not None and whole >= 240:
        yield Thing(kind=Kind.RHYTHM, value=shape, members=members, others=None)


def _templates(
    workspace: Workspace, engine: DuckEngine, features: Relation, case: Case, accounts: frozenset[int]
) -> tuple[list[Thing], list[LeftOut]]:
    """Fingerprints of the templates of the case's actors."""
    actors = {pseudonym for kind, pseudonym in (_handle(o.handle) for o in case.openings) if kind == "actor"}
    rows = workspace.store.read("actors", ["actor", "families"]).to_pylist()
    wanted = sorted({family for row in rows if row["actor"] in actors for family in row["families"]})
    things, out = [], []
    for _, told, carriers in family_fingerprints(workspace, engine, features, wanted, among=accounts):
        if told is None:
            out.append(LeftOut(what=Kind.TEMPLATE.value, why="its texts share too few constant words"))
            continue
        inside = len(carriers & accounts)
        things.append(Thing(kind=Kind.TEMPLATE, value=written(told), members=inside, others=len(carriers - accounts)))
    return things, out


def family_fingerprints(
    workspace: Workspace,
    engine: DuckEngine,
    features: Relation,
    families: Sequence[int],
    *,
    among: frozenset[int] | None = None,
) -> Iterator[tuple[int, Fingerprint | None, frozenset[int]]]:
    """Each family with its fingerprint, made of one text of each of some accounts (of those `among`), and who carries it."""
    rows = {row["family"]: row for row in workspace.store.read("families", ["family", "scope", "anchors"]).to_pylist()}
    carried = engine.to_arrow(engine.sql(_CARRIED, features=features))
    for family in families:
        if family not in rows:
            continue
        scope = rows[family]["scope"]
        hits = _carrying(carried, "anchors" if scope == "prompt" else "system_anchors", rows[family]["anchors"])
        one_each: dict[int, int] = {}
        for exchange, account in hits:
            if account is not None and (among is None or account in among):
                one_each[account] = min(one_each.get(account, exchange), exchange)
        some = [one_each[account] for account in sorted(one_each)[:_TEXTS]]
        texts = texts_of(workspace.store, {scope: some}) if some else {}
        told = template_fingerprint([texts[key] for key in sorted(texts)])
        yield family, told, frozenset(account for _, account in hits if account is not None)


def _carrying(rows: pa.Table, column: str, anchors: Sequence[int]) -> list[tuple[int, int | None]]:
    """(exchange, account) of rows that carry at least two of a family's anchors, or all where it has fewer."""
    lists = rows.column(column).combine_chunks()
    flat, parents = lists.flatten(), pc.list_parent_indices(lists)
    places = parents.filter(pc.is_in(flat, pa.array(anchors, pa.int64()))).value_counts()
    needed = min(2, len(set(anchors)))
    kept = places.field("values").filter(pc.greater_equal(places.field("counts"), needed))
    some = rows.take(kept)
    return list(zip(some.column("exchange_id").to_pylist(), some.column("account").to_pylist(), strict=True))


def written(told: Fingerprint) -> str:
    """A fingerprint as a pattern: canonical JSON."""
    value = {
        "version": 1,
        "shape": list(told.shape),
        "words": WIDTH_OF_HASHES,
        "hashes": list(told.hashes),
        "least": LEAST_ALIKE,
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
