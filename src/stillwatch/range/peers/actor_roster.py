"""Every peer that judges accounts or actors, by name. A new one is a line here."""

from __future__ import annotations

from pathlib import Path

from stillwatch.core.errors import ContractError
from stillwatch.range.peers.actor_peer import AccountPeer, ActorPeer
from stillwatch.range.peers.co_action import CoAction
from stillwatch.range.peers.components import CosineComponents
from stillwatch.range.peers.elicitation_unmimic import UnmimicElicitation
from stillwatch.range.peers.fraudar import Fraudar
from stillwatch.range.peers.louvain import LouvainCommunities
from stillwatch.range.peers.naive_gateway import GatewayRules
from stillwatch.range.peers.naive_rules import AdvisoryHunt, CapabilityRules
from stillwatch.range.peers.ours import OurAccounts, OurActors

__all__ = ["account_peers", "actor_peers"]


def actor_peers() -> dict[str, ActorPeer]:
    """Finders of actors, ours first."""
    found: tuple[ActorPeer, ...] = (
        OurActors(),
        CosineComponents(),
        LouvainCommunities(),
        Fraudar(),
        CoAction(),
        CoAction(seconds=None, name="co_action_estimated"),
        GatewayRules(),
        AdvisoryHunt(),
        AdvisoryHunt(accounts=5, requests=1000, name="rules_advisory_loose"),
    )
    peers = {one.name: one for one in found}
    if len(peers) != len(found):
        raise ContractError("actor peers: two have one name")
    return peers


def account_peers(*, unmimic_python: Path | None = None, unmimic_model: str | None = None) -> dict[str, AccountPeer]:
    """Scorers of accounts, ours first. `unmimic_python` is the interpreter of an environment that has unmimic."""
    found: tuple[AccountPeer, ...] = (
        OurAccounts(),
        GatewayRules(),
        CapabilityRules(),
        AdvisoryHunt(),
        AdvisoryHunt(accounts=5, requests=1000, name="rules_advisory_loose"),
        UnmimicElicitation(python=unmimic_python, model=unmimic_model),
    )
    peers = {one.name: one for one in found}
    if len(peers) != len(found):
        raise ContractError("account peers: two have one name")
    return peers
