"""A worker carries only what serving needs: what it loads is resident in every one of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("uvicorn", reason="the extra `gateway` is not installed")

SERVED = "import sys, stillwatch.gateway.relay, stillwatch.gateway.serving, stillwatch.engine, stillwatch.policy; print(*sys.modules)"
HEAVY = {"duckdb", "scipy", "numba", "pandas", "sklearn", "sqlglot", "opentelemetry", "grpc", "redis", "jinja2"}


def test_neither_the_database_nor_statistics_nor_extras_are_loaded() -> None:
    said = subprocess.run([sys.executable, "-c", SERVED], capture_output=True, text=True, check=True).stdout
    assert HEAVY.isdisjoint(said.split())
