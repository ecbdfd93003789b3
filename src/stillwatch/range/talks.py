"""What the accounts of a block send on some days: conversations at their hours, from their places, in their words."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.range import clients, places
from stillwatch.range.blocks import Block, org_numbers, world_key
from stillwatch.range.bursts import in_bursts
from stillwatch.range.contexts import NO_CONTEXT, TRACES, contexts, quarters
from stillwatch.range.desk import DETAILS, Desk
from stillwatch.range.ground import Reply
from stillwatch.range.launches import Launches
from stillwatch.range.names import Ints
from stillwatch.range.odds import BITS, draw, lognormal, looked_up, shares, trace_answers, trace_gaps, trace_minutes
from stillwatch.range.products import PRODUCTS
from stillwatch.range.purpose import Purpose
from stillwatch.range.recipe import Recipe, Shard
from stillwatch.range.rhythm import DAY, PROFILES
from stillwatch.range.seeds import Dice, mixed
from stillwatch.range.sheets import Sheet
from stillwatch.range.signatures import continued, signed
from stillwatch.range.tags import tagged

__all__ = ["talks"]

Words = NDArray[np.uint64]
_HOURS = tuple(PROFILES)
_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE
_PATTERNS = 64


@cache
def _hours() -> Ints:
    """Local hour by kind of hours; one row a profile."""
    return np.stack([shares([round(10 * weight) for weight in PROFILES[name]]) for name in _HOURS])


@cache
def _bursts() -> Ints:
    """Minutes of an hour, with the bursts of the chat trace; `_PATTERNS` hours, one row each. Which hour has which hangs on the world."""
    minutes = trace_minutes("chat")
    place = mixed(17, np.arange(_PATTERNS * 60)).reshape(_PATTERNS, 60)
    return np.stack([shares(looked_up(row, minutes).tolist()) for row in place])


@cache
def _trace() -> Ints:
    """The trace of each product."""
    return np.array([TRACES.index(p.trace) for p in PRODUCTS], np.int64)


def _of(values: list[int]) -> Ints:
    return np.array(values, np.int64)


def talks(recipe: Recipe, shard: Shard, block: Block, desk: Desk, launched: Launches) -> Sheet:
    """The rows of one shard's ordinary accounts, conversations side by side, accounts in order."""
    dice = Dice(recipe.seed, "talks", str(shard.block), str(shard.first_day))
    counts = block.counts[:, shard.first_day : shard.first_day + shard.days]
    active = np.flatnonzero(counts)
    times = counts.ravel()[active]
    owner_of_run, day_of_run = active // shard.days, active % shard.days + shard.first_day
    size = int(times.sum())
    run = np.repeat(np.arange(len(active)), times)
    run_starts = np.cumsum(times) - times
    kind_of_run = block.product[owner_of_run]
    first, turn, start = _cut(dice, kind_of_run, run, run_starts, size)
    opens = np.flatnonzero(first)
    talk = np.cumsum(first) - 1
    talk_run = run[opens]
    who, day = owner_of_run[talk_run], day_of_run[talk_run]
    kind = block.product[who]
    words_of_talk = dice.words(len(opens))
    at = _times(recipe, dice, block, words_of_talk, who, day, kind, talk, start, first)
    jobs = np.flatnonzero(_of([p.pace == "jobs" for p in PRODUCTS])[kind_of_run])
    _run_jobs(dice, at, times, run_starts, jobs)
    bursty = np.flatnonzero(np.array([p.bursts for p in PRODUCTS])[kind[talk]])
    at[bursty] = in_bursts(dice, who[talk][bursty], at[bursty], trace="code")
    ip, agent = _senders(recipe, block, words_of_talk, who, day)
    owner = who[talk]
    products = kind[talk]
    text, extra, tail = _texts(dice, block, desk, owner, day[talk], products, turn)
    own_texts = len(desk.texts)
    system = np.where(block.system >= 0, block.system + own_texts, -1)[owner]
    trace = np.where([p.context for p in PRODUCTS], _trace(), NO_CONTEXT)[products]
    context = contexts(trace, talk, dice.shorts(size) >> (16 - BITS))
    tokens_in, tokens_out, reply, status = _answers(
        dice, desk, block, products, owner, context, start, text, extra, system
    )
    end_users, names_of_users = _end_users(recipe, block, words_of_talk, who)
    frames, frame = _frames(block, products, owner, turn)
    stream = dice.chance(256 * _of([p.stream for p in PRODUCTS])[products], size)
    request = mixed(world_key(recipe.seed, "request", str(shard.number)), np.arange(size))
    before = np.where(first, -1, np.arange(size) - 1)
    model = launched.model(block.size[owner], block.lag[owner], at)
    brought = signed(block.reasons[owner], model, status, reply)
    compacts = _of([p.compacts for p in PRODUCTS])[products]
    columns: dict[str, NDArray[Any]] = {
        "account": owner,
        "org": owner,
        "key": owner,
        "at": at,
        "ip": ip[talk],
        "agent": agent[talk],
        "tls": agent[talk],
        "model": model,
        "text": text,
        "extra": extra,
        "system": system,
        "frame": frame,
        "tail": tail,
        "before": before,
        "turn": turn,
        "tools": np.where(block.has_tools, block.holder % len(_toolboxes()), -1)[owner],
        "end_user": end_users[talk],
        "reply": reply,
        "purpose": np.full(size, int(Purpose.OWN)),
        "status": status,
        "tokens_in": tokens_in,
        "context": context,
        "tokens_out": tokens_out,
        "stream": stream,
        "temperature": block.temperature[owner],
        "max_tokens": block.max_tokens[owner],
        "n": np.ones(size, np.int64),
        "conversation": words_of_talk[talk],
        "request": request,
        "signed": brought,
        "sends": continued(request, before, brought),
        "shortened": (compacts > 0) & (turn > compacts),
    }
    return Sheet(columns=columns, names=_names(recipe, block, frames, names_of_users), texts=block.systems)


def _cut(dice: Dice, kind_of_run: Ints, run: Ints, run_starts: Ints, size: int) -> tuple[NDArray[np.bool_], Ints, Ints]:
    """Cut each account's day into conversations: whether a row opens one, its turn, and the row that opened it."""
    chance = _of([65536 * 100 // p.turns for p in PRODUCTS])[kind_of_run]
    most = _of([p.most_turns for p in PRODUCTS])[kind_of_run]
    first = dice.chance(chance[run], size)
    first[run_starts] = True
    rows = np.arange(size)
    start = np.maximum.accumulate(np.where(first, rows, 0))
    first |= (rows - start) % most[run] == 0
    start = np.maximum.accumulate(np.where(first, rows, 0))
    return first, rows - start, start


def _times(
    recipe: Recipe,
    dice: Dice,
    block: Block,
    word: Words,
    who: Ints,
    day: Ints,
    kind: Ints,
    talk: Ints,
    start: Ints,
    first: NDArray[np.bool_],
) -> Ints:
    """When each row was sent: people sit down one to three times a day, services are busy by the hour; turns follow after a pause."""
    people = _of([p.pace == "people" for p in PRODUCTS])[kind] > 0
    key = world_key(recipe.seed, "sittings")
    sitting = (word >> np.uint64(60)).astype(np.int64) % 3
    seat = mixed(key, block.first + who, day, np.where(people, sitting, 0))
    seat = np.where(people, seat, mixed(key, word.view(np.int64)))
    hours = _hours()[_of([_HOURS.index(p.hours) for p in PRODUCTS])[kind], _bits(seat, 0)]
    hour = (hours - block.zone[who]) % 24
    pattern = (mixed(world_key(recipe.seed, "bursts"), day * 24 + hour) % np.uint64(_PATTERNS)).astype(np.int64)
    minute = _bursts()[pattern, _bits(seat, 12)]
    within = (mixed(key + 1, word.view(np.int64)) % np.uint64(_MINUTE)).astype(np.int64)
    later = np.where(people, looked_up(word, lognormal(9 * 60, 130, most=5 * 3600), shift=36) * 1_000_000, 0)
    opened = hour * _HOUR + minute * _MINUTE + within + np.where(sitting > 0, later, later // 3)
    size = len(talk)
    pauses = np.stack([lognormal(p.pause * 1000, 90, most=3_600_000) for p in PRODUCTS])
    shorts = dice.shorts(size)
    wait = pauses[kind[talk], shorts >> (16 - BITS)] * 1000 + (shorts & 15) * 61
    wait[first] = 0
    elapsed = np.cumsum(wait)
    offset = elapsed - elapsed[start]
    last = np.maximum.reduceat(offset, np.flatnonzero(first)) if size else offset
    opened = np.minimum(opened % DAY, np.maximum(0, DAY - 1_000_000 - last))
    at: Ints = day[talk] * DAY + np.minimum(opened[talk] + offset, DAY - 1)
    return at


def _bits(seat: Words, shift: int) -> Ints:
    return ((seat >> np.uint64(shift)) & np.uint64((1 << BITS) - 1)).astype(np.int64)


def _run_jobs(dice: Dice, at: Ints, times: Ints, run_starts: Ints, jobs: Ints) -> None:
    """Bring the rows of batch jobs into a run: a steady stream from its begin, with the gaps of a real service."""
    if not len(jobs):
        return
    long = times[jobs]
    rows = np.repeat(run_starts[jobs] - (np.cumsum(long) - long), long) + np.arange(int(long.sum()))
    pace = dice.below(7_700, len(jobs)) + 300
    most = np.maximum(1, (DAY * 9 // 10) // (long * 1000))
    wait = draw(dice, trace_gaps("chat"), len(rows)) * np.repeat(np.minimum(pace, most), long)
    begin = np.cumsum(long) - long
    elapsed = np.cumsum(wait)
    elapsed -= np.repeat(elapsed[begin], long)
    longest = np.maximum.reduceat(elapsed, begin)
    shrink = np.maximum(1, -(-longest // (DAY - 1_000_000)))
    elapsed //= np.repeat(shrink, long)
    day = at[run_starts[jobs]] // DAY * DAY
    opened = np.minimum(at[run_starts[jobs]] - day, DAY - 1_000_000 - longest // shrink)
    at[rows] = np.repeat(day + np.maximum(0, opened), long) + elapsed


def _senders(recipe: Recipe, block: Block, word: Words, who: Ints, day: Ints) -> tuple[Ints, Ints]:
    """Address and user agent of each conversation."""
    away = (word >> np.uint64(8) & np.uint64(0xFFFF)).astype(np.int64) < block.roaming[who]
    place = away.astype(np.int64)
    kind, holder = block.kinds[place, who], block.holders[place, who]
    draws = (word >> np.uint64(24) & np.uint64(0xFF)).astype(np.int64)
    period = np.select(
        [kind == places.HOME, (kind == places.CARRIER) | (kind == places.VPN)],
        [(day + holder % 21) // 21, day * 8 + draws % 8],
        draws % 24,
    )
    ip = places.codes(world_key(recipe.seed, "places"), kind, holder, period, places.carrier_pool(recipe.accounts))
    other = away & (draws & 1 > 0)
    return ip, np.where(other, block.other_agent[who], block.agent[who])


def _texts(
    dice: Dice, block: Block, desk: Desk, owner: Ints, day: Ints, products: Ints, turn: Ints
) -> tuple[Ints, Ints, Ints]:
    """Text, second text and detail of each row. Half of an account's texts come from its interests.

    Interests are a stretch of the account's shelf that moves on by up to a tenth of its length a day: after weeks it is another one.
    Seven in eight second texts are details: passages of papers that no other company has.
    """
    size = len(owner)
    text, extra = np.zeros(size, np.int64), np.full(size, -1)
    interest = dice.chance(32_768, size)
    spot = dice.words(size)
    own = dice.chance(256 * _of([p.own_words for p in PRODUCTS])[products], size)
    detail = (spot >> np.uint64(8)).astype(np.int64) & (DETAILS - 1)
    tail = desk.details + detail
    follow = dice.chance(256 * _of([p.later_share for p in PRODUCTS])[products], size) & (turn > 0)
    tastes = mixed(3, block.ids.view(np.int64))[owner]
    for k, product in enumerate(PRODUCTS):
        low, high = np.searchsorted(products, [k, k + 1])
        if low == high:
            continue
        piece = slice(int(low), int(high))
        shelf_of = block.shelf[owner[piece]]
        for number, shelf in enumerate(product.shelves):
            here = np.flatnonzero(shelf_of == number) + int(low)
            found = desk.shelves[shelf]
            bits = (spot[here] >> np.uint64(33)).astype(np.int64)
            near = (tastes[here] >> np.uint64(33)).astype(np.int64) * len(found) >> 31
            stretch = max(200, len(found) // 12)
            moved = day[here] * stretch * ((tastes[here] & np.uint64(255)).astype(np.int64)) // 2560
            at = np.where(interest[here], (near + moved + (bits * stretch >> 31)) % len(found), bits * len(found) >> 31)
            text[here] = found[at]
            if shelf.foreign:
                tail[here] = desk.asides[shelf][detail[here] * len(found) // DETAILS]
        later = desk.shelves[product.later] if product.later is not None else desk.follow_ups
        here = np.flatnonzero(follow[piece]) + int(low)
        text[here] = later[(spot[here] >> np.uint64(33)).astype(np.int64) * len(later) >> 31]
        if product.second is not None:
            found = desk.shelves[product.second]
            draws = (spot[piece] & np.uint64(0x7FFFFFFF)).astype(np.int64)
            own_papers = desk.details + (draws >> 3) % DETAILS
            extra[piece] = np.where(draws & 7 > 0, own_papers, found[draws * len(found) >> 31])
    own &= ~((turn > 0) & (spot & np.uint64(3) > 0) & follow)
    return text, extra, np.where(own, tail, -1)


def _answers(
    dice: Dice,
    desk: Desk,
    block: Block,
    products: Ints,
    owner: Ints,
    context: Ints,
    start: Ints,
    text: Ints,
    extra: Ints,
    system: Ints,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Tokens before this turn, tokens of the answer, its kind, and the status: a service's rates of errors and refusals."""
    size = len(owner)
    luck = dice.shorts(size)
    status = np.select([luck < 262, luck < 393, luck < 491], [429, 500, 400], 200)
    reply = _of([int(p.reply) for p in PRODUCTS])[products]
    refused = dice.chance(262, size) & (reply != Reply.LABEL) & (status == 200)
    reply = np.where(refused, int(Reply.REFUSAL), reply)
    reply = np.where(status == 200, reply, int(Reply.NOTHING))
    asked = desk.bytes[text] + np.where(extra >= 0, desk.bytes[np.maximum(extra, 0)], 0)
    quarter = quarters(np.where(context > 0, _trace()[products], NO_CONTEXT), context, asked)
    tables = np.stack([trace_answers(name) for name in TRACES])
    shorts = dice.shorts(size)
    out = tables[_trace()[products], quarter, shorts >> (16 - BITS)]
    least = _of([p.answer[0] if p.answer else 0 for p in PRODUCTS])[products]
    most = _of([p.answer[1] if p.answer else 0 for p in PRODUCTS])[products]
    out = np.where(most > 0, least + shorts % np.maximum(1, most - least + 1), out)
    limit = block.max_tokens[owner]
    out = np.where(limit > 0, np.minimum(out, limit), out)
    out = np.where(refused, 24, np.where(status == 200, np.maximum(1, out), 0))
    spoken = asked // 4 + out + 6
    before = np.cumsum(spoken) - spoken
    own_systems = np.array([len(text) // 4 for text in block.systems] or [0], np.int64)
    base = np.where(system >= 0, own_systems[np.maximum(0, system - len(desk.texts))] + 4, 0)
    return before - before[start] + base, out, reply, status


def _frames(block: Block, products: Ints, owner: Ints, turn: Ints) -> tuple[list[str], Ints]:
    """The frames of all products as one list, and the frame of each row: that of its account, around first turns only."""
    frames = [frame for p in PRODUCTS for frame in p.frames]
    begin = np.cumsum([0, *(len(p.frames) for p in PRODUCTS)])[:-1]
    has = block.framed & (_of([len(p.frames) for p in PRODUCTS])[block.product] > 0)
    own = np.where(has, begin[block.product] + block.frame, -1)
    keeps = _of([p.second is not None or p.most_turns == 1 for p in PRODUCTS])[products] > 0
    return frames, np.where((turn == 0) | keeps, own[owner], -1)


def _end_users(recipe: Recipe, block: Block, word: Words, who: Ints) -> tuple[Ints, Any]:
    """The end user of each conversation where the account's company names them (-1 elsewhere), and their names."""
    found = np.full(len(who), -1)
    chosen = np.flatnonzero(block.has_end_users[who])
    if not len(chosen):
        return found, pa.array([], pa.string())
    user = looked_up(word[chosen], lognormal(60, 150, most=4000), shift=12)
    unique, of = np.unique(block.holder[who[chosen]] * 4096 + user, return_inverse=True)
    found[chosen] = of.ravel()
    return found, tagged("user_", mixed(world_key(recipe.seed, "end users"), unique), 12)


@cache
def _toolboxes() -> list[str]:
    """Tools of agents as JSON, 96 sets that companies wrote."""
    doings = ("search", "get", "list", "update", "create", "cancel", "send")
    things = ("order", "customer", "ticket", "booking", "invoice", "document", "refund", "message", "calendar")
    out = []
    for k in range(96):
        draws = mixed(29, k, np.arange(8)).view(np.int64) >> 33
        tools = []
        for doing, thing in ((doings[int(a) % 7], things[int(a) // 7 % 9]) for a in draws[: 3 + int(draws[0]) % 5]):
            about = f"{doing.capitalize()} the {thing} of the customer."
            schema = {"type": "object", "properties": {"id": {"type": "string"}}}
            offer = {"name": f"{doing}_{thing}", "description": about, "parameters": schema}
            tools.append(json.dumps({"type": "function", "function": offer}, separators=(",", ":")))
        out.append("[" + ",".join(dict.fromkeys(tools)) + "]")
    return out


def _names(recipe: Recipe, block: Block, frames: list[str], end_users: Any) -> dict[str, Any]:
    return {
        "account": tagged("acct_", block.ids),
        "org": tagged("org_", mixed(world_key(recipe.seed, "org"), org_numbers(block)), 10),
        "key": tagged("key_", mixed(world_key(recipe.seed, "api key"), block.ids.view(np.int64)), 12),
        "agent": pa.array(block.agents, pa.string()),
        "tls": pa.array([clients.ja4(agent) for agent in block.agents], pa.string()),
        "frame": pa.array(frames, pa.string()),
        "tools": pa.array(_toolboxes(), pa.string()),
        "end_user": end_users,
    }
