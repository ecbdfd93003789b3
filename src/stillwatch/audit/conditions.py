"""What must hold of served items before their siblings say anything, checked item by item; what breaks it is left out and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from stillwatch.audit.records import Condition, Served, State

__all__ = ["fit_items", "fit_places"]

SHORTEST = 20
"""Characters of an earlier response that count as quoted when a prompt holds them; shorter ones occur by chance."""


def fit_items(served: Sequence[Served]) -> tuple[tuple[Served, ...], tuple[Condition, ...]]:
    """One account's items for which served response and siblings are exchangeable, and each condition as it was found.

    Every rule looks at what was served and never at what the suspect said, so leaving out costs power and no validity. Rules go in the
    order of the conditions; of items that may not stand together the first is kept.
    """
    return _fit(served, _RULES)


def fit_places(served: Sequence[Served]) -> tuple[tuple[Served, ...], tuple[Condition, ...]]:
    """One account's places, items with chances, that may be asked one after another, and each condition as it was found."""
    return _fit(served, _PLACE_RULES)


def _fit(served: Sequence[Served], rules: Sequence[_Rule]) -> tuple[tuple[Served, ...], tuple[Condition, ...]]:
    kept = list(served)
    found = []
    for words, breaks, known in rules:
        fits = [one for one, broken in zip(kept, breaks(kept), strict=True) if not broken]
        left_out = len(kept) - len(fits)
        state = State.MENDED if left_out else State.HOLDS
        if not all(known(one) for one in fits):
            state = State.UNRECORDED
        found.append(Condition(words=words, state=state, left_out=left_out))
        kept = fits
    return tuple(kept), tuple(found)


def _filtered(items: Sequence[Served]) -> Iterator[bool]:
    return (one.as_sampled is False for one in items)


def _other_sampling(items: Sequence[Served]) -> Iterator[bool]:
    return (one.same_sampling is False for one in items)


def _prompt_again(items: Sequence[Served]) -> Iterator[bool]:
    return _again([one.prompt for one in items])


def _conversation_again(items: Sequence[Served]) -> Iterator[bool]:
    return _again([one.conversation for one in items])


def _quotes_earlier(items: Sequence[Served]) -> Iterator[bool]:
    """Items whose prompt holds a response that the account was served before.

    Each response is known by the `SHORTEST` characters in its middle, where responses differ most; only where a prompt holds these is it
    compared whole. So the work grows with the text and not with the square of the items.
    """
    middles: dict[str, list[tuple[int, str]]] = {}
    for one in items:
        yield _holds_any(one.prompt, middles)
        text = one.response.strip()
        if len(text) >= SHORTEST:
            start = (len(text) - SHORTEST) // 2
            middles.setdefault(text[start : start + SHORTEST], []).append((start, text))


def _holds_any(prompt: str, middles: Mapping[str, Sequence[tuple[int, str]]]) -> bool:
    """Whether the prompt holds one of the texts, each given by its middle, where that begins, and the whole."""
    return any(
        at >= start and prompt.startswith(text, at - start)
        for at in range(len(prompt) - SHORTEST + 1)
        for start, text in middles.get(prompt[at : at + SHORTEST], ())
    )


def _without_chances(items: Sequence[Served]) -> Iterator[bool]:
    return (one.chances is None for one in items)


def _back_in_the_text(items: Sequence[Served]) -> Iterator[bool]:
    """Places whose prompt is no longer than one asked before in the same conversation: that one may hold the word drawn here."""
    longest: dict[str | None, int] = {}
    for one in items:
        back = one.conversation is not None and len(one.prompt) <= longest.get(one.conversation, -1)
        yield back
        if not back:
            longest[one.conversation] = len(one.prompt)


def _again(names: Sequence[str | None]) -> Iterator[bool]:
    seen: set[str] = set()
    for name in names:
        yield name in seen
        if name is not None:
            seen.add(name)


_Rule = tuple[str, Callable[[Sequence[Served]], Iterator[bool]], Callable[[Served], bool]]

_AS_SAMPLED: _Rule = (
    "the served text is the first that was drawn: not filtered, not drawn again, not picked by anybody",
    _filtered,
    lambda one: one.as_sampled is not None,
)

_RULES: tuple[_Rule, ...] = (
    _AS_SAMPLED,
    (
        "siblings come from the same snapshot, system text and decoding as the served response",
        _other_sampling,
        lambda one: one.same_sampling is not None,
    ),
    ("no prompt occurs twice in the account", _prompt_again, lambda one: True),
    ("no two items are of one conversation", _conversation_again, lambda one: one.conversation is not None),
    ("no prompt holds a response served to the account before", _quotes_earlier, lambda one: True),
)

_PLACE_RULES: tuple[_Rule, ...] = (
    _AS_SAMPLED,
    ("the chances of the words are recorded", _without_chances, lambda one: True),
    ("no place is asked twice in the account", _prompt_again, lambda one: True),
    (
        "places of a conversation come in the order of its text",
        _back_in_the_text,
        lambda one: one.conversation is not None,
    ),
)
