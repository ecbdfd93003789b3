"""One world of a study from start to end: a background, perhaps a campaign spliced in, detectors that look at it blind, and the truth."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from stillwatch.core import Settings
from stillwatch.range.demo import demo_parts, scale_of
from stillwatch.range.desk import desk
from stillwatch.range.launches import launches
from stillwatch.range.names import Ints
from stillwatch.range.pack import find_prompts
from stillwatch.range.recipe import Part, Recipe
from stillwatch.range.studies.featured import Featured, code_of, featured_world
from stillwatch.range.studies.hidden import hidden_pack
from stillwatch.range.studies.look import Blind, Said
from stillwatch.range.studies.nights import acted_on, obtained
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.parts import Maker, Poured, Site, Told, pour_background, pour_campaign
from stillwatch.range.studies.seen import OURS, Kept, Looked, Seen
from stillwatch.range.studies.unsealed import cleared_accounts, held_against, unseal

__all__ = ["Bench", "Campaign", "Detector"]

Detector = Callable[[Blind, Settings, Ints], Said]
"""Looks at a world and says whom it would accuse; the third argument are accounts that an analyst has cleared."""

_ABOUT_A_PART = 10_000
"""Exchanges of a lookalike on a day, about: to see beforehand whether they fit the disk."""

_VERSION = 1
"""Raised when the same worlds would be told otherwise."""


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """What is spliced into a background: its name in the truth, where its knobs stand, and how it is made.

    `exchanges` says about how many the campaign sends, to see beforehand whether it fits the disk.
    """

    name: str
    dial: Mapping[str, float | str]
    make: Maker
    exchanges: int


class Bench:
    """Where the worlds of one order are built, looked at and kept."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._desk = desk(find_prompts(order.prompts).resolve(), order.fold)
        self._hidden = None if order.hidden is None else hidden_pack(order.hidden, self._desk.pack)
        self._kept = Kept(order.out / "worlds")
        self._cache = order.out / "cache"
        self._scratch = order.out / "cache" / "scratch"
        self._scratch.mkdir(parents=True, exist_ok=True)

    @property
    def prompts(self) -> str:
        """Where prompts came from, for the record."""
        told = f"the repository's prompt pack, sources of the fold {self.order.fold.value} alone"
        return told if self._hidden is None else f"{told}; campaigns: hidden prompts, content {self._hidden.content}"

    def recipe(self, seed: int, parts: tuple[Part, ...] | None = None) -> Recipe:
        """The innocent world of a seed; with the demo's lookalikes, or with other parts."""
        size = self.order.size
        return Recipe(
            seed=seed,
            accounts=size.accounts,
            exchanges=size.exchanges,
            days=size.days,
            parts=demo_parts(scale_of(size.accounts), campaigns=False) if parts is None else parts,
            fold=self.order.fold,
        )

    def background(self, recipe: Recipe) -> Featured:
        """An innocent world, featurised once and kept in the cache."""
        site = self._site(recipe)

        def pour() -> tuple[Iterable[Poured], Told]:
            return pour_background(recipe, site.desk, site.launched), {}

        about = recipe.exchanges + _ABOUT_A_PART * len(recipe.parts) * recipe.days
        return featured_world(
            self._cache, f"benign-{recipe.seed}-{recipe.fingerprint()[:16]}", site, pour, exchanges=about
        )

    def spliced(self, recipe: Recipe, campaign: Campaign) -> Featured:
        """One campaign for the world of a recipe, featurised by itself; worlds of one setting share it."""
        name = f"{campaign.name}-{_fingerprint(campaign.dial)}"
        site = self._site(recipe)

        def pour() -> tuple[Iterable[Poured], Told]:
            made, told = campaign.make(site, name)
            return () if made is None else pour_campaign(made), told

        where = _fingerprint([repr(recipe.setting), "" if self._hidden is None else self._hidden.content])
        return featured_world(
            self._cache, f"campaign-{recipe.seed}-{name}-{where}", site, pour, exchanges=campaign.exchanges
        )

    def _site(self, recipe: Recipe) -> Site:
        return Site(
            recipe=recipe,
            desk=self._desk,
            launched=launches(recipe.seed, recipe.days),
            asked=self._hidden or self._desk.pack,
        )

    def world(
        self,
        name: str,
        seed: int,
        detectors: Mapping[str, Detector],
        *,
        campaign: Campaign | None = None,
        parts: tuple[Part, ...] | None = None,
        keep_background: bool = True,
        nightly: bool = False,
    ) -> Seen:
        """One finished world, from the folder of finished ones or built now."""
        innocent = self.recipe(seed, parts)
        recipe = _fingerprint(
            {
                "version": _VERSION,
                "code": code_of(),
                "world": innocent.as_json(),
                "campaign": None if campaign is None else [campaign.name, dict(campaign.dial)],
                "detectors": sorted(detectors),
                "settings": self.order.settings.changed(),
                "nightly": nightly,
                "unmimic": self.order.unmimic_python is not None,
                "hidden": None if self._hidden is None else self._hidden.content,
            }
        )
        known = self._kept.get(name, recipe)
        if known is not None:
            return known
        begun = time.process_time()
        background = self.background(innocent)
        pieces = [background] if campaign is None else [background, self.spliced(innocent, campaign)]
        who = unseal(pieces)
        looked, more = self._look(pieces, detectors, who, nights=innocent.days if nightly else 0)
        seen = Seen(
            name=name,
            recipe=recipe,
            seed=seed,
            accounts=sum(part.accounts for part in pieces),
            exchanges=sum(part.exchanges for part in pieces),
            content="+".join(part.content for part in pieces),
            dial={} if campaign is None else dict(campaign.dial),
            groups=dict(sorted(Counter(who.values()).items())),
            sent=0 if campaign is None else pieces[1].exchanges,
            told={} if campaign is None else {**pieces[1].told, **more},
            looked=looked,
            cpu_seconds=round(time.process_time() - begun, 3),
            finished=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        )
        self._kept.put(seen)
        for part in pieces if not keep_background else pieces[1:]:
            part.forget()
        return seen

    def _look(
        self, pieces: Sequence[Featured], detectors: Mapping[str, Detector], who: Mapping[int, str], *, nights: int
    ) -> tuple[tuple[Looked, ...], Told]:
        """What each detector said, held against the truth, and what the campaign had obtained before action where nights are looked at."""
        blind = Blind(
            features=[file for part in pieces for file in part.files],
            texts=[file for part in pieces for file in part.texts],
            facts=pa.concat_tables([part.facts() for part in pieces]),
            releases=pieces[0].store.read("releases"),
            scratch=self._scratch,
        )
        cleared, settings = cleared_accounts(who), self.order.settings
        said = {name: detector(blind, settings, cleared) for name, detector in detectors.items()}
        looked = tuple(held_against(one, who, set(cleared.tolist())) for one in said.values())
        groups = sorted(pieces[-1].truth().groups("actor")) if nights else []
        if not groups:
            return looked, {}
        acted = acted_on(detectors[OURS], blind, settings, cleared, days=nights, last=said[OURS])
        return looked, obtained(pieces[-1], groups, acted)


def _fingerprint(told: object) -> str:
    return hashlib.blake2b(json.dumps(told, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()
