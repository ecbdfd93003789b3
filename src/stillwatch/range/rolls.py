"""What a provider knows about the accounts of a block, and what is true of them: two tables that are written to two places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.range.blocks import Block, org_numbers, world_key
from stillwatch.range.facts import DAY_OF_WORLD, MAIL_SHAPES, PUBLIC_MAIL, PUBLIC_MAIL_SHARES
from stillwatch.range.ground import ACCOUNT_FACTS, ENTITLEMENT
from stillwatch.range.names import Ints
from stillwatch.range.odds import BITS, lognormal, looked_up, shares
from stillwatch.range.parts import Built
from stillwatch.range.products import PRODUCTS
from stillwatch.range.purpose import Purpose
from stillwatch.range.recipe import Recipe
from stillwatch.range.seeds import Dice, mixed
from stillwatch.range.sheets import Sheet
from stillwatch.range.tags import tagged
from stillwatch.range.truth import ACTS, TRUTH

__all__ = ["FACTS", "acts_of_part", "facts_of", "facts_of_part", "truth_of", "truth_of_part"]

FACTS = pa.schema(
    [("account", pa.string()), *((n, pa.int64() if n == "entitlement" else pa.string()) for n in ACCOUNT_FACTS)]
)
"""The file of account facts; unknown is null."""

_PLANS = tuple(ENTITLEMENT)
_UNKNOWN = ""


def facts_of(recipe: Recipe, block: Block) -> pa.Table:
    """Facts of a block's accounts. Who sends more on a day than the plan allows has, nearly always, been moved to a plan that does."""
    size = len(block)
    dice = Dice(recipe.seed, "facts", str(block.first))
    company = np.array([p.held_by == "companies" for p in PRODUCTS])[block.product]
    campus = np.array([p.held_by == "campus" for p in PRODUCTS])[block.product]
    by_holder = mixed(world_key(recipe.seed, "facts"), block.holder)
    draws = np.where(company, by_holder, dice.words(size))
    plan = _plans(block, draws, dice)
    card_of = np.where(
        company, block.holder << 5, (block.holder << 5) + np.where(dice.chance(32_768, size), block.member % 31, 0)
    )
    card = tagged("card_", mixed(world_key(recipe.seed, "card"), card_of), 10)
    paid = (
        (plan != _PLANS.index("free"))
        & (plan != _PLANS.index("education"))
        & ~dice.chance(np.where(company, 0, 9_800), size)
    )
    device = tagged("dev_", mixed(world_key(recipe.seed, "device"), block.ids.view(np.int64) ^ (block.member == 1)), 12)
    seen = ~dice.chance(np.where(company, 32_768, 19_600), size)
    columns = {
        "account": tagged("acct_", block.ids),
        "org": tagged("org_", mixed(world_key(recipe.seed, "org"), org_numbers(block)), 10),
        "created": _created(block, draws, company),
        "plan": _words(_PLANS, plan),
        "entitlement": pa.array(np.array([ENTITLEMENT[name] for name in _PLANS], np.int64)[plan]),
        "product_type": _words(
            (*(p.name for p in PRODUCTS), _UNKNOWN), np.where(dice.chance(10_500, size), len(PRODUCTS), block.product)
        ),
        "signup_path": _signup(draws, company, campus),
        "payment": _masked(card, paid),
        "registration": _registration(block, dice, company, campus),
        "device": _masked(device, seen),
        "declared_programme": _words(("classroom", _UNKNOWN), np.where(campus & (by_holder % np.uint64(5) < 3), 0, 1)),
        "contract_region": _words(("us", "eu", "apac", _UNKNOWN), looked_up(draws, shares([42, 32, 18, 8]), shift=31)),
        "verification": _verification(draws, dice, company),
    }
    return pa.table({name: columns[name] for name in FACTS.names}, schema=FACTS)


def _plans(block: Block, draws: NDArray[np.uint64], dice: Dice) -> Ints:
    tables = np.stack(
        [np.array([_PLANS.index(name) for name in p.plans])[shares(list(p.plans.values()))] for p in PRODUCTS]
    )
    plan = tables[block.product, ((draws >> np.uint64(5)) & np.uint64((1 << BITS) - 1)).astype(np.int64)]
    allowed = np.array([ENTITLEMENT[name] for name in _PLANS], np.int64)
    peak = block.counts.max(axis=1, initial=0)
    moved = (peak > allowed[plan]) & ~dice.chance(1300, len(plan))
    larger = np.select(
        [peak <= allowed[_PLANS.index(name)] for name in ("plus", "payg", "team")],
        [_PLANS.index(name) for name in ("plus", "payg", "team")],
        _PLANS.index("scale"),
    )
    return np.where(moved, larger, plan)


def _created(block: Block, draws: NDArray[np.uint64], company: NDArray[np.bool_]) -> Any:
    """Accounts of before the window have log-normal ages; who begins within it signed up in the hours before the first day."""
    hours = looked_up(draws, lognormal(200 * 24, 110, least=24, most=1300 * 24), shift=18)
    hours = np.where(company, np.minimum(hours * 3 // 2, 1300 * 24), hours)
    seconds = (draws >> np.uint64(44)).astype(np.int64) % 3600
    ago = np.where(block.begins > 0, 60 + seconds * 5, hours * 3600 + seconds)
    at = int(DAY_OF_WORLD.timestamp()) + block.begins * 86_400 - ago
    text = pa.array(np.datetime_as_string(at.astype("datetime64[s]")), pa.string())
    return pc.binary_join_element_wise(text, "+00:00", "")


def _signup(draws: NDArray[np.uint64], company: NDArray[np.bool_], campus: NDArray[np.bool_]) -> Any:
    names = ("web", "sales", "startup", "research", "education", _UNKNOWN)
    person = looked_up(draws, shares([90, 0, 3, 2, 0, 5]), shift=7)
    firm = looked_up(draws, shares([50, 30, 15, 0, 0, 5]), shift=7)
    return _words(names, np.select([company, campus], [firm, np.full(len(draws), 4)], person))


def _registration(block: Block, dice: Dice, company: NDArray[np.bool_], campus: NDArray[np.bool_]) -> Any:
    """Mail domain and shape of the name: public mail for people, the company's or university's domain for theirs."""
    size = len(block)
    table = [f"{mail}|{shape}" for mail in PUBLIC_MAIL for shape in MAIL_SHAPES]
    person = shares(PUBLIC_MAIL_SHARES)[dice.shorts(size) >> (16 - BITS)] * len(MAIL_SHAPES) + dice.below(
        len(MAIL_SHAPES), size
    )
    found = _words(table, person).to_pylist()
    for k in np.flatnonzero(company | campus).tolist():
        holder = int(block.holder[k])
        name = block.names.get(holder, f"co{holder:x}").lower().replace(" ", "")
        found[k] = f"{name}.com|first.last" if company[k] else f"univ{int(block.holders[0, k])}.edu|first.last"
    return pa.array(found, pa.string())


def _verification(draws: NDArray[np.uint64], dice: Dice, company: NDArray[np.bool_]) -> Any:
    names = ("none", "email", "phone", "payment", "organisation")
    person = looked_up(draws, shares([10, 40, 30, 20, 0]), shift=40)
    firm = looked_up(draws, shares([0, 10, 0, 50, 40]), shift=40)
    return _words(names, np.where(company, firm, person))


def _words(names: Sequence[str], numbers: Ints) -> Any:
    table = pa.array([name or None for name in names], pa.string())
    return table.take(pa.array(numbers))


def _masked(values: Any, there: NDArray[np.bool_]) -> Any:
    return pc.if_else(pa.array(there), values, pa.scalar(None, pa.string()))


def truth_of(block: Block) -> pa.Table:
    """The truth about a block: ordinary customers, by product."""
    return pa.table(
        {
            "account": tagged("acct_", block.ids),
            "role": pa.array(["benign"] * len(block), pa.string()),
            "group": _words([p.name for p in PRODUCTS], block.product),
        },
        schema=TRUTH,
    )


def facts_of_part(built: Built) -> pa.Table:
    """Facts of a part's accounts as its ground had them."""
    columns = []
    for name in FACTS.names:
        values = built.facts[name]
        if name == "entitlement":
            columns.append(pa.array([int(value) if value else None for value in values], pa.int64()))
        else:
            columns.append(values if name == "account" else pa.array([value or None for value in values], pa.string()))
    return pa.table(columns, schema=FACTS)


def truth_of_part(built: Built) -> pa.Table:
    """Roles and groups of a part's accounts."""
    return pa.table(
        [built.facts["account"], pa.array(built.roles, pa.string()), pa.array(built.groups, pa.string())], schema=TRUTH
    )


def acts_of_part(built: Built, rows: Sheet) -> pa.Table:
    """What the requests of hidden actors among a part's accounts were for; `rows` are some of the part's."""
    actor = np.array([role == "actor" for role in built.roles], bool)
    chosen = np.flatnonzero(actor[rows.columns["account"]])
    of = pa.array(rows.columns["account"][chosen])
    accounts = truth_of_part(built)
    return pa.table(
        [
            tagged("req_", rows.columns["request"][chosen]),
            *(accounts[name].take(of) for name in TRUTH.names),
            _words([p.name.lower() for p in Purpose], rows.columns["purpose"][chosen] - min(Purpose)),
        ],
        schema=ACTS,
    )
