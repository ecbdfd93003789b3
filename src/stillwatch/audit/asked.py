"""What a plan asks beside exposure of accounts: which teacher it writes like, whether its weights are ours, what rare strings it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from stillwatch.audit.palimpsest import order_digest, palimpsest
from stillwatch.audit.rare_artefacts import Artefact, artefacts_digest, rare_artefacts
from stillwatch.audit.recorded import Recorded
from stillwatch.audit.records import Finding
from stillwatch.audit.spectra import spectra
from stillwatch.audit.suspect import Answering, Scoring, Suspect, answering, scoring
from stillwatch.audit.text_source import text_source
from stillwatch.audit.timeline import Timeline
from stillwatch.audit.twin_contrast import twin_contrast, twin_likelihood
from stillwatch.audit.unit_order import unit_order
from stillwatch.audit.weights import Weights
from stillwatch.core import Error

__all__ = ["Asked", "Shown", "findings_beside"]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tests beside that of exposure, each with what it needs frozen; none where all is empty.

    `teachers` and `independents`: models by name (S4), ours among the teachers. `twins`: models as capable as ours (S3b), with the same
    independents; with `twins_score` ours and they score the answers of the others, in place of answering themselves. `tensors`: names of
    the matrices whose order of units is compared, `weight_controls` the models whose spectra are (S10). `artefacts`: digest of the strings,
    `older` the models released before the harvest, with the day (S11). `order`: digest of our training texts in their order (S8).
    """

    teachers: tuple[str, ...] = ()
    twins: tuple[str, ...] = ()
    twins_score: bool = False
    independents: tuple[str, ...] = ()
    tensors: tuple[str, ...] = ()
    weight_controls: tuple[str, ...] = ()
    artefacts: str = ""
    older: tuple[tuple[str, dt.date], ...] = ()
    order: str = ""

    def checked(self, prompts: Sequence[str], timeline: Timeline) -> Asked:
        """The same.

        Raises:
            Error: when a test lacks what it needs.
        """
        for name, given in (
            ("teachers, independents", (*self.teachers, *self.independents)),
            ("twins, independents", (*self.twins, *self.independents)),
            ("weight controls", self.weight_controls),
            ("older models", tuple(name for name, _ in self.older)),
        ):
            if len(set(given)) != len(given):
                raise Error(f"{name}: one is named twice")
        if bool(self.teachers or self.twins) != bool(self.independents):
            raise Error("teachers, independents: the text source takes both, or neither; so do twins")
        if self.teachers and len(prompts) < 2:
            raise Error(f"prompts: got {len(prompts)}, the text source learns on one half of them and tests the other")
        if self.twins_score and not self.twins:
            raise Error("twins: the plan has them score, and names none")
        if self.weight_controls and not self.tensors:
            raise Error("weight controls: the plan names no tensors to compare")
        if bool(self.artefacts) != bool(self.older):
            raise Error(
                "artefacts, older: rare artefacts take strings and models released before the harvest, or neither"
            )
        if self.older and timeline.harvest_begun is None:
            raise Error("harvested: rare artefacts need the day on which the harvest began")
        for name, released in self.older:
            if timeline.harvest_begun is not None and released >= timeline.harvest_begun:
                raise Error(f"{name}: released on {released}, not before the harvest began on {timeline.harvest_begun}")
        return self


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What these tests look at: answers, weights, strings and order; each checked against the plan before anything is tested."""

    teachers: Sequence[Answering] = ()
    twins: Sequence[Suspect] = ()
    independents: Sequence[Answering] = ()
    weights: Weights | None = None
    our_weights: Weights | None = None
    weight_controls: Sequence[Weights] = ()
    artefacts: Sequence[Artefact] = ()
    older: Sequence[Recorded] = ()
    order: Sequence[str] = ()

    @property
    def files(self) -> dict[str, Suspect]:
        """Everything that comes from a file of its own, by what it is used as."""
        found: dict[str, Suspect] = {}
        for role, given in (
            ("teacher", self.teachers),
            ("twin", self.twins),
            ("independent", self.independents),
            ("weights of", self.weight_controls),
            ("older", self.older),
        ):
            found |= {f"{role} {one.name}": one for one in given}
        for role, weights in (("weights", self.weights), ("our weights", self.our_weights)):
            if weights is not None:
                found[role] = weights
        return found


def findings_beside(
    asked: Asked,
    shown: Shown,
    suspect: Suspect,
    prompts: Sequence[str],
    *,
    ours: Suspect | None,
    timeline: Timeline,
    reference: Scoring | None,
    alpha: float,
    seed: int,
) -> list[Finding]:
    """Every test that the plan asks beside exposure.

    Raises:
        Error: what is shown is not what the plan names.
    """
    _as_promised(asked, shown)
    found: list[Finding] = []
    if asked.teachers:
        found += text_source(prompts, answering(suspect), shown.teachers, shown.independents, alpha=alpha)
    if asked.twins:
        if ours is None:
            raise Error("ours: the plan asks where our model and its twins part, and our answers are missing")
        others, said = shown.independents, answering(suspect)
        if asked.twins_score:
            scorers = [scoring(one) for one in shown.twins]
            found.append(twin_likelihood(prompts, said, scoring(ours), scorers, others, alpha=alpha))
        else:
            twins = [answering(one) for one in shown.twins]
            found.append(twin_contrast(prompts, said, answering(ours), twins, others, alpha=alpha))
    if asked.artefacts and timeline.harvest_begun is not None:
        days = [day for _, day in asked.older]
        older = list(zip(shown.older, days, strict=True))
        if not isinstance(suspect, Recorded):
            raise Error(f"{suspect.name}: rare artefacts are looked for in recorded answers")
        found.append(rare_artefacts(shown.artefacts, suspect, older, harvest_begun=timeline.harvest_begun, alpha=alpha))
    if asked.tensors and shown.weights is not None and shown.our_weights is not None:
        rng = np.random.default_rng([seed, 10])
        found.append(unit_order(shown.weights, shown.our_weights, tensors=asked.tensors, rng=rng, alpha=alpha))
        if asked.weight_controls:
            found.append(
                spectra(shown.weights, shown.our_weights, shown.weight_controls, tensors=asked.tensors, alpha=alpha)
            )
    if asked.order:
        rng = np.random.default_rng([seed, 8])
        found.append(palimpsest(shown.order, scoring(suspect), reference=reference, rng=rng, alpha=alpha))
    return found


def _as_promised(asked: Asked, shown: Shown) -> None:
    for role, promised, given in (
        ("teachers", asked.teachers, shown.teachers),
        ("twins", asked.twins, shown.twins),
        ("independents", asked.independents, shown.independents),
        ("weight controls", asked.weight_controls, shown.weight_controls),
        ("older models", tuple(name for name, _ in asked.older), shown.older),
    ):
        if tuple(one.name for one in given) != promised:
            raise Error(f"{role}: expected those of the plan, in its order: {', '.join(promised) or 'none'}")
    if bool(asked.tensors) != (shown.weights is not None and shown.our_weights is not None):
        raise Error(f"weights, our weights: expected {'both' if asked.tensors else 'neither'} by the plan")
    if (artefacts_digest(shown.artefacts) if shown.artefacts else "") != asked.artefacts:
        raise Error("artefacts: not those of the plan, or in another order")
    if (order_digest(shown.order) if shown.order else "") != asked.order:
        raise Error("order: not the training order of the plan")
