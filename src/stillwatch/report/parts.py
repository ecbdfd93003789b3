"""The three parts of a case, kept apart: what was observed, what was inferred from it, and what speaks for innocence.

The sentences are written from the numbers of the view, so that no actor is shown without all three. A reader must be
able to strike out the inferred part and still have true sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from stillwatch.core.records import Decision, Support
from stillwatch.report.view_actor import ActorView, HeldOutTest, Part, Statement
from stillwatch.report.wording import count, e_words, listing, p_words, plural, sentence, share, span, spell

__all__ = ["Parts", "three_parts"]

_OLD = timedelta(days=90)
"""An account that was opened so long before it was first seen may be a genuine customer's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """An actor's statements by part, in reading order."""

    observed: tuple[Statement, ...]
    inferred: tuple[Statement, ...]
    exculpatory: tuple[Statement, ...]


def three_parts(actor: ActorView) -> Parts:
    """Sort what is known of an actor into the three parts; the pipeline's own statements come after the counted ones."""
    written = (*_observed(actor), *_inferred(actor), *_exculpatory(actor), *actor.statements)
    observed, inferred, exculpatory = (tuple(s for s in written if s.part is part) for part in Part)
    return Parts(observed=observed, inferred=inferred, exculpatory=exculpatory)


def _observed(actor: ActorView) -> Iterator[Statement]:
    def say(words: str, ground: str) -> Statement:
        return Statement(part=Part.OBSERVED, sentence=words, ground=ground)

    when = "" if actor.first_seen is None else f", {span(actor.first_seen, actor.last_seen)} UTC"
    yield say(f"{plural(actor.accounts, 'account')} sent {plural(actor.exchanges, 'exchange')}{when}.", "exchanges")
    if actor.exchanges:
        portion = share(actor.harvest_exchanges / actor.exchanges)
        yield say(
            f"{count(actor.harvest_exchanges)} of these ({portion}) carry the families or techniques listed below.",
            "families",
        )
    tokens = "" if actor.yield_tokens is None else f" with {count(actor.yield_tokens)} output tokens"
    yield say(
        f"{plural(actor.yield_exchanges, 'distinct prompt was', 'distinct prompts were')} answered{tokens}.", "features"
    )
    for test in actor.tests:
        if test.describes:
            yield say(sentence(test.sentence), test.test)
    if actor.links is None:
        return
    drawn = len(actor.links.accounts)
    for thing in sorted(actor.links.things, key=lambda thing: (-thing.members, thing.key))[:4]:
        if thing.members < 2:
            continue
        wide = "" if thing.population is None else f"; {count(thing.population)} accounts in all the logs have it"
        of = min(actor.links.of_members, drawn)
        yield say(
            f"{count(thing.members)} of {plural(of, 'member')} share the {thing.name}{wide}.",
            "links",
        )


def _inferred(actor: ActorView) -> Iterator[Statement]:
    def say(words: str, ground: str) -> Statement:
        return Statement(part=Part.INFERRED, sentence=words, ground=ground)

    if actor.decision is Decision.REVIEW and actor.e_value is not None:
        demanded = "" if actor.threshold is None else f", where {e_words(actor.threshold)} was demanded"
        yield say(
            f"The evidence fits accounts that act for one operator: combined evidence e = {e_words(actor.e_value)}{demanded}.",
            "combined",
        )
    yield say(f"Capability sought: {actor.capability}.", "features")
    for test in actor.tests:
        if test.supports is Support.HARVEST and test.decided:
            yield say(f"{sentence(test.sentence)} {_weight(test)}", test.test)
    yield say("Who the operator is was not asked: a scan names no person, organisation or country.", "method")


def _exculpatory(actor: ActorView) -> Iterator[Statement]:
    def say(words: str, ground: str) -> Statement:
        return Statement(part=Part.EXCULPATORY, sentence=words, ground=ground)

    for test in actor.tests:
        if test.supports is Support.INNOCENT and test.decided:
            yield say(f"{sentence(test.sentence)} {_weight(test)}", test.test)
    for check in actor.lookalikes:
        if check.fits:
            yield say(f"Fits an innocent explanation, {check.name}: {sentence(check.why)}", "lookalikes")
    other = actor.exchanges - actor.harvest_exchanges
    if actor.exchanges and other / actor.exchanges >= 0.01:
        yield say(
            f"{plural(other, 'exchange')} ({share(other / actor.exchanges)}) of the members carry no sign of the harvest. "
            "They may be cover, or other people's ordinary work behind the same accounts.",
            "features",
        )
    yield from _members_in_doubt(actor)
    unknown = [check.name for check in actor.lookalikes if check.fits is None]
    if unknown:
        yield say(
            f"Innocent explanations that the logs could neither confirm nor refute: {listing(unknown)}.", "lookalikes"
        )
    undecided = [
        f"{test.title or spell(test.test)} ({_lack(test)})"
        for test in actor.tests
        if not test.decided and not test.describes
    ]
    if undecided:
        yield say(f"Undecided for want of data: {listing(undecided)}.", "actor_evidence")
    level = [_title(test) for test in actor.tests if test.decided and test.supports is Support.NEITHER]
    if level:
        yield say(f"Tests that point neither way: {listing(level)}.", "actor_evidence")
    refuted = [check.name for check in actor.lookalikes if check.fits is False]
    if refuted:
        yield say(f"Considered and found not to fit: {listing(refuted)}. Reasons are in the table below.", "lookalikes")
    if not actor.lookalikes:
        yield say("No innocent explanation was tried on this candidate: decide nothing before one is.", "lookalikes")


def _members_in_doubt(actor: ActorView) -> Iterator[Statement]:
    thin = sum(1 for m in actor.members if m.exchanges and m.harvest_exchanges * 2 < m.exchanges)
    if thin:
        yield Statement(
            part=Part.EXCULPATORY,
            sentence=f"In {plural(thin, 'member')} the harvest is less than half of the traffic; "
            "they could be bystanders. Look at each alone.",
            ground="actor_members",
        )
    old = sum(1 for m in actor.members if m.created and m.first_seen and m.first_seen - m.created > _OLD)
    if old:
        yield Statement(
            part=Part.EXCULPATORY,
            sentence=f"{plural(old, 'member was', 'members were')} opened more than 90 days before; "
            "the keys of genuine customers may have been stolen.",
            ground="account_facts",
        )


def _weight(test: HeldOutTest) -> str:
    if test.p_value is not None:
        return f"(p = {p_words(test.p_value)}, n = {count(test.n)})"
    return f"(e = {e_words(test.e_value)}, n = {count(test.n)})"


def _title(test: HeldOutTest) -> str:
    return (test.title or spell(test.test)).lower()


def _lack(test: HeldOutTest) -> str:
    """How little data an undecided test had, and how much it needs."""
    return f"n = {count(test.n)}" + ("" if test.needed is None else f", needs {count(test.needed)}")
