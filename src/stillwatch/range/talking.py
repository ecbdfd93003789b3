"""What parts of a world have in common when they talk: heavy-tailed loads, and conversations at local hours."""

from __future__ import annotations

import numpy as np

from stillwatch.range.contexts import TRACES
from stillwatch.range.ground import Ground, Ints, Reply
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import answer_lengths, turns

__all__ = ["heavy_tailed", "talk"]


def heavy_tailed(rng: np.random.Generator, size: int, *, median: float, spread: float, most: int = 6000) -> Ints:
    """Requests a day of `size` accounts: log-normal, at least one."""
    drawn: Ints = np.clip(rng.lognormal(np.log(median), spread, size), 1, most).astype(np.int64)
    return drawn


def talk(
    ground: Ground,
    rng: np.random.Generator,
    who: Ints,
    counts: Ints,
    *,
    texts: Ints,
    profile: str,
    system: Ints | int = -1,
    reply: Reply = Reply.PROSE,
    mean_turns: float = 2.5,
    most_turns: int = 8,
    trace: str = "chat",
    frame: Ints | int = -1,
    follow_ups: bool = True,
    tools: int = -1,
    shortest_answer: int = 1,
) -> None:
    """Send conversations of the accounts `who`: first turns are dealt from `texts` without repeats, later ones are follow-ups or new texts.

    `system` is one number for all or one for each account; so is `frame`, which wraps first turns only.
    """
    cut = turns(
        rng,
        ground.clock,
        counts,
        zone=ground.trait("zone")[who],
        profile=profile,
        mean_turns=mean_turns,
        most_turns=most_turns,
    )
    size = len(cut.owner)
    text = texts[Deck(len(texts), rng).draw(size)]
    if follow_ups:
        said = ground.texts.kept(ground.pack.follow_ups())
        later = (cut.turn > 0) & (rng.random(size) < 0.6)
        text = np.where(later, said[rng.integers(0, len(said), size)], text)
    tokens = answer_lengths(rng, ground.texts.lengths(text) // 4, trace=trace)
    ground.send(
        rng,
        who[cut.owner],
        cut.at,
        text=text,
        tokens_out=np.maximum(tokens, shortest_answer),
        reply=reply,
        frame=np.where(cut.turn == 0, np.broadcast_to(frame, len(who))[cut.owner], -1),
        system=np.broadcast_to(system, len(who))[cut.owner],
        before=cut.before,
        conversation=cut.conversation,
        tools=tools,
        context=TRACES.index(trace),
    )
