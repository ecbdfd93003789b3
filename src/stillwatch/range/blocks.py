"""A block of ordinary accounts of a large world: who they are, where they sit, what they use, and how much on each day.

Made anew by every shard that needs it, from the seed and the block's number alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.range import clients, days, places, words
from stillwatch.range.desk import Desk
from stillwatch.range.names import Ints
from stillwatch.range.odds import BITS, draw, lognormal, looked_up, shares, zipf
from stillwatch.range.products import PRODUCTS
from stillwatch.range.recipe import Recipe
from stillwatch.range.rhythm import DAY
from stillwatch.range.seeds import Dice, mixed, stream

__all__ = ["Block", "build_block", "org_numbers", "world_key"]

Words = NDArray[np.uint64]

ZONES = (-8, -7, -6, -5, -3, 0, 1, 2, 3, 5, 7, 8, 9, 10)
_ZONE_SHARES = (10, 4, 8, 14, 6, 9, 15, 8, 4, 8, 4, 5, 4, 1)
_HOUSEHOLDS = (0, 880, 85, 22, 13)
"""Accounts of one home, of 1000 homes: customers live alone or share; most of a home's people hold no account of their own."""
_COMPANIES = (0, 52, 20, 10, 6, 4, 2, 2, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1)
_COHORTS = (*(0,) * 12, *(1,) * 40)
WEEK_NAMES = tuple(days.WEEKS)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Ordinary accounts as columns, one entry each; `counts` has a row an account and a column a day.

    `ids` are the words that account names are made of; `holder` numbers the household, company or cohort that an account belongs to, across
    the whole world. `kinds` and `holders` are the main place (row 0) and the other (row 1) as `places.codes` takes them.
    """

    first: int
    ids: Words
    product: Ints
    holder: Ints
    member: Ints
    """Which account of its holder it is, from 0."""
    zone: Ints
    begins: Ints
    ends: Ints
    counts: Ints
    kinds: Ints
    holders: Ints
    roaming: Ints
    agents: list[str]
    agent: Ints
    other_agent: Ints
    shelf: Ints
    framed: NDArray[np.bool_]
    frame: Ints
    system: Ints
    systems: list[str]
    names: dict[int, str]
    """Company names by holder."""
    has_tools: NDArray[np.bool_]
    has_end_users: NDArray[np.bool_]
    reasons: NDArray[np.bool_]
    """Whether it asks for reasoning; all accounts of a company do alike."""
    size: Ints
    lag: Ints
    temperature: NDArray[np.float64]
    max_tokens: Ints

    def __len__(self) -> int:
        return len(self.ids)


def world_key(seed: int, *names: str) -> int:
    """A key for `mixed`: what shards must agree on without asking each other."""
    return int(Dice(seed, "key", *names).words(1)[0])


def org_numbers(block: Block) -> Ints:
    """What an account's organisation is numbered by: a company or cohort is one, each person is one alone, also within a household."""
    alone = np.array([p.held_by == "people" for p in PRODUCTS])[block.product]
    return np.where(alone, block.ids.view(np.int64), block.holder)


def build_block(recipe: Recipe, number: int, desk: Desk) -> Block:
    """Build one block of a world; the same wherever it is built."""
    dice = Dice(recipe.seed, "block", str(number))
    size = recipe.share(recipe.accounts, number)
    first = recipe.first_account(number)
    product = _products(dice, size)
    holder, member = _grouped(dice, product)
    holder = holder + (first << 4)
    zone = np.array(ZONES)[looked_up(mixed(world_key(recipe.seed, "zone"), holder), shares(_ZONE_SHARES), shift=8)]
    begins, ends = days.first_and_last(dice, size, recipe.days)
    counts = _counts(recipe, dice, number, product, begins, ends)
    kinds, holders, roaming = _places(recipe, dice, product, holder, first, size)
    agents, agent, other_agent = _agents(dice, product, holder)
    company = _held(product, "companies")
    systems, system, names = _systems(recipe, number, desk, dice, product, holder, company)
    hand = _each(product, [p.by_hand for p in PRODUCTS]).astype(bool)
    taste = np.where(company, holder, np.arange(size) + (first << 8))
    choices = mixed(world_key(recipe.seed, "choices"), taste)
    heat = np.array([np.nan, 0.0, 0.2, 0.7, 1.0])[looked_up(choices, shares([42, 18, 12, 20, 8]), shift=4)]
    limit = np.array([-1, 256, 512, 1024, 2048, 4096])[looked_up(choices, shares([45, 6, 12, 15, 10, 12]), shift=17)]
    return Block(
        first=first,
        ids=mixed(world_key(recipe.seed, "account"), np.arange(first, first + size)),
        product=product,
        holder=holder,
        member=member,
        zone=zone,
        begins=begins,
        ends=ends,
        counts=counts,
        kinds=kinds,
        holders=holders,
        roaming=roaming,
        agents=agents,
        agent=agent,
        other_agent=other_agent,
        shelf=_picked(product, choices, 30, [[s.weight for s in p.shelves] for p in PRODUCTS]),
        framed=dice.chance(256 * _each(product, [p.framed for p in PRODUCTS]), size),
        frame=_picked(product, choices, 43, [[1] * max(1, len(p.frames)) for p in PRODUCTS]),
        system=system,
        systems=systems,
        names=names,
        has_tools=dice.chance(256 * _each(product, [p.tools for p in PRODUCTS]), size),
        has_end_users=(choices >> np.uint64(56)).astype(np.int64) < _each(product, [p.end_users for p in PRODUCTS]),
        reasons=(mixed(world_key(recipe.seed, "reasons"), taste) >> np.uint64(56)).astype(np.int64)
        < _each(product, [p.reasoning for p in PRODUCTS]),
        size=_picked(product, choices, 11, [list(p.sizes) for p in PRODUCTS]),
        lag=np.where(
            dice.chance(9800, size), 1 << 59, draw(dice, lognormal(6 * 24, 140, most=24 * 365), size) * (DAY // 24)
        ),
        temperature=np.where(hand, np.nan, heat),
        max_tokens=np.where(hand, -1, limit),
    )


def _products(dice: Dice, size: int) -> Ints:
    """The product of each account: shares of the block in order, the remainder dealt at random so that small blocks are fair."""
    cuts = np.cumsum([p.share for p in PRODUCTS]) * size + int(dice.below(1000, 1)[0])
    edges = np.minimum(cuts // 1000, size)
    edges[-1] = size
    return np.repeat(np.arange(len(PRODUCTS)), np.diff(edges, prepend=0))


def _grouped(dice: Dice, product: Ints) -> tuple[Ints, Ints]:
    """Which holder each account belongs to, counted from 0, and which of its accounts it is: neighbours of one product, at most."""
    tables = {"people": shares(_HOUSEHOLDS), "companies": shares(_COMPANIES), "campus": shares(_COHORTS)}
    holders, members, count = [], [], 0
    for k, kind in enumerate(PRODUCTS):
        size = int((product == k).sum())
        ends = np.cumsum(draw(dice, tables[kind.held_by], max(1, size)))
        of = np.searchsorted(ends, np.arange(size), side="right")
        holders.append(count + of)
        members.append(np.arange(size) - np.concatenate([[0], ends])[of])
        count += int(of[-1]) + 1 if size else 0
    return np.concatenate(holders), np.concatenate(members)


def _each(product: Ints, values: list[int] | list[bool]) -> Ints:
    found: Ints = np.array(values, np.int64)[product]
    return found


def _held(product: Ints, by: str) -> NDArray[np.bool_]:
    return _each(product, [p.held_by == by for p in PRODUCTS]).astype(bool)


def _picked(product: Ints, choices: Words, shift: int, weights: list[list[int]]) -> Ints:
    """A choice for each account by weights of its product, from twelve bits of its word."""
    tables = np.stack([shares(each) for each in weights])
    found: Ints = tables[product, ((choices >> np.uint64(shift)) & np.uint64((1 << BITS) - 1)).astype(np.int64)]
    return found


def _counts(recipe: Recipe, dice: Dice, number: int, product: Ints, begins: Ints, ends: Ints) -> Ints:
    size = len(product)
    activity = np.stack([lognormal(p.median * 10, p.spread, most=6_000_00) for p in PRODUCTS])
    weights = activity[product, dice.shorts(size) >> (16 - BITS)] * (ends - begins + 1)
    return days.by_day(
        dice,
        days.allotted(weights, recipe.share(recipe.exchanges, number)),
        week=_each(product, [WEEK_NAMES.index(p.week) for p in PRODUCTS]),
        weeks=WEEK_NAMES,
        pace=_each(product, [days.PACES.index(p.pace) for p in PRODUCTS]),
        growth=_each(product, [p.growth for p in PRODUCTS]),
        first=begins,
        last=ends,
        days=recipe.days,
    )


def _places(recipe: Recipe, dice: Dice, product: Ints, holder: Ints, first: int, size: int) -> tuple[Ints, Ints, Ints]:
    """Main and other place of each account: kinds, holders (two rows each), and the share of conversations from the other, of 65536."""
    own = np.arange(first, first + size)
    company, campus = _held(product, "companies"), _held(product, "campus")
    cloudy = (mixed(world_key(recipe.seed, "cloudy"), holder) >> np.uint64(20)) % np.uint64(10) < 6
    university = looked_up(mixed(world_key(recipe.seed, "university"), holder), _universities(), shift=5)
    main = np.where(dice.chance(4600, size), places.CARRIER, places.HOME)
    main = np.select([company & cloudy, company, campus], [places.CLOUD, places.OFFICE, places.CAMPUS], main)
    away = np.array([places.CARRIER, places.VPN, places.OFFICE, places.HOME])[draw(dice, shares([62, 8, 14, 16]), size)]
    away = np.select([company, campus], [main, places.HOME], away)
    blocks = recipe.blocks
    employer = recipe.first_account(0) + dice.below(blocks, size)
    employer = (np.array([recipe.first_account(b) for b in range(blocks)])[employer] << 4) + _first_companies(
        dice, recipe, size
    )
    at = {
        places.HOME: holder,
        places.OFFICE: holder,
        places.CAMPUS: university,
        places.CARRIER: own,
        places.CLOUD: holder,
    }
    holders = np.stack(
        [
            np.select([main == kind for kind in at], list(at.values()), own),
            np.where(
                company,
                holder,
                np.select([away == places.OFFICE, campus, away == places.HOME], [employer, own | 1 << 44, holder], own),
            ),
        ]
    )
    roaming = np.select([company, campus], [26_000, 23_000], 16_400)
    return np.stack([main, away]), holders, np.broadcast_to(roaming, size)


def _universities() -> Ints:
    return zipf(240, 80)


def _first_companies(dice: Dice, recipe: Recipe, size: int) -> Ints:
    """A company of a block for each person who works there: large ones more often. Companies come behind the households of a block."""
    people = sum(p.share for p in PRODUCTS[: [p.held_by for p in PRODUCTS].index("companies")])
    before = recipe.block * people // 1000 * 85 // 100
    return before + draw(dice, zipf(400, 70), size)


def _agents(dice: Dice, product: Ints, holder: Ints) -> tuple[list[str], Ints, Ints]:
    """User agents: a company runs one program on all its accounts, a person may have another on the side."""
    known: dict[str, int] = {}
    tables = []
    for kind in PRODUCTS:
        numbers, weights = [], []
        for program, share in kind.programs.items():
            whole = sum(weight for _, weight in clients.CLIENTS[program])
            for name, weight in clients.CLIENTS[program]:
                numbers.append(known.setdefault(name, len(known)))
                weights.append(int(1000 * share * weight / whole))
        tables.append(np.array(numbers)[shares(weights)])
    table = np.stack(tables)
    company = _held(product, "companies")
    of_holder = (mixed(977, holder) >> np.uint64(24)).astype(np.int64) & ((1 << BITS) - 1)
    own = dice.shorts(2 * len(product)) >> (16 - BITS)
    agent = table[product, np.where(company, of_holder, own[: len(product)])]
    other = np.where(company, agent, table[product, own[len(product) :]])
    return list(known), agent, other


def _systems(
    recipe: Recipe, number: int, desk: Desk, dice: Dice, product: Ints, holder: Ints, company: NDArray[np.bool_]
) -> tuple[list[str], Ints, dict[int, str]]:
    """System prompts: a company has one, a person with one wrote it alone. Numbers count from the first of this list; -1 is none."""
    rng = stream(recipe.seed, "systems", str(number))
    has = dice.chance(256 * _each(product, [p.systems if p.system else 0 for p in PRODUCTS]), len(product))
    writers = np.where(company, holder, -1 - np.arange(len(product)))
    chosen = np.flatnonzero(has)
    _, place, of = np.unique(writers[chosen], return_index=True, return_inverse=True)
    names: dict[int, str] = {}
    texts: dict[str, int] = {}
    numbers = []
    for each in chosen[place].tolist():
        kind = PRODUCTS[product[each]].system
        name = words.company_names(rng, 1)[0]
        if company[each]:
            names[int(holder[each])] = name
        numbers.append(texts.setdefault(words.system_prompt(rng, kind or "chat", name), len(texts)))
    system = np.full(len(product), -1)
    system[chosen] = np.array(numbers, np.int64)[of.ravel()] if len(chosen) else 0
    return list(texts), system, names
