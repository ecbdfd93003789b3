"""A kind of use of the API, as a record: who holds it, when it runs, what is asked and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from stillwatch.range.ground import Reply

__all__ = ["Product", "Shelf"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """Texts that a product's customers send: sources of the prompt pack, or texts made by `made` from a random stream.

    `weight` is the share of accounts that draw from this shelf (an account keeps to one), in proportion to the other shelves.
    """

    weight: int
    sources: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    lang: str | None = None
    longest: int = 3000
    shortest: int = 0
    made: Callable[[np.random.Generator], list[str]] | None = None

    @property
    def foreign(self) -> bool:
        """Whether its texts are in another language than English."""
        return self.lang not in (None, "en") or self.sources == ("oasst1_fi_mt",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """One product type of ordinary customers.

    Shares named `per 256` are out of 256. `share` is out of 1000 ordinary accounts; `median` and `spread` (hundredths of the logarithm)
    say how active an account is compared with others.
    """

    name: str
    share: int
    median: int
    spread: int
    shelves: tuple[Shelf, ...]
    held_by: Literal["people", "companies", "campus"] = "people"
    hours: str = "office"
    week: str = "office"
    pace: Literal["people", "service", "jobs"] = "people"
    growth: int = 4
    """Thousandths by which its customers' activity grows a day: over weeks the mix of products drifts."""
    turns: int = 250
    """Mean turns of a conversation, in hundredths."""
    most_turns: int = 8
    pause: int = 75
    """Median seconds between turns."""
    later: Shelf | None = None
    """What later turns are drawn from; follow-ups of people by default."""
    later_share: int = 150
    """Share of later turns drawn from `later`, per 256; the rest are texts of the account's shelf."""
    frames: tuple[str, ...] = ()
    """Wrappers with the text at `{a}` and a passage at `{b}`; a company writes one of its own from these."""
    framed: int = 0
    """Share of accounts that use a frame, per 256."""
    second: Shelf | None = None
    """What stands at `{b}`."""
    own_words: int = 64
    """Share of texts that carry a detail of the sender's own, per 256."""
    system: str | None = None
    """Whose system prompts (`words.system_prompt`); none where it is None."""
    systems: int = 256
    """Share of accounts with a system prompt, per 256."""
    tools: int = 0
    """Share of accounts with tools, per 256."""
    end_users: int = 0
    """Share of accounts that name their end users, per 256."""
    reply: Reply = Reply.PROSE
    trace: str = "chat"
    """The trace whose answer lengths it has."""
    context: bool = False
    """Whether its requests are as long as that trace's: they bring files, pages and images along that no log keeps the text of."""
    bursts: bool = False
    """Whether a customer's requests within an hour come in the bursts of that trace."""
    reasoning: int = 0
    """Share of accounts that ask for reasoning and get it as a signature to be sent back, per 256."""
    compacts: int = 0
    """Turns after which its programs shorten what they send of a conversation; 0 is never."""
    answer: tuple[int, int] | None = None
    """Least and most tokens of an answer, where the trace is not asked."""
    programs: Mapping[str, int] = field(default_factory=lambda: {"sdk": 1})
    plans: Mapping[str, int] = field(default_factory=lambda: {"free": 25, "plus": 35, "payg": 40})
    sizes: tuple[int, int, int] = (50, 42, 8)
    """Weights of the model's sizes: mini, main, large."""
    stream: int = 128
    """Share of requests answered as a stream, per 256."""
    by_hand: bool = False
    """Whether requests come from an application of the provider: no temperature, no limit of tokens."""
