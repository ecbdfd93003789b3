"""`stillwatch audit ask`: put a plan to a suspect behind an OpenAI-compatible address, and keep every reply."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from stillwatch.audit import AskedOf

__all__ = ["audit_ask", "prompt_lines"]

Flag = Annotated[bool, Parameter(negative=())]


def audit_ask(
    plan: Path,
    served: Path,
    /,
    *,
    at: str | None = None,
    model: str,
    key_env: str | None = None,
    completions: Flag = False,
    template: str = "{prompt}",
    system: str | None = None,
    max_tokens: int = 256,
    temperature: float = 0.0,
    seed: int | None = None,
    most_requests: int = 1000,
    most_tokens: int | None = None,
    workers: int = 4,
    seconds: float = 120.0,
    attempts: int = 6,
    prompts: Path | None = None,
    order: Path | None = None,
    reference: Path | None = None,
    replies: Path = Path("replies.jsonl"),
    out: Path = Path("answers.jsonl"),
) -> None:
    """Ask a suspect what a plan needs, each thing once, within a budget; run it again to go on.

    Every reply is kept as it came, with its request and the time, and never asked for again under the same settings. Without --at nobody
    is asked: what is kept is written out anew.

    Args:
        plan: The plan.
        served: The served responses of the plan.
        at: Address up to and with /v1, for instance https://host/v1.
        model: Name of the model there.
        key_env: Name of the environment variable that holds the key; the key itself is written nowhere.
        completions: Ask by /completions, which also tells log-probabilities of given text where the server echoes them.
        template: Words around a prompt in a completion, with {prompt} where it goes.
        system: System text of a chat.
        max_tokens: Tokens of an answer.
        temperature: Temperature of answers; 0 for the likeliest.
        seed: Seed for servers that take one.
        most_requests: Requests that may be made now, those that failed included.
        most_tokens: Tokens that may be used now, as the server counts them.
        workers: Requests at a time.
        seconds: Patience with one request.
        attempts: Times that one thing is asked while the server is busy or the line breaks.
        prompts: The prompts of the plan.
        order: The training order of the plan.
        reference: Likelihoods of the plan's reference, where it stops early by sibling_likelihood.
        replies: Journal of every reply.
        out: What the suspect said, as stillwatch audit run reads it.
    """
    from stillwatch.audit import (
        KEYED_TESTS,
        Budget,
        Endpoint,
        Interface,
        Live,
        ask_plan,
        read_order,
        read_plan,
        read_served,
        read_suspect,
        recorded_of,
        wanted,
        write_suspect,
    )

    promised = read_plan(plan)
    items = read_served(served, bare=promised.exposure in KEYED_TESTS)
    asked = prompt_lines(prompts)
    texts = () if order is None else read_order(order)
    interface = Interface(
        model=model,
        chat=not completions,
        template=template,
        system=system,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
    ).checked()
    live = Live(
        name=promised.suspect,
        interface=interface,
        journal=replies,
        endpoint=None if at is None else Endpoint.keyed_by(at, key_env, seconds=seconds, attempts=attempts),
        budget=Budget(requests=most_requests, tokens=most_tokens),
    )
    things = wanted(promised, items, prompts=asked, order=texts)
    try:
        if at is not None:
            found = ask_plan(
                promised,
                items,
                live,
                prompts=asked,
                order=texts,
                reference=None if reference is None else read_suspect(reference),
                workers=workers,
                heard=_told,
            )
            print(_sentence(found))
    finally:
        write_suspect(out, recorded_of(live, things))
    known = sum(map(live.knows, things))
    print(f"{out}: {known} of the {len(things)} things that the plan asks; every reply is in {replies}")


def prompt_lines(path: Path | None) -> list[str]:
    """The prompts of a file, one a line."""
    return [] if path is None else [line for line in path.read_text("utf-8").splitlines() if line.strip()]


def _told(done: int, all_: int) -> None:
    if done == all_ or done % max(1, all_ // 20) == 0:
        print(f"  {done} of {all_} asked", file=sys.stderr, flush=True)


def _sentence(found: AskedOf) -> str:
    parts = [f"{found.known} of {found.all} known"]
    if found.refused:
        parts.append(f"{found.refused} refused or failed; run again to try these once more")
    if found.sufficed:
        parts.append(f"evidence sufficed for {', '.join(found.sufficed)}, the rest of whose items were not asked")
    if found.spent:
        parts.append("the budget is spent; run again to go on")
    return "; ".join(parts) + "."
