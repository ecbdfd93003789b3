"""The report's plots of one actor, each by itself, for a notebook: it shows them as they are, styled as in the report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.report.page import stylesheet
from stillwatch.report.plot_links import draw_links
from stillwatch.report.plot_timeline import timeline
from stillwatch.report.view_actor import ActorView

__all__ = ["Picture", "pictures"]

_SEED = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """An image that a notebook shows by itself.

    Attributes:
        title: what it shows.
        svg: the image.
    """

    title: str
    svg: str

    def _repr_html_(self) -> str:
        return f'<style>{stylesheet()}</style><figure class="picture">{self.svg}</figure>'


def pictures(actor: ActorView) -> tuple[Picture, ...]:
    """What the report draws of an actor: its exchanges over time, and what holds it together; those alone of which there is something."""
    over_time = timeline(actor.hours, actor.releases, uid=f"t-{actor.handle}", name=actor.handle)
    held = ""
    if actor.links is not None:
        drawn = draw_links(actor.links, uid=f"l-{actor.handle}", name=actor.handle, rng=np.random.default_rng(_SEED))
        held = str(drawn.svg)
    made = (
        Picture(title=f"Exchanges of {actor.handle} over time", svg=str(over_time)),
        Picture(title=f"What holds {actor.handle} together", svg=held),
    )
    return tuple(one for one in made if one.svg)
