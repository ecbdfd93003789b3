"""R9. A sum over labs leaves only when three besides the asker are in it, none makes most of it, and no two sums differ by few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal
from stillwatch.forum.words import decade

__all__ = ["LEAST_LABS", "MOST_SHARE", "RULE", "Sums"]

LEAST_LABS = 3
MOST_SHARE = 0.6


class Sums:
    """Answers questions about sums over labs, remembers whose numbers went into each answer, and refuses what would single a lab out.

    One of these stands before every aggregate that leaves the hub. Answers are powers of ten. Two answers to one question (`topic`)
    about different sets of labs are given only when the sets differ by nobody or by at least three: else their difference tells of few.
    """

    def __init__(self) -> None:
        self._told: dict[str, list[frozenset[str]]] = {}

    def total(self, topic: str, counts: Mapping[str, int], *, asker: str) -> int | None:
        """The decade of the sum over labs other than the asker, or None where it is refused; the two refusals look alike."""
        others = {lab: n for lab, n in counts.items() if lab != asker and n > 0}
        whole = sum(others.values())
        if len(others) < LEAST_LABS or max(others.values()) > MOST_SHARE * whole:
            return None
        labs = frozenset(others)
        earlier = self._told.setdefault(topic, [])
        if any(0 < len(labs ^ one) < LEAST_LABS for one in earlier):
            return None
        if labs not in earlier:
            earlier.append(labs)
        return decade(whole)


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """A sighting is one house's own: it names one member, who is the sender, so that nobody's sum travels as an object."""
    for one in batch:
        if one.get("type") != "sighting":
            continue
        where = one.get("where_sighted_refs")
        if not isinstance(where, list) or where != [one.get("created_by_ref")]:
            yield refusal(
                "R9",
                one,
                ".where_sighted_refs",
                "tells what others saw",
                "Tell your own sightings alone; sums over labs are the hub's to give, to nobody about fewer than three others",
            )


RULE = Rule(code="R9", title="No sum over few labs", check=check)
