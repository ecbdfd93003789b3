"""One world of a study from start to end: a background, perhaps a campaign spliced in, detectors that look at it blind, and the truth."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from stillwatch.core import Settings
from stillwatch.range.names import Ints
from stillwatch.range.pack import Pack, find_prompts
from stillwatch.range.painter import stock_of
from stillwatch.range.studies.featured import Featured, code_of, featured_world
from stillwatch.range.studies.hidden import hidden_pack
from stillwatch.range.studies.look import Blind, Said
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.parts import Builder, background_world, campaign_world
from stillwatch.range.studies.seen import Kept, Looked, Seen
from stillwatch.range.studies.unsealed import cleared_accounts, held_against, unseal

__all__ = ["Bench", "Campaign", "Detector"]

Detector = Callable[[Blind, Settings, Ints], Said]
"""Looks at a world and says whom it would accuse; the third argument are accounts that an analyst has cleared."""

_VERSION = 1
"""Raised when the same worlds would be told otherwise."""


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """What is spliced into a background: its name in the truth, where its knobs stand, and how it is built.

    `exchanges` says about how many the campaign sends, to see beforehand whether it fits the disk.
    """

    name: str
    dial: Mapping[str, float | str]
    build: Builder
    exchanges: int


class Bench:
    """Where the worlds of one order are built, looked at and kept."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._folder = find_prompts(order.prompts).resolve()
        self._stock = stock_of(self._folder)
        self._hidden = None if order.hidden is None else hidden_pack(order.hidden, self._stock.pack)
        self._kept = Kept(order.out / "worlds")
        self._cache = order.out / "cache"
        self._scratch = order.out / "cache" / "scratch"
        self._scratch.mkdir(parents=True, exist_ok=True)

    @property
    def asked(self) -> Pack:
        """What campaigns ask from: the pack, or the hidden prompts."""
        return self._hidden or self._stock.pack

    @property
    def prompts(self) -> str:
        """Where prompts came from, for the record."""
        told = f"the repository's prompt pack; campaigns ask from the fold {self.order.fold.value}"
        return (
            told
            if self._hidden is None
            else f"backgrounds: the prompt pack; campaigns: hidden prompts, content {self._hidden.content}"
        )

    def background(self, seed: int, *, without: Sequence[str] = (), only: Sequence[str] | None = None) -> Featured:
        """The innocent world of a seed, featurised once and kept in the cache."""
        size = self.order.size
        chosen = "" if not without else "-without-" + "-".join(without)
        chosen += "" if only is None else "-only-" + "-".join(only)
        return featured_world(
            self._cache,
            f"benign-{seed}-{size.accounts}-{size.exchanges}{chosen}",
            lambda: background_world(
                seed,
                accounts=size.accounts,
                exchanges=size.exchanges,
                pack=self._stock.pack,
                without=without,
                only=only,
            ),
            stock=self._stock,
            exchanges=size.exchanges,
        )

    def spliced(self, seed: int, campaign: Campaign) -> Featured:
        """One campaign, featurised by itself."""
        name = f"{campaign.name}-{_fingerprint(campaign.dial)}"
        return featured_world(
            self._cache,
            f"campaign-{seed}-{name}-{'' if self._hidden is None else self._hidden.content}",
            lambda: campaign_world(seed, name, campaign.build, pack=self.asked),
            stock=self._stock,
            exchanges=campaign.exchanges,
        )

    def world(
        self,
        name: str,
        seed: int,
        detectors: Mapping[str, Detector],
        *,
        campaign: Campaign | None = None,
        without: Sequence[str] = (),
        only: Sequence[str] | None = None,
        keep_background: bool = True,
    ) -> Seen:
        """One finished world, from the folder of finished ones or built now."""
        recipe = _fingerprint(
            {
                "version": _VERSION,
                "code": code_of(),
                "seed": seed,
                "size": [self.order.size.accounts, self.order.size.exchanges],
                "campaign": None if campaign is None else [campaign.name, dict(campaign.dial)],
                "without": list(without),
                "only": None if only is None else list(only),
                "detectors": sorted(detectors),
                "settings": self.order.settings.changed(),
                "unmimic": self.order.unmimic_python is not None,
                "fold": self.order.fold.value,
                "hidden": None if self._hidden is None else self._hidden.content,
            }
        )
        known = self._kept.get(name, recipe)
        if known is not None:
            return known
        begun = time.process_time()
        background = self.background(seed, without=without, only=only)
        parts = [background] if campaign is None else [background, self.spliced(seed, campaign)]
        who = unseal(parts)
        looked = self._look(parts, detectors, who)
        seen = Seen(
            name=name,
            recipe=recipe,
            seed=seed,
            accounts=sum(part.accounts for part in parts),
            exchanges=sum(part.exchanges for part in parts),
            content="+".join(part.content for part in parts),
            dial={} if campaign is None else dict(campaign.dial),
            groups=dict(sorted(Counter(who.values()).items())),
            sent=0 if campaign is None else parts[1].exchanges,
            told={} if campaign is None else dict(parts[1].told),
            looked=looked,
            cpu_seconds=round(time.process_time() - begun, 3),
            finished=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        )
        self._kept.put(seen)
        for part in parts if not keep_background else parts[1:]:
            part.forget()
        return seen

    def _look(
        self, parts: Sequence[Featured], detectors: Mapping[str, Detector], who: Mapping[int, str]
    ) -> tuple[Looked, ...]:
        blind = Blind(
            features=[file for part in parts for file in part.files],
            texts=[file for part in parts for file in part.texts],
            facts=pa.concat_tables([part.facts() for part in parts]),
            releases=parts[0].store.read("releases"),
            scratch=self._scratch,
        )
        cleared = cleared_accounts(who)
        return tuple(
            held_against(detector(blind, self.order.settings, cleared), who, set(cleared.tolist()))
            for detector in detectors.values()
        )


def _fingerprint(told: object) -> str:
    return hashlib.blake2b(json.dumps(told, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()
