"""From a seed in words to the accounts that it grows to: names are made pseudonyms with the workspace's key, a prompt becomes shingles."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from stillwatch import actors
from stillwatch.core import Error, Settings, handle, unhandle
from stillwatch.engine import DuckEngine, Workspace
from stillwatch.ingest import account_id, address, subnet
from stillwatch.text import text_features

__all__ = ["expand_seed", "families_like", "seed_of"]

_WORDS = {"agent": "user_agent", "tls": "tls_fingerprint"}
"""What people call columns that have longer names."""

_LEAST_PHRASES = 2


def expand_seed(
    workspace: Workspace,
    seed: actors.Seed,
    settings: Settings,
    *,
    level: float | None = None,
    held: Collection[int] = (),
) -> actors.Expanded:
    """Grow a seed in what the last scan read and linked; accounts that are `held` by own findings are not tested again. Nothing is written.

    Raises:
        Error: when nothing was scanned here yet, or nothing in the logs has the seed.
    """
    store = workspace.store
    if not store.manifest("features").rows:
        raise Error(f"{workspace.root}: nothing was scanned here yet; run stillwatch scan first")
    with DuckEngine(store, memory_mb=settings.run.memory_mb, scratch=workspace.scratch) as engine:
        tables = actors.Workroom(
            features=engine.scan("features"),
            account_facts=engine.scan("account_facts"),
            artifacts=engine.scan("artifacts"),
            links=store.read("links"),
            families=store.read("families"),
        )
        return actors.expand(
            engine,
            tables,
            seed,
            level=settings.actors.actor_fdr if level is None else level,
            hub_share=settings.actors.hub_share,
            salt=workspace.names.salt("actors"),
            run_seed=settings.run.seed,
            held=held,
        )


def families_like(workspace: Workspace, prompt: str) -> list[tuple[int, int, int]]:
    """Families whose template a text shares: (family, its shingles found in the text, its shingles), the most alike first.

    Raises:
        Error: when the text is too short to tell.
    """
    phrases = set(_phrases(workspace, prompt).tolist())
    rows = workspace.store.read("families", ["family", "anchors"]).to_pylist()
    found = [(row["family"], len(phrases.intersection(row["anchors"])), len(row["anchors"])) for row in rows]
    return sorted((one for one in found if one[1]), key=lambda one: (-one[1] / one[2], one[0]))


def seed_of(workspace: Workspace, seeds: Sequence[str], prompts: Sequence[str] = ()) -> actors.Seed:
    """Read seeds as people write them.

    Args:
        seeds: handles of accounts (A-...) or actors (X-...), or `kind:value` with account or a kind of indicator.
        prompts: texts of prompts.

    Raises:
        Error: when a seed is none of these; the message never repeats what was given, which may be a name.
    """
    accounts: set[int] = set()
    things = []
    held_out = False
    for text in seeds:
        kind, colon, value = text.partition(":")
        kind = _WORDS.get(kind.strip().lower(), kind.strip().lower())
        if not colon:
            members, of_actor = _of_handle(workspace, text)
            accounts |= members
            held_out |= of_actor
        elif kind == "account":
            accounts.add(workspace.names.name("account", account_id(value.strip())))
        elif kind in actors.INDICATORS:
            things.append((kind, workspace.names.name(kind, _canonical(kind, value.strip()))))
        else:
            known = ", ".join(("account", *sorted({**_WORDS, **dict.fromkeys(actors.INDICATORS)})))
            raise Error(
                f"seed: expected a handle (A-... or X-...), or one of {known}, a colon and a value, "
                "such as ip:203.0.113.9 or ip:2001:db8::9"
            )
    found = [_phrases(workspace, text) for text in prompts]
    return actors.Seed(
        accounts=frozenset(accounts),
        things=tuple(things),
        anchors=np.unique(np.concatenate([np.empty(0, np.int64), *found])).astype(np.int64),
        held_out=held_out,
    )


def _of_handle(workspace: Workspace, text: str) -> tuple[set[int], bool]:
    """The accounts of a handle, and whether they are an actor's members."""
    try:
        kind, pseudonym = unhandle(text)
    except ValueError:
        raise Error("seed: expected a handle (A-... or X-...), or kind:value such as ip:203.0.113.9") from None
    if kind == "account":
        return {pseudonym}, False
    members = workspace.store.read("actor_members", ["actor", "account"]).to_pylist() if kind == "actor" else []
    found = {row["account"] for row in members if row["actor"] == pseudonym}
    if not found:
        raise Error(f"{handle(kind, pseudonym)}: no such account or actor in this workspace")
    return found, True


def _canonical(kind: str, value: str) -> str:
    """A value as the tables know it."""
    if kind not in ("ip", "subnet"):
        return value
    base = address(value.partition("/")[0])
    written = base if kind == "ip" or base is None else subnet(base)
    if written is None:
        raise Error(f"seed: not an address after {kind}:, expected one such as 203.0.113.9")
    return written


def _phrases(workspace: Workspace, prompt: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The sampled shingles of a prompt."""
    made = text_features([prompt], [None], [None], [None], salt=workspace.names.salt("features"))
    phrases: list[int] = made["anchors"].to_pylist()[0] or []
    if len(phrases) < _LEAST_PHRASES:
        raise Error(
            f"prompt: {len(phrases)} sampled phrases, needs {_LEAST_PHRASES}: give a longer text, or more of it"
        )
    return np.array(phrases, np.int64)
