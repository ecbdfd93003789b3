"""Benign populations that resemble an attack, one file each. `LOOKALIKES` lists those of the demo and `roster.ALL_LOOKALIKES` all;
adding one is a file and a line there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stillwatch.range.ground import Ground
from stillwatch.range.lookalikes import (
    agent_fleet,
    casual,
    classroom,
    evaluation,
    extension,
    judge,
    prompt_library,
    quick_start,
    reseller,
    template_owner,
)

__all__ = ["LOOKALIKES"]

LOOKALIKES: dict[str, Callable[[Ground, np.random.Generator, float], None]] = {
    "evaluation": evaluation.build,
    "agent_fleet": agent_fleet.build,
    "reseller": reseller.build,
    "classroom": classroom.build,
    "judge": judge.build,
    "prompt_library": prompt_library.build,
    "quick_start": quick_start.build,
    "template_owner": template_owner.build,
    "extension": extension.build,
    "casual": casual.build,
}
"""Builders by class of lookalike: `build(ground, rng, scale)`; `scale` under 1 shrinks the number of accounts in proportion."""
