"""Innocent explanations: populations that look like an operator's accounts, and what tells them apart.

Each explanation looks at facts and at the test slice and says whether it fits and why. One that fits sets the candidate aside, for a
person to read; it is never proof of innocence, as an attacker can dress as any of them. After the table of benign
populations in the research behind this project (evaluation suites, harness users, resellers, classrooms, own pipelines).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping

import numpy as np

from stillwatch.actors.candidate import Candidate, Result
from stillwatch.actors.population import NEW_DAYS, HeldOut
from stillwatch.core import Explanation, Support, best_first, by_marks
from stillwatch.core import told as _told
from stillwatch.core import unknown as _unknown

__all__ = ["LOOKALIKES", "Explanation", "explanations"]


_Look = Callable[[Candidate, HeldOut, Mapping[str, Result]], Explanation]

LOOKALIKES: dict[str, _Look] = {}
"""Every innocent explanation that is considered, by name."""


def _lookalike(look: _Look) -> _Look:
    LOOKALIKES[look.__name__] = look
    return look


def explanations(
    candidate: Candidate, population: HeldOut, results: Mapping[str, Result], without: Collection[str] = frozenset()
) -> list[Explanation]:
    """Consider every innocent explanation but those left out; those that fit come first, the best first."""
    found = [look(candidate, population, results) for name, look in LOOKALIKES.items() if name not in without]
    return best_first(found)


@_lookalike
def one_organisation(candidate: Candidate, population: HeldOut, results: Mapping[str, Result]) -> Explanation:
    """One customer with many accounts, in the open: a matter for its account page."""
    orgs = [org for org in population.org[population.places(candidate.accounts)].tolist() if org]
    if not orgs:
        return _unknown("one_organisation", "the members' organisations")
    share = Counter(orgs).most_common(1)[0][1] / len(orgs)
    return _told(
        "one_organisation", share, 0.9, f"{share:.0%} of {len(orgs)} members with a known organisation belong to one"
    )


@_lookalike
def declared_purpose(candidate: Candidate, population: HeldOut, results: Mapping[str, Result]) -> Explanation:
    """Evaluators, researchers, courses, resellers and approved distillation that said so beforehand."""
    places = population.places(candidate.accounts)
    if not population.recorded[places].any():
        return _unknown("declared_purpose", "registered purposes")
    programmes = population.programme[places]  # of members without a record nothing was declared
    share = float(np.mean([p is not None for p in programmes]))
    names = sorted({str(p) for p in programmes if p is not None})
    return _told(
        "declared_purpose",
        share,
        0.8,
        f"{share:.0%} of the members have a registered purpose" + (f" ({', '.join(names[:3])})" if names else ""),
    )


@_lookalike
def classroom(candidate: Candidate, population: HeldOut, results: Mapping[str, Result]) -> Explanation:
    """A course: education sign-up, and the same assignments or one building."""
    signup = [s for s in population.signup[population.places(candidate.accounts)] if s is not None]
    if not signup:
        return _unknown("classroom", "the members' sign-up paths")
    education = float(np.mean([s == "education" for s in signup]))
    asked = results.get("elicitation")
    plain = asked is None or asked.supports is not Support.HARVEST
    why = f"{education:.0%} of the members signed up through education"
    why += "" if plain else "; but coursework does not ask for hidden reasoning or grades by rubric"
    return _told("classroom", education if plain else min(education, 0.49), 0.5, why)


@_lookalike
def public_harness(candidate: Candidate, population: HeldOut, results: Mapping[str, Result]) -> Explanation:
    """A widely used agent or assistant: one system text and tool list, everybody's own tasks, everybody's own pace."""
    places = population.places(candidate.accounts)
    tools = float(population.tools[places].mean()) if places.size else 0.0
    votes = {
        "its template stands in the system text": "system" in candidate.scopes,
        f"{tools:.0%} of exchanges offer tools": tools >= 0.5,
        "members keep to their own subjects": _innocent(results, "topic_continuity"),
        "loads differ as people's do": _value(results, "equal_loads") >= 5,
        "conversations have several turns": _value(results, "single_turn", 1.0) < 0.5,
    }
    return by_marks("public_harness", votes, 0.8)


@_lookalike
def prompt_library(candidate: Candidate, population: HeldOut, results: Mapping[str, Result]) -> Explanation:
    """Fans of a published prompt: it is a small part of what each of them does, at everybody's own pace."""
    used = candidate.uses[candidate.uses > 0]
    usual = float(np.median(used)) if used.size else 0.0
    votes = {
        f"its templates are {candidate.exclusivity:.0%} of the members' traffic": 0 < candidate.exclusivity < 0.5,
        f"the typical member uses it {usual:.0f} times in the held-out hours": usual <= 3,
        "it does not press for reasoning or grades": not _harvest(results, "elicitation"),
    }
    return by_marks("prompt_library", votes, 1.0)


@_lookalike
def everyday_tool(candidate: Candidate, population: HeldOut, results: Mapping[str, Result]) -> Explanation:
    """An extension or app in which customers of long standing use their own keys: one template, everybody's own pages."""
    old = _established(candidate, population)
    if old is None:
        return _unknown("everyday_tool", "the accounts' age")
    pressing = _harvest(results, "elicitation") or _harvest(results, "shared_instruments")
    why = f"{old:.0%} of the members were customers before the last {NEW_DAYS} days"
    why += "; but they press for training value or share instruments" if pressing else ""
    return _told("everyday_tool", min(old, 0.49) if pressing else old, 0.5, why)


@_lookalike
def shared_library(candidate: Candidate, population: HeldOut, results: Mapping[str, Result]) -> Explanation:
    """Users of one published tool, a judge of answers say: customers of long standing who keep to their own subjects, whatever it asks."""
    old = _established(candidate, population)
    if old is None:
        return _unknown("shared_library", "the accounts' age")
    votes = {
        f"{old:.0%} of the members were customers before the last {NEW_DAYS} days": old >= 0.5,
        "members keep to their own subjects": _innocent(results, "topic_continuity"),
        "they share no instruments": not _harvest(results, "shared_instruments"),
    }
    return by_marks("shared_library", votes, 1.0)


@_lookalike
def repeated_suite(candidate: Candidate, population: HeldOut, results: Mapping[str, Result]) -> Explanation:
    """An evaluation, a quick-start or an assignment: few distinct prompts, asked again and again.

    Where the members press or share instruments, four of five prompts must be repetitions: asking everything twice is too cheap a way out.
    """
    value = _value(results, "distinct_prompts", 1.0)
    pressing = _harvest(results, "elicitation") or _harvest(results, "shared_instruments")
    why = f"{value:.0%} of the held-out prompts of its templates are distinct"
    why += "; and they press for training value or share instruments" if pressing else ""
    return _told("repeated_suite", 1 - value, 0.8 if pressing else 0.5, why)


@_lookalike
def conversation_proxy(candidate: Candidate, population: HeldOut, results: Mapping[str, Result]) -> Explanation:
    """A proxy that spreads its customers' conversations over accounts: replayed signatures stay in their conversation."""
    if "artifact" not in candidate.found_by and not _harvest(results, "replayed_reasoning"):
        return _told("conversation_proxy", 0.0, 0.8, "replayed reasoning does not speak against the members")
    continued = population.continued[population.places(candidate.accounts)]
    known = continued[~np.isnan(continued)]
    if not known.size:
        return _unknown("conversation_proxy", "the conversations that their signatures were returned in")
    share = float(known.mean())
    pressing = _harvest(results, "elicitation") or _harvest(results, "shared_instruments")
    why = f"{share:.0%} of their sendings of others' signatures go on with the conversation that these were returned in"
    why += "; but they press for training value or share instruments" if pressing else ""
    return _told("conversation_proxy", min(share, 0.79) if pressing else share, 0.8, why)


def _established(candidate: Candidate, population: HeldOut) -> float | None:
    """Share of the members that are customers of long standing; unknown when nobody's age is known."""
    young = population.young[population.places(candidate.accounts)]
    known = young[~np.isnan(young)]
    return 1 - float(known.mean()) if known.size else None


def _value(results: Mapping[str, Result], test: str, default: float = 0.0) -> float:
    result = results.get(test)
    return default if result is None or np.isnan(result.evidence.value) else result.evidence.value


def _innocent(results: Mapping[str, Result], test: str) -> bool:
    return test in results and results[test].supports is Support.INNOCENT


def _harvest(results: Mapping[str, Result], test: str) -> bool:
    return test in results and results[test].supports is Support.HARVEST
