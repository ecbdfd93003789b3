"""The servers on which the gateway's behaviour is tried."""

from __future__ import annotations

import pytest

from .serving import STACK


@pytest.fixture(params=["uvicorn", "granian"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every gateway of the test is served by this one."""
    name: str = request.param
    pytest.importorskip(name, reason=f"the extra `{name}` is not installed")
    monkeypatch.setitem(STACK, "server", name)
    return name
