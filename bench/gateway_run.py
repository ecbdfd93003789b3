"""One way to serve for everything that the gateway is measured beside: uvicorn on uvloop and httptools, without logs."""

from __future__ import annotations

from typing import Any

import uvicorn

__all__ = ["run"]


def run(app: Any, port: int, **more: Any) -> None:
    """Serve on this machine until ended."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        access_log=False,
        **more,
    )
