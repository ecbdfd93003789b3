"""What a request asks for, what the policy answers, and what the request then used: the records that every adapter speaks.

They cross the serving path once a request, so they are msgspec structs: a frozen dataclass costs five times as much to make.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Any, Protocol

import msgspec

from stillwatch.policy.markers import Marker

__all__ = ["Asked", "Clamp", "Dialect", "Gate", "Hide", "Hold", "Ruling", "Siblings", "Step", "Used"]


class Step(IntEnum):
    """The ladder of actions, mildest first. A ruling carries out one step; the rules say which milder ones come with it."""

    ALLOW = 0
    OBSERVE = 1
    CLAMP = 2
    THROTTLE = 3
    MARK = 4
    HIDE_REASONING = 5
    VERIFY = 6
    DEGRADE = 7
    BLOCK = 8


class Dialect(Enum):
    """The wire format of a request; `OTHER` passes through unread."""

    CHAT = "openai_chat"
    RESPONSES = "openai_responses"
    MESSAGES = "anthropic_messages"
    GEMINI = "gemini_generate"
    OTHER = "other"


class Hide(Enum):
    """What becomes of visible reasoning."""

    NOTHING = "nothing"
    SUMMARISE = "summarise"
    REMOVE = "remove"


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Facts of one request, read from its head and the few body fields that cost a provider something. No text.

    `at` is in seconds since 1970; `account` and `org` are the keyed pseudonyms of `core`; unknown is None, never zero.
    """

    at: float
    account: int
    dialect: Dialect
    org: int | None = None
    end_user: int | None = None
    pathway: str = ""
    model: str | None = None
    stream: bool = False
    n: int | None = None
    top_logprobs: int | None = None
    logprobs: bool = False
    logit_bias: bool = False
    top_k: int | None = None
    max_tokens: int | None = None
    reasoning: bool = False
    tools: bool = False
    turns: int | None = None
    account_days: int | None = None
    body_bytes: int = 0
    signatures: tuple[int, ...] = ()


class Clamp(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Bounds on what a request may ask for; None leaves the field as it is."""

    n: int | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    drop_logprobs: bool = False
    drop_logit_bias: bool = False


class Hold(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How long visible text is held while it is looked at for copied reasoning and protected text, and what counts as a copy.

    Held until `most_bytes` wait or `seconds` have passed, whichever comes first. It is a leak where `copied` characters of the answer's
    own reasoning, and this `share` of it, were said again; protected text, and reasoning in a code, count from two pieces on.
    `open_when_late` lets text pass that could not be looked at in time.
    """

    seconds: float = 0.5
    most_bytes: int = 8192
    copied: int = 400
    share: float = 0.4
    open_when_late: bool = False


class Siblings(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How many answers beside the served one are drawn and never served, for one in so many requests."""

    k: int
    one_in: int


class Ruling(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is done about one request, and everything needed to say why.

    `code` is machine-readable and stable (`rate_limited`, `verification_required`, `account_blocked`, ...); `rule` names the rule of the
    policy; `policy` is its version; `until` is when the step ends (seconds since 1970); `retry_after` is in seconds; `appeal` is the handle
    under which the decision can be contested; `shadow` is what a dry-run twin would have done, `shadow_rule` which;
    `stale` is the age of the standing in s; `link` is where to appeal, or to be verified.

    A step of `THROTTLE` without `retry_after` lets the request through within its limits: ask `refused`, never the step. `told` says
    whether the decision may be shown to the caller; `degrade` names the model that answers instead and `delay` the seconds to wait before
    the request goes on, both only where the operator opted in; `marker` is how `mark` is made, where the policy says; `lock_context`
    binds reasoning in the answer to all that stood before it; `taken` is what `settle` gives back, and nobody else's.
    """

    step: Step
    code: str = "allowed"
    rule: str = ""
    policy: str = ""
    message: str = ""
    until: float | None = None
    retry_after: float | None = None
    appeal: str | None = None
    link: str = ""
    clamp: Clamp | None = None
    hide: Hide = Hide.NOTHING
    mark: str | None = None
    marker: Marker | None = None
    hold: Hold | None = None
    siblings: Siblings | None = None
    lock_context: bool = False
    review: bool = False
    shadow: Step | None = None
    shadow_rule: str = ""
    stale: float | None = None
    told: bool = True
    degrade: str | None = None
    delay: float | None = None
    taken: tuple[Any, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the request goes no further: blocked, to be verified first, or over its limits."""
        return self.retry_after is not None or self.step is Step.BLOCK or self.step is Step.VERIFY


class Used(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a request cost once it was answered; unknown is None."""

    at: float
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    finished: bool = True


class Gate(Protocol):
    """What stands in the way: rules before a request, counts after it. Neither may wait for anything."""

    def decide(self, asked: Asked) -> Ruling:
        """What is done about this request."""
        ...

    def settle(self, asked: Asked, ruling: Ruling, used: Used) -> None:
        """Count what it used; called once for every ruling that let a request through, when it ends or breaks off."""
        ...
