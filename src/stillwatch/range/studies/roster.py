"""Other people's methods, run on the same worlds: asked for when they are there, and their refusals written down."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.core import Decision, Settings
from stillwatch.core.errors import Error
from stillwatch.range.names import Ints
from stillwatch.range.results import Column, Note, Table
from stillwatch.range.studies.bench import Detector
from stillwatch.range.studies.featured import NAMES
from stillwatch.range.studies.look import Blind, Group, Said
from stillwatch.range.studies.seen import OURS, OURS_ACCOUNTS, Seen

if TYPE_CHECKING:
    from stillwatch.range.peers.actor_peer import AccountPeer, ActorPeer, Traffic

__all__ = ["account_detectors", "actor_detectors", "name_of", "refusals"]

_SEED = 20_260_606


def actor_detectors() -> dict[str, Detector]:
    """Every peer that finds groups of accounts, as a detector, without ours; empty in a build without peers."""
    if find_spec("stillwatch.range.peers") is None:
        return {}
    from stillwatch.range.peers.actor_roster import actor_peers

    return {name: _finder(peer) for name, peer in actor_peers().items() if name != OURS}


def account_detectors(*, unmimic_python: Path | None = None) -> dict[str, Detector]:
    """Every peer that scores single accounts, as a detector, without ours; empty in a build without peers.

    `unmimic_python` is the interpreter of an environment that has unmimic; without it that method refuses every world.
    """
    if find_spec("stillwatch.range.peers") is None:
        return {}
    from stillwatch.range.peers.actor_roster import account_peers

    peers = account_peers(unmimic_python=unmimic_python)
    return {name: _scorer(peer) for name, peer in peers.items() if name != OURS_ACCOUNTS}


def name_of(method: str) -> str:
    """How a method is called in a figure.

    >>> name_of("stillwatch_actors"), name_of("cosine_components")
    ('Stillwatch', 'cosine components')
    """
    return "Stillwatch" if method in (OURS, OURS_ACCOUNTS) else method.replace("_", " ")


def _finder(peer: ActorPeer) -> Detector:
    def look(world: Blind, settings: Settings, cleared: Ints) -> Said:
        def find(given: Traffic) -> Said:
            found = peer.find(given, rng=np.random.default_rng(_SEED))
            return Said(
                method=peer.name,
                groups=tuple(
                    Group(accounts=one.members, decision=str(Decision.REVIEW), score=one.score)
                    for one in found.clusters
                ),
            )

        return _asked(peer.name, world, settings, cleared, find)

    return look


def _scorer(peer: AccountPeer) -> Detector:
    def look(world: Blind, settings: Settings, cleared: Ints) -> Said:
        def score(given: Traffic) -> Said:
            told = peer.score(given, rng=np.random.default_rng(_SEED))
            return Said(
                method=peer.name,
                accused=told.account[told.accused],
                tested=int(told.account.size - np.isin(told.account, cleared).sum()),
                scores=(told.account, told.score),
            )

        return _asked(peer.name, world, settings, cleared, score)

    return look


def _asked(name: str, world: Blind, settings: Settings, cleared: Ints, ask: Callable[[Traffic], Said]) -> Said:
    """Ask a peer; its refusal is an answer."""
    from stillwatch.range.peers.actor_peer import traffic

    begun = time.process_time()
    engine, features, facts, releases = world.open(settings)
    with engine:
        given = traffic(
            engine,
            features,
            facts,
            releases=releases,
            texts=engine.scan_files(list(world.texts)),
            cleared=cleared.tolist(),
            salt=NAMES.salt("actors"),
        )
        try:
            said = ask(given)
        except Error as error:
            said = Said(method=name, refused=str(error))
    return replace(said, seconds=time.process_time() - begun)


def refusals(worlds: Sequence[Seen]) -> tuple[Table | Note, ...]:
    """Which method could not do which worlds, and why; nothing when there was no refusal."""
    told: dict[tuple[str, str], int] = {}
    for seen in worlds:
        for one in seen.looked:
            if one.refused:
                told[(one.method, one.refused)] = told.get((one.method, one.refused), 0) + 1
    if not told:
        return ()
    return (
        Table(
            title="Methods that refused a world",
            columns=(Column(name="method"), Column(name="why"), Column(name="worlds")),
            rows=tuple((name_of(method), why, str(n)) for (method, why), n in sorted(told.items())),
        ),
    )
