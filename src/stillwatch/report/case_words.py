"""What a printed case says around its facts, read once as counsel and once as the accused would."""

from __future__ import annotations

from stillwatch.cases import Case, Claim, Opening, RulingGiven, State
from stillwatch.core import Part
from stillwatch.report.wording import amount, count, plural, span

__all__ = [
    "DEFINITIONS",
    "EXHIBITS_EXPLAINED",
    "NEEDS",
    "NOTICE",
    "PARTS_EXPLAINED",
    "PART_WORDS",
    "SHOWN",
    "STATES",
    "alleged",
    "case_title",
    "in_short",
]

NOTICE = (
    "<b>What this is.</b> A proposal to look, made by software from one provider's own records, and what people have made of it since. "
    "It is not proof of wrongdoing and not a finding of law. The provider whose records these are is an interested party. "
    "Accounts appear "
    "under handles; an organisation is named only where two people have decided to allege it, and then as an allegation. "
    "Distillation as such "
    "is not the wrong: many uses of a model's answers are permitted."
)

PARTS_EXPLAINED = (
    "Every statement is of one of three kinds, never mixed, with the table, test or person that it rests on. "
    "<b>Single source</b> means that nothing independent "
    "confirms it; <b>from an interested party</b>, that it comes from somebody who gains by it."
)

PART_WORDS = {
    Part.OBSERVED: "Observed: counted in the records",
    Part.INFERRED: "Inferred: concluded from the records, and it may be wrong",
    Part.EXCULPATORY: "Exculpatory: what speaks for the accounts",
}

EXHIBITS_EXPLAINED = (
    "An audit asks whether another model was trained on answers that were served here. Who carried it out signed its result, and this "
    "case took it in as it was signed. It bears on the fourth factor only where the dates allow it and it names accounts of this case; "
    "that dates allow something is no evidence for it."
)

SHOWN = {True: "shown", False: "not shown", None: "not known"}

STATES = {
    State.OPEN: "not decided",
    State.AWAITS_SECOND: "decided by one person; it takes effect when a second approves",
    State.DECIDED: "decided",
    State.MERGED: "merged into another case",
}

NEEDS = {
    Claim.CONTRACT: "the terms that were in force, that these account holders agreed to them, and which term the conduct breaks",
    Claim.ACCESS_FRAUD: "false statements or borrowed instruments at sign-up, shown account by account; coordination alone is not fraud",
    Claim.TRADE_SECRET: "what the secret is, how it was kept, and that these answers disclosed it; no court has decided that answers do",
    Claim.SECURITY: "a control that was circumvented, and how; asking a question that was answered circumvents none",
}
"""What each claim takes that no scan can show. For orientation: counsel decides, in the jurisdiction that applies."""

DEFINITIONS = (
    ("Account.", "Who is billed for requests. One person may have several, and several people may share one."),
    ("Request, answer.", "One question sent to the model, and what came back. Together an exchange."),
    (
        "Attempt.",
        "A request that carries the wording or the techniques of the finding. Whether it obtained anything is counted apart.",
    ),
    ("Actor.", "Accounts that seem to be run by one operator. Who that is, the records do not say."),
    ("Family.", "Requests that share a template: a constant text with parts that change."),
    ("Null.", "What a test expects to see if nothing were wrong. A test measures how badly the records fit that."),
    (
        "p-value.",
        "How often chance alone would give a result at least as striking, if nothing were wrong. It is not the probability of innocence.",
    ),
    (
        "e-value.",
        (
            "A bet against the null: 20 means that a fair bet placed before looking would have returned twenty times its stake. "
            "It too is not a probability of guilt."
        ),
    ),
    (
        "Error budget.",
        "The share of wrong ones, among all that is put up, which the method was held to on average over many scans.",
    ),
    (
        "Innocent explanation.",
        "A kind of honest use that looks like this: a class, a test suite, a reseller. One that does not fit proves nothing.",
    ),
    ("Undecided.", "There was too little data for an answer. It is neither for nor against anybody."),
    (
        "Value at list prices.",
        "What the answers would have cost from the price list, with its assumptions. It is an estimate, not a loss.",
    ),
    (
        "Handle.",
        "A name such as A-… or X-… that stands for an account or an actor. Only the provider can tell whose it is.",
    ),
)


def case_title(first: Opening) -> str:
    """What the case is about, in a line: a suspicion, never a finding of guilt."""
    if len(first.members) == 1 and first.handle.startswith("A-"):
        return "One account with unusual requests"
    return f"Suspected coordinated collection: {first.impact.capability}"


def in_short(case: Case, first: Opening) -> str:
    """The case in a paragraph: what was sent and came back, which innocent explanations were considered, and what is not known."""
    impact = first.impact
    who = plural(len(case.members), "account")
    when = "" if first.first_seen is None else f" between {span(first.first_seen, first.last_seen)} UTC"
    told = f"{who} sent {amount(impact.exchanges)} requests{when.replace(' to ', ' and ', 1)}."
    if impact.attempts is not None:
        told += (
            f" {amount(impact.attempts)} of them follow the patterns of the finding, "
            f"and {amount(impact.obtained)} distinct answers came back."
        )
    against = sum(1 for one in first.exculpatory.lookalikes if one.fits is False)
    open_ = sum(1 for one in first.exculpatory.lookalikes if one.fits is None)
    told += (
        f" {plural(len(first.exculpatory.lookalikes), 'innocent explanation was', 'innocent explanations were')} considered: "
        f"{count(against)} did not fit, {count(open_)} could not be told, and "
        f"{count(len(first.exculpatory.lookalikes) - against - open_)} fit. "
        "What the answers were used for is not known, nor who is behind the accounts. How often such findings are wrong: "
        f"{first.exculpatory.base_rates[0]}."
    )
    return told


def alleged(one: RulingGiven) -> str:
    """Whom a decision names: an allegation, and only while two people stand behind it."""
    if one.organisation is None:
        return ""
    if not one.counts:
        return ", alleging an organisation that is named only while the decision is in force"
    return f", alleging {one.organisation} (confidence {one.confidence}; an allegation)"
