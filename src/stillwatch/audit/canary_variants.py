"""W5. Does the suspect use the wordings that were drawn for one account, among others as good that were drawn for others?"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from stillwatch.audit.deals import Floats
from stillwatch.audit.exposure import Dealt, dealt, levelled_finding
from stillwatch.audit.records import AuditTest, Capability, Finding, Question, Served
from stillwatch.audit.suspect import Answering

__all__ = ["CANARY_VARIANTS", "Shown", "canary_variants", "shown", "variant_finding", "variant_for", "variants"]

CANARY_VARIANTS = AuditTest(
    name="canary_variants",
    title="W5 canary variants",
    question=Question.EXPOSURE,
    needs=Capability.TEXT,
    null="the suspect was never trained on the responses served to this account, so which of several wordings as good was drawn for the "
    "account tells nothing of the wording that the suspect uses",
    statistic="number of items in which the suspect uses the account's wording; exact tail by convolution, one chance in as many as there "
    "are wordings for each item; e-value by mixed exponential bets in the order of the items",
    ties="none: the suspect's answer shows one of the wordings, or the item is left out",
    assumptions=(
        "each wording was drawn for the account by a secret key, with equal chances, whatever the prompt",
        "which wording was drawn reached the suspect by no other way than training on it",
    ),
    misled_by="nothing that a wording's own popularity does: it is as likely whichever was drawn. Filters that take the wordings out leave "
    "silence, which clears nobody.",
    source="Randomisation at serving time, as in STAMP (arXiv 2504.13416) and SIGIL (arXiv 2606.06502), with the exact law of the draw",
)

Shown: TypeAlias = Callable[[str, Sequence[str]], int | None]
"""Which of several wordings an answer shows: its place, `None` for none of them or more than one."""


def variant_for(master: bytes, account: str, item: str, epoch: str, *, wordings: int) -> int:
    """Which of several wordings to serve to an account in an item: drawn by HMAC-SHA256: it can be shown later, not guessed before.

    Chances are equal to one part in 2^40 for up to 2^24 wordings.

    >>> variant_for(b"m" * 32, "a", "17", "2026-11", wordings=4) == variant_for(b"m" * 32, "a", "17", "2026-11", wordings=4)
    True
    """
    if len(master) < 16:
        raise ValueError(f"master: got {len(master)} bytes, expected at least 16")
    if wordings < 2:
        raise ValueError(f"wordings: got {wordings}, expected at least 2")
    parts = [one.encode("utf-8", "surrogatepass") for one in (account, item, epoch)]
    told = b"canary" + b"".join(len(one).to_bytes(8, "big") + one for one in parts)
    return int.from_bytes(hmac.digest(master, told, hashlib.sha256)[:8], "big") % wordings


def shown(answer: str, wordings: Sequence[str]) -> int | None:
    """The one wording that an answer holds, whatever its case and spaces; `None` when it holds none, or several.

    >>> shown("In  short: yes.", ["in short", "to sum up"]), shown("To sum up, in short", ["in short", "to sum up"])
    (0, None)
    """
    said = _plain(answer)
    found = [at for at, one in enumerate(wordings) if (bare := _plain(one)) and bare in said]
    longest = [at for at in found if not any(_plain(wordings[at]) in _plain(wordings[b]) for b in found if b != at)]
    return longest[0] if len(longest) == 1 else None


def canary_variants(
    served: Sequence[Served], suspect: Answering, *, reads: Shown = shown, alpha: float = 0.01
) -> Finding:
    """Whether the suspect uses the wordings drawn for one account; `value` is the share of items where it does.

    An item's `response` is the wording that was served and its `siblings` are the wordings that were not. Answers that show none of them,
    or several, are left out and counted: which was drawn does not enter, so that costs power and no validity.

    >>> from stillwatch.audit.recorded import Recorded
    >>> words = ("in short", "to sum up", "all in all", "briefly")
    >>> items = [Served(item=str(i), account="a", prompt=f"q{i}", response=words[i % 4],
    ...                 siblings=tuple(w for w in words if w != words[i % 4])) for i in range(12)]
    >>> parrot = Recorded(name="parrot", answers={one.prompt: f"Well, {one.response}, yes" for one in items}, likelihoods={})
    >>> found = canary_variants(items, parrot)
    >>> found.evidence.value, found.evidence.p_value == 0.25**12
    (1.0, True)
    """
    return variant_finding(variants(served, suspect, reads=reads), alpha=alpha)


def variant_finding(found: Dealt, *, alpha: float = 0.01) -> Finding:
    """The finding of `canary_variants` from wordings that are known already."""
    return levelled_finding(CANARY_VARIANTS, found, [one.astype(np.int64) for one in found.values], alpha=alpha)


def variants(served: Sequence[Served], suspect: Answering, *, reads: Shown = shown) -> Dealt:
    """For each fit item, 1 for the wording that the suspect's answer shows and 0 for the others."""

    def used(one: Served) -> Floats | None:
        answer = suspect.answer(one.prompt)
        at = None if answer is None else reads(answer, one.candidates)
        return None if at is None else (np.arange(len(one.candidates)) == at).astype(np.float64)

    return dealt(suspect.name, served, used, words="the suspect's answer shows one of the wordings")


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
