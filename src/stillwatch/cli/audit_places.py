"""`stillwatch audit places`: where a suspect is asked for the next word, from log-probabilities that the serving recorded."""

from __future__ import annotations

from pathlib import Path

__all__ = ["audit_places"]


def audit_places(logprobs: Path, /, *, out: Path = Path("places.jsonl"), unsure: float = 0.3) -> None:
    """Find the places of served responses at which our model was unsure, as items of the test next_words.

    Args:
        logprobs: JSON lines, one a response: item, account, prompt, content (its words, each with five top_logprobs
            or more, as OpenAI-compatible servers write them) and, where these were recorded before it, temperature.
        out: File of the places; never written over.
        unsure: A place is asked where the four likeliest words together had at most this chance.
    """
    from stillwatch.audit import read_places, write_served
    from stillwatch.core import Error

    found = list(read_places(logprobs, unsure=unsure))
    if not found:
        raise Error(f"{logprobs}: our model was nowhere so unsure; a larger --unsure finds places")
    write_served(out, found)
    responses = len({(one.account, one.conversation) for one in found})
    print(f"{len(found)} places in {responses} responses of {len({one.account for one in found})} accounts in {out}")
