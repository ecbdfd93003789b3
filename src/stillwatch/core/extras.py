"""What is told to somebody who lacks an extra."""

from __future__ import annotations

__all__ = ["get_extra"]


def get_extra(*names: str) -> str:
    """The end of a sentence about a missing library: which extra has it, and where it stands how extras are installed.

    No command is told, as the right one differs between a clone, a wheel and a container, and the obvious one asks a package index for a
    name that is not ours there.
    """
    return f"install stillwatch[{','.join(names)}], as docs/operate.md says under Extras"
