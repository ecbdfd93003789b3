"""Next words on the zoo (S1c): a suspect that gives text alone, asked for one word at places where our model was unsure."""

from __future__ import annotations

from audit_cells import cells_of, whole
from audit_zoo import after_attacks, errors, power, text_alone
from figures import Figures

from stillwatch.audit import NEXT_WORDS, next_words
from stillwatch.audit.zoo import Zoo


def words(zoo: Zoo) -> Figures:
    """Error, power by share, power after attacks, and replies until e reaches 100, on every account of every suspect."""
    cells = cells_of(zoo, lambda model, account: next_words(zoo.places[account], zoo.saying(model, account)))
    bars, rates = errors(zoo, {NEXT_WORDS.name: cells})
    alone, told = text_alone("S1c", cells, replies=1)
    full = [c for c in cells if whole(c)]
    return bars + alone, {
        "errors": rates,
        "power": {NEXT_WORDS.name: power(cells)},
        "attacks": after_attacks(cells),
        "text_only": told,
        "places": [len(one) for one in zoo.places],
        "whole": [
            {
                "model": c.model.name,
                "account": c.account,
                "p": c.p,
                "lift": c.finding.evidence.value,
                "places": c.finding.evidence.n,
            }
            for c in full
        ],
    }
