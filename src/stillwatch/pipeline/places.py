"""Where traffic went: every model and every way in of the logs, for comparing safeguards over all of them."""

from __future__ import annotations

from stillwatch.engine import Workspace

__all__ = ["models_and_pathways"]


def models_and_pathways(workspace: Workspace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(models, pathways) that any request of the logs names."""
    read = workspace.store.read("features", ["model", "pathway"])
    models, pathways = (
        tuple(sorted(str(one) for one in read[name].unique().to_pylist() if one)) for name in ("model", "pathway")
    )
    return models, pathways
