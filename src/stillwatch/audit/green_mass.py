"""S6. Does the suspect find what our key marked likelier than a clean model does, more than what keys marked that were never used?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.audit.deals import Floats
from stillwatch.audit.decoy_keys import keyed_finding
from stillwatch.audit.marks import Keys, Tokens
from stillwatch.audit.records import AuditTest, Capability, Finding, Question

__all__ = ["GREEN_MASS", "green_mass", "mass_lift"]

GREEN_MASS = AuditTest(
    name="green_mass",
    title="S6 green mass",
    question=Question.EXPOSURE,
    needs=Capability.LOGPROBS,
    null="the suspect was never trained on text marked with this account's key, so the key might as well be any of the decoys",
    statistic="sum over (context, token) pairs of the suspect's chance of the token less a clean model's, over one unmarked text, where "
    "green; rank of the true key among decoys, (1 + b) / (B + 1); e-value by mixed exponential bets with the exact mean over independent "
    "green bits",
    ties="conservative: a decoy that scores as much as the true key counts against it",
    assumptions=(
        "the true key was drawn at random and nothing that was put in depends on it: the text read is unmarked",
        "pairs are left out by the size of the difference alone",
        "for the e-value alone: each pair is green with the same chance, independently (not so with lists of fixed size)",
    ),
    misled_by="text read that holds marks. One key for many suspects: their false alarms come together.",
    source="Open radioactivity, after Sander and others (2024), arXiv 2402.14904, with a clean reference taken away and decoy keys",
)

_KEPT = 40_000


def mass_lift(masses: Floats, reference: Floats, *, kept: int = _KEPT) -> tuple[Tokens, Tokens, Floats]:
    """What a green pair is worth: (contexts, tokens, weights), by how much chance the suspect gives it more than the reference.

    Both are the chances of all next tokens, summed over where each token stood in one text: (tokens, tokens). Of the pairs those that
    differ most are kept, so many at most: no key enters there.

    >>> context, token, worth = mass_lift(np.array([[0.9, 0.1], [0.5, 0.5]]), np.array([[0.5, 0.5], [0.5, 0.5]]))
    >>> context.tolist(), token.tolist(), worth.round(1).tolist()
    ([0, 0], [0, 1], [0.4, -0.4])
    """
    away = np.asarray(masses, dtype=np.float64) - reference
    order = np.argsort(-np.abs(away).ravel(), kind="stable")[:kept]
    order = np.sort(order[away.ravel()[order] != 0.0])
    contexts, tokens = np.unravel_index(order, away.shape)
    return contexts.astype(np.int64), tokens.astype(np.int64), away.ravel()[order]


def green_mass(
    lifted: tuple[Tokens, Tokens, npt.NDArray[np.float64]],
    key: np.uint64,
    decoys: Keys,
    *,
    suspect: str,
    account: str,
    share: float = 0.25,
    unmarked_text: bool | None = None,
    alpha: float = 0.01,
) -> Finding:
    """Whether the suspect learned the marks of one account's key, from `mass_lift`; `value` is deviations above the decoys' mean.

    p is exact for any statistic, at least `1 / (B + 1)`; the e-value goes beyond that floor. `n` counts decoys.

    >>> from stillwatch.audit.marks import draw_keys, green
    >>> rng = np.random.default_rng(1)
    >>> key, at = draw_keys(rng, 1)[0], np.arange(2500)
    >>> bits = green(np.array([key]), at // 50, at % 50)[0].reshape(50, 50)
    >>> found = green_mass(mass_lift(1.0 + 0.1 * bits, np.ones((50, 50))), key, draw_keys(rng, 199), suspect="s", account="a")
    >>> found.evidence.p_value, found.evidence.e_value > 1e6
    (0.005, True)
    """
    return keyed_finding(
        GREEN_MASS,
        lifted,
        key,
        decoys,
        suspect=suspect,
        account=account,
        share=share,
        unmarked=unmarked_text,
        alpha=alpha,
    )
