"""The links that hold an actor together, as a picture: accounts as dots, shared things as labelled diamonds.

Accounts with the same ties stand together in one cluster, so the picture stays legible with a thousand members; what
was joined or left out is said in the caption.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from stillwatch.report._layout import settle, sunflower
from stillwatch.report.svg import Drawing
from stillwatch.report.view_actor import LinkPicture, SharedThing
from stillwatch.report.wording import count, listing, plural, spell

__all__ = ["LinkDrawing", "draw_links"]

_THINGS, _GROUPS, _DOTS = 12, 18, 900
_WIDTH, _HEIGHT, _PITCH, _DOT = 620.0, 440.0, 7.4, 2.5
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
    """The picture, and the sentence under it that says what one dot is and what was joined."""

    svg: Markup
    caption: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Node:
    label: str
    cls: str
    tied: int
    tip: str


def draw_links(links: LinkPicture, *, uid: str, name: str, rng: np.random.Generator) -> LinkDrawing:
    """Draw the ties of one actor. Empty when there are none."""
    if not links.things or not links.accounts:
        return LinkDrawing(svg=Markup(""), caption="")
    nodes, place_of = _kept_things(links)
    signatures: dict[int, set[int]] = defaultdict(set)
    for tie in links.ties:
        signatures[tie.account].add(place_of[tie.thing])
    groups, folded = _groups([frozenset(signatures[i]) for i in range(len(links.accounts))])
    per_dot = -(-len(links.accounts) // _DOTS)
    discs = [sunflower(max(1, round(size / per_dot)), _PITCH) for _, size in groups]
    radii = [11.0] * len(nodes) + [float(np.abs(disc).max()) + 5 for disc in discs]
    largest = max(size for _, size in groups)
    ties = [
        (thing, len(nodes) + g, 0.35 + 0.65 * size / largest)
        for g, (signature, size) in enumerate(groups)
        for thing in sorted(signature)
    ]
    at = settle(radii, ties, width=_WIDTH, height=_HEIGHT, margin=(34, 16), rng=rng)
    drawing = Drawing(_WIDTH, _HEIGHT, kind="links")
    for thing, group, _ in ties:
        size = groups[group - len(nodes)][1]
        (x1, y1), (x2, y2) = at[thing], at[group]
        drawing.line(x1, y1, x2, y2, "tie", width=1 + 5 * (size / largest) ** 0.5)
    for g, (disc, (signature, size)) in enumerate(zip(discs, groups, strict=True)):
        shared = listing([nodes[i].label for i in sorted(signature)])
        tip = f"{plural(size, 'account')} tied to {shared}"
        x, y = at[len(nodes) + g]
        drawing.circle(x, y, radii[len(nodes) + g], "cluster", tip=tip)
        drawing.dots([(x + dx, y + dy) for dx, dy in disc], _DOT, "account")
    _diamonds(drawing, nodes, at, radii)
    caption = _caption(links, per_dot, len(nodes), folded)
    tops = listing([f"{node.label} ({plural(node.tied, 'account')})" for node in nodes[:4]])
    desc = f"{plural(len(links.accounts), 'account')} drawn; most widely shared: {tops}."
    return LinkDrawing(svg=drawing.picture(title=f"What holds {name} together", desc=desc, uid=uid), caption=caption)


def _kept_things(links: LinkPicture) -> tuple[list[_Node], dict[int, int]]:
    tied = Counter(tie.thing for tie in links.ties)
    order = sorted(range(len(links.things)), key=lambda i: (-tied[i], links.things[i].kind, links.things[i].key))
    kept = order[:_THINGS]
    rest: dict[str, list[int]] = defaultdict(list)
    for i in order[_THINGS:]:
        rest[links.things[i].kind].append(i)
    place_of = {thing: place for place, thing in enumerate(kept)}
    nodes = [_node(links.things[i], tied[i]) for i in kept]
    for kind, members in sorted(rest.items()):
        reach = len({tie.account for tie in links.ties if tie.thing in set(members)})
        label = f"{count(len(members))} more: {spell(kind)}"
        nodes.append(
            _Node(label=label, cls=_CLASS.get(kind, "else"), tied=reach, tip=f"{label}, {plural(reach, 'account')}")
        )
        place_of.update(dict.fromkeys(members, len(nodes) - 1))
    return nodes, place_of


def _node(thing: SharedThing, tied: int) -> _Node:
    wide = "" if thing.population is None else f"; {count(thing.population)} in all logs have it"
    tip = f"{spell(thing.kind)} {thing.label}: {plural(tied, 'account')} drawn{wide}"
    return _Node(label=thing.label[:28], cls=_CLASS.get(thing.kind, "else"), tied=tied, tip=tip)


def _groups(signatures: Sequence[frozenset[int]]) -> tuple[list[tuple[frozenset[int], int]], int]:
    sizes = Counter(signatures)
    order = sorted(sizes, key=lambda signature: (-sizes[signature], sorted(signature)))
    kept = {signature: sizes[signature] for signature in order[:_GROUPS]}
    folded = 0
    for signature in order[_GROUPS:]:
        best = min(kept, key=lambda other: (len(signature ^ other), -sizes[other], sorted(other)))
        kept[best] += sizes[signature]
        folded += sizes[signature]
    return list(kept.items()), folded


def _diamonds(drawing: Drawing, nodes: Sequence[_Node], at: np.ndarray, radii: Sequence[float]) -> None:
    taken = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(at, radii, strict=True)]
    texts = []
    for node, (x, y) in zip(nodes, at, strict=False):
        drawing.polygon([(x, y - 9), (x + 9, y), (x, y + 9), (x - 9, y)], f"thing {node.cls}", tip=node.tip)
        label = f"{node.label} · {count(node.tied)}"
        wide = 6.6 * len(label)
        spots = [
            (x + 13, y + 4, "start", x + 13),
            (x - 13, y + 4, "end", x - 13 - wide),
            (x, y - 14, "middle", x - wide / 2),
            (x, y + 23, "middle", x - wide / 2),
        ]
        costs = []
        for tx, ty, anchor, left in spots:
            box = (left, ty - 11, left + wide, ty + 3)
            outside = 4 * wide * 14 if box[0] < 2 or box[2] > _WIDTH - 2 or box[1] < 0 or box[3] > _HEIGHT else 0
            costs.append((sum(_overlap(box, other) for other in taken) + outside, box, (tx, ty, anchor)))
        _, box, spot = min(costs, key=lambda cost: cost[0])
        taken.append(box)
        texts.append((label, spot))
    for label, (tx, ty, anchor) in texts:
        drawing.words(tx, ty, label, "halo", anchor=anchor)


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _caption(links: LinkPicture, per_dot: int, things: int, folded: int) -> str:
    drawn = len(links.accounts)
    whole = drawn >= links.of_members
    text = "A dot is one account" if per_dot == 1 else f"A dot is about {per_dot} accounts"
    text += (
        f"; all {count(drawn)} members are drawn" if whole else f"; {count(drawn)} of {count(links.of_members)} members"
    )
    text += ". Accounts with the same ties stand together; a diamond is a shared thing with the number of accounts tied to it."
    if len(links.things) > _THINGS:
        text += (
            f" Of {count(len(links.things))} shared things the {_THINGS} widest are named, the others joined by kind"
        )
        text += f" ({things} diamonds)."
    if folded:
        stand = "stands" if folded == 1 else "stand"
        text += f" {plural(folded, 'account')} with rarer combinations of ties {stand} with the nearest cluster."
    return f"{text} {links.sampling}".strip()
