"""Looking for something: a handle, words, a raw name, a template, one's own query, and what a seed grows to."""

from __future__ import annotations

from starlette.responses import Response

from stillwatch.actors import Seed, Verdict
from stillwatch.cases import Entry, Private, subject_of
from stillwatch.console.door import page
from stillwatch.console.findings import Query
from stillwatch.console.visit import Visit
from stillwatch.core import Error, handle, read_settings, unhandle
from stillwatch.engine import ASKABLE, TABLES, QueryRefused, ask
from stillwatch.pipeline import expand_seed, families_like, seed_of

__all__: list[str] = []

_LETTER_WAYS = {"actor": "/actors/", "account": "/accounts/", "case": "/cases/"}
_SECONDS = 8.0


@page("search")
def search(visit: Visit) -> Response:
    """A handle leads to its page; anything else is looked for in findings, families and cases."""
    text = visit.query.get("q", "").strip()[:200]
    try:
        kind, number = unhandle(text)
    except ValueError:
        kind, number = "", 0
    if kind in _LETTER_WAYS:
        return visit.go(_LETTER_WAYS[kind] + handle(kind, number))
    scan, book = visit.scan, visit.book
    families = [
        (actor, family)
        for actor in scan.view.actors
        for family in actor.families
        if kind == "family" and family.handle == handle(kind, number)
    ]
    listed = scan.findings.listed(Query(text=text, decision=None), visit.marks) if text and not kind else None
    words = text.casefold()
    cases = [
        one
        for one in book.cases.values()
        if text and not kind and any(words in s.sentence.casefold() for s in one.statements)
    ]
    return visit.page(
        "search.html", title="Search", text=text, listed=listed, families=families, cases=cases[:20], alike=None
    )


@page("find_template")
def find_template(visit: Visit) -> Response:
    """Families whose template a pasted text shares. The text is read, and kept nowhere."""
    alike = families_like(visit.house.workspace, visit.needed("prompt", most=100_000))
    of_family = {f.handle: actor for actor in visit.scan.view.actors for f in actor.families}
    shown = [
        (handle("family", family), shared, size, of_family.get(handle("family", family)))
        for family, shared, size in alike[:20]
    ]
    return visit.page("search.html", title="Search", text="", listed=None, families=[], cases=[], alike=shown)


@page("find_name")
def find_name(visit: Visit) -> Response:
    """From a raw account name to its pseudonym: recorded before anybody learns whether there is one, as it ties a name to a handle."""
    why = visit.needed("why", most=500)
    seed = seed_of(visit.house.workspace, [f"account:{visit.needed('name', most=300)}"])
    (number,) = seed.accounts
    _record_names(visit, seed, why)
    if not visit.scan.drawers.known(number) and visit.scan.drawers.account(number, threshold_p=None) is None:
        raise Error("no account of this name is in the logs or the records of this workspace")
    return visit.go(f"/accounts/{handle('account', number)}")


@page("sql")
def sql(visit: Visit) -> Response:
    """The form for one's own query, with the columns there are."""
    return visit.page("sql.html", title="Query", query=_EXAMPLE, answer=None, fault="", tables=_tables())


@page("run_sql")
def run_sql(visit: Visit) -> Response:
    """Run it under guard; that it was asked is recorded with its words."""
    query = visit.needed("query", most=20_000)
    visit.house.desk.journal.begin()
    private = (Private(field="note", subject=f"person:{visit.who.name}", value=query),)
    visit.house.desk.journal.append(Entry(kind="query.asked", by=visit.who.name, body={}, private=private))
    try:
        answer, fault = ask(visit.house.workspace.store, query, seconds=_SECONDS), ""
    except QueryRefused as error:
        answer, fault = None, str(error)
    return visit.page("sql.html", title="Query", query=query, answer=answer, fault=fault, tables=_tables())


@page("expand")
def expand(visit: Visit) -> Response:
    """The form for a seed."""
    return visit.page("expand.html", title="Expand", seed=visit.query.get("seed", "")[:60], found=None)


@page("run_expand")
def run_expand(visit: Visit) -> Response:
    """Grow a seed and test every account that it grows to; a seed that is a name or an indicator is recorded with its reason first.

    Raises:
        Error: when there is no seed, or such a one without a reason.
    """
    workspace = visit.house.workspace
    seeds = [one.strip() for one in visit.field("seed").splitlines() if one.strip()]
    prompt = visit.field("prompt", most=100_000)
    if not seeds and not prompt:
        raise Error("seed: name a handle, an indicator such as ip:203.0.113.9, or paste a prompt")
    if named := [one for one in seeds if ":" in one]:
        _record_names(visit, seed_of(workspace, named), visit.needed("why", most=500))
    settings = read_settings(workspace.root / "stillwatch.toml")
    found = expand_seed(workspace, seed_of(workspace, seeds, [prompt] if prompt else []), settings)
    groups = [
        (verdict, [(handle("account", one.account), one) for one in found.reached if one.verdict is verdict])
        for verdict in Verdict
    ]
    return visit.page(
        "expand.html", title="Expand", seed="\n".join(seeds), found=found, groups=groups, known=len(found.seeds)
    )


def _record_names(visit: Visit, seed: Seed, why: str) -> None:
    """Note what was looked up and why: accounts one by one, sealed as about each; of other things their kinds."""
    by = visit.who.name
    entries = []
    for account in sorted(seed.accounts):
        name = handle("account", account)
        about = subject_of(name)
        private = (Private(field="handle", subject=about, value=name), Private(field="note", subject=about, value=why))
        entries.append(Entry(kind="name.looked_up", by=by, body={}, private=private))
    if kinds := sorted({kind for kind, _ in seed.things}):
        reason = Private(field="note", subject=f"person:{by}", value=why)
        entries.append(Entry(kind="name.looked_up", by=by, body={"kinds": kinds}, private=(reason,)))
    visit.house.desk.journal.begin()
    with visit.house.desk.journal.writing() as append:
        append(entries)


_EXAMPLE = """select stratum, decision, count(*) as accounts, avg(n) as exchanges_each
from account_evidence
where signal = 'combined'
group by all
order by accounts desc"""


def _tables() -> list[tuple[str, str, list[tuple[str, str]]]]:
    return [(n, TABLES[n].row, [(c.name, c.meaning) for c in TABLES[n].columns]) for n in ASKABLE]
