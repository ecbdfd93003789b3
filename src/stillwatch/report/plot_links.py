"""The links that hold an actor together, as a picture: accounts as dots, shared things as labelled diamonds.

Every account stands around the rarest thing that it shares, because rare things say most; thick ties lead to what
most of the actor shares, thin ones to an account's other things. So nothing overlaps with three hundred or a thousand
members.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from stillwatch.report._layout import Points, label_spot, settle, sunflower
from stillwatch.report.svg import Drawing, number
from stillwatch.report.view_actor import LinkPicture, SharedThing
from stillwatch.report.wording import count, listing, plural

__all__ = ["LinkDrawing", "draw_links"]

_THINGS, _LABELS, _DOTS, _THIN_TIES = 26, 10, 900, 300
"""At most so many things are drawn, so many of them labelled, so many dots and so many thin ties."""

_COMMON = 0.6
"""A thing that this share of the accounts has is what most of the actor shares: thick ties lead to it."""

_WIDTH, _HEIGHT, _PITCH, _DOT = 640.0, 430.0, 6.6, 2.2
"""Pixels: the picture, the distance between dots, a dot's radius."""

_CLASS = {
    "family": "content",
    "template": "content",
    "artifact": "content",
    "payment": "money",
    "registration": "money",
    "device": "money",
    "signup": "money",
    "org": "money",
    "subnet": "net",
    "ip": "net",
    "asn": "net",
    "tls": "net",
    "user_agent": "net",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkDrawing:
    """The picture, and the sentence under it that says what one dot is and what was left out."""

    svg: Markup
    caption: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Homes:
    """Which accounts stand around which thing. Things are known by their place here, the most widely shared first.

    `tied` counts the accounts tied to each thing and `common` holds the places of what most share; `residents` are the
    accounts that stand around each thing; `shares` gives each account's things, the rarest (its home) first; `dropped`
    things found no place.
    """

    things: tuple[SharedThing, ...]
    tied: tuple[int, ...]
    common: frozenset[int]
    residents: tuple[tuple[int, ...], ...]
    shares: dict[int, tuple[int, ...]]
    dropped: int


def draw_links(
    links: LinkPicture,
    *,
    uid: str,
    name: str,
    rng: np.random.Generator,
    way: Callable[[SharedThing], str] | None = None,
    focus: str | None = None,
) -> LinkDrawing:
    """Draw the ties of one actor. Empty when there are none.

    Args:
        way: gives the address to which a shared thing is a link.
        focus: key of the thing whose accounts stand out.
    """
    homes = _find_homes(links)
    if not homes.things:
        return LinkDrawing(svg=Markup(""), caption="")
    per_dot = -(-len(links.accounts) // _DOTS)
    discs = [sunflower(-(-len(residents) // per_dot), _PITCH, hollow=11.0) for residents in homes.residents]
    radii = [float(np.hypot(*disc.T).max()) + 5 if len(disc) else 11.0 for disc in discs]
    thick = _thick_ties(homes)
    most = max((weight for _, _, weight in thick), default=1)
    springs = [(a, b, 0.3 + 0.7 * weight / most) for a, b, weight in _strongest(thick, homes.common)]
    at = settle(radii, springs, width=_WIDTH, height=_HEIGHT, margin=(30, 18), rng=rng)
    drawing = Drawing(_WIDTH, _HEIGHT, kind="links")
    for a, b, weight in thick:
        if a in homes.common or b in homes.common:
            drawing.line(at[a][0], at[a][1], at[b][0], at[b][1], "tie", width=1 + 6 * (weight / most) ** 0.5)
    dot_of = _dots(homes, discs, at, per_dot)
    thin = _thin_ties(homes, dot_of, at)
    drawing.path("".join(thin), "thread")
    lit = _having(homes, focus)
    for place, disc in enumerate(discs):
        drawing.dots(
            [(at[place][0] + dx, at[place][1] + dy) for dx, dy in disc],
            _DOT,
            "account" if lit is None else "account off",
        )
    if lit:
        drawing.dots(sorted({dot_of[account] for account in lit}), _DOT + 0.5, "account on")
    _diamonds(drawing, homes, at, radii, way, focus)
    tops = listing([f"{_name(homes.things[i])} ({plural(homes.tied[i], 'account')})" for i in _widest(homes)[:4]])
    desc = f"{plural(len(links.accounts), 'account')} drawn; most widely shared: {tops}."
    svg = drawing.picture(title=f"What holds {name} together", desc=desc, uid=uid)
    return LinkDrawing(svg=svg, caption=_caption(links, homes, per_dot))


def _find_homes(links: LinkPicture) -> _Homes:
    """Every account to the rarest thing that it shares."""
    pairs = sorted({(tie.account, tie.thing) for tie in links.ties})
    tied = Counter(thing for _, thing in pairs)
    order = sorted(tied, key=lambda i: (-tied[i], links.things[i].kind, links.things[i].key))[:_THINGS]
    place_of = {thing: place for place, thing in enumerate(order)}
    shares: dict[int, list[int]] = defaultdict(list)
    for account, thing in pairs:
        if thing in place_of:
            shares[account].append(place_of[thing])
    ordered = {account: tuple(sorted(places, reverse=True)) for account, places in sorted(shares.items())}
    residents: list[list[int]] = [[] for _ in order]
    for account, places in ordered.items():
        residents[places[0]].append(account)
    common = frozenset(place for place, thing in enumerate(order) if tied[thing] >= _COMMON * len(links.accounts))
    return _Homes(
        things=tuple(links.things[i] for i in order),
        tied=tuple(tied[i] for i in order),
        common=common,
        residents=tuple(tuple(sorted(group, key=lambda a: (ordered[a][1:], a))) for group in residents),
        shares=ordered,
        dropped=len(tied) - len(order),
    )


def _thick_ties(homes: _Homes) -> list[tuple[int, int, int]]:
    """How many residents of each thing also share each other thing: (home, other, accounts)."""
    weights: Counter[tuple[int, int]] = Counter()
    for places in homes.shares.values():
        weights.update((places[0], other) for other in places[1:])
    return [(a, b, weight) for (a, b), weight in sorted(weights.items())]


def _strongest(thick: Sequence[tuple[int, int, int]], common: frozenset[int]) -> list[tuple[int, int, int]]:
    """Each home's widest tie to a common thing and its widest to another: the springs that arrange the picture."""
    best: dict[tuple[int, bool], tuple[int, int, int]] = {}
    for tie in thick:
        key = (tie[0], tie[1] in common)
        if key not in best or tie[2] > best[key][2]:
            best[key] = tie
    return [best[key] for key in sorted(best)]


def _dots(homes: _Homes, discs: Sequence[Points], at: Points, per_dot: int) -> dict[int, tuple[float, float]]:
    """Where each account's dot stands."""
    where: dict[int, tuple[float, float]] = {}
    for place, (residents, disc) in enumerate(zip(homes.residents, discs, strict=True)):
        for i, account in enumerate(residents):
            dx, dy = disc[i // per_dot]
            where[account] = (float(at[place][0] + dx), float(at[place][1] + dy))
    return where


def _thin_ties(homes: _Homes, dot_of: dict[int, tuple[float, float]], at: Points) -> list[str]:
    """Lines from accounts to their other things, as steps of a path; an even sample when there are many."""
    pairs = [(a, place) for a, places in homes.shares.items() for place in places[1:] if place not in homes.common]
    every = max(1, -(-len(pairs) // _THIN_TIES))
    out = []
    for account, place in pairs[::every]:
        (x1, y1), (x2, y2) = dot_of[account], at[place]
        out.append(f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}")
    return out


def _widest(homes: _Homes) -> list[int]:
    return sorted(range(len(homes.things)), key=lambda i: (-homes.tied[i], i))


def _name(thing: SharedThing) -> str:
    return thing.name[:34]


def _having(homes: _Homes, focus: str | None) -> list[int] | None:
    """The accounts that have the thing in focus; `None` where nothing is, or the picture does not draw it."""
    place = next((i for i, thing in enumerate(homes.things) if thing.key == focus), None)
    return None if place is None else [account for account, places in homes.shares.items() if place in places]


def _diamonds(
    drawing: Drawing,
    homes: _Homes,
    at: Points,
    radii: Sequence[float],
    way: Callable[[SharedThing], str] | None,
    focus: str | None,
) -> None:
    """Draw the things, then the labels of the most widely shared over everything else."""
    taken = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(at, radii, strict=True)]
    labels: list[tuple[str, tuple[float, float, str]]] = []
    for place in _widest(homes):
        x, y = (float(value) for value in at[place])
        thing, size = homes.things[place], 8.5 if place in homes.common else 6.5
        wide = "" if thing.population is None else f"; {count(thing.population)} in all logs have it"
        tip = f"{_name(thing)}: {plural(homes.tied[place], 'account')} drawn{wide}"
        diamond = [(x, y - size), (x + size, y), (x, y + size), (x - size, y)]
        marked = " focus" if thing.key == focus else ""
        drawing.polygon(
            diamond, f"thing {_CLASS.get(thing.kind, 'else')}{marked}", tip=tip, way="" if way is None else way(thing)
        )
        if len(labels) < _LABELS:
            text = f"{_name(thing)} · {count(homes.tied[place])}"
            spot, box = label_spot(text, (x, y), radii[place], taken, width=_WIDTH, height=_HEIGHT)
            taken.append(box)
            labels.append((text, spot))
    for text, (x, y, anchor) in labels:
        drawing.words(x, y, text, "halo", anchor=anchor)


def _caption(links: LinkPicture, homes: _Homes, per_dot: int) -> str:
    drawn = len(links.accounts)
    text = "A dot is one account" if per_dot == 1 else f"A dot is about {per_dot} accounts"
    whole = drawn >= links.of_members
    text += (
        f"; all {count(drawn)} members are drawn" if whole else f"; {count(drawn)} of {count(links.of_members)} members"
    )
    text += ". An account stands at the rarest thing it shares; thick ties lead to what most of the actor shares, "
    text += "thin ones to its other things."
    if len(homes.things) > _LABELS:
        text += f" The {_LABELS} most widely shared of {count(len(homes.things) + homes.dropped)} things are named."
    if homes.dropped:
        text += f" {plural(homes.dropped, 'thing')} shared by fewer accounts {'is' if homes.dropped == 1 else 'are'} not drawn."
    alone = drawn - len(homes.shares)
    if alone:
        text += (
            f" {plural(alone, 'account')} tied by none of the drawn things {'is' if alone == 1 else 'are'} left out."
        )
    return f"{text} {links.sampling}".strip()
