"""Which server listens: uvicorn, which comes with the extra `gateway`, or granian with an extra of its own."""

from __future__ import annotations

from typing import Any, Literal

from stillwatch.core import Error, get_extra

__all__ = ["Server", "granian_server"]

Server = Literal["uvicorn", "granian"]


def granian_server() -> Any:
    """The class of what serves a port with granian.

    Raises:
        Error: when its extra is not installed.
    """
    try:
        from stillwatch.gateway.serving_granian import GranianServer
    except ImportError as error:
        raise Error(f"--server granian: {error.name} is not installed; {get_extra('granian')}") from error
    return GranianServer
