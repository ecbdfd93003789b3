"""A pytest plugin that sends medallion's own backend tests over HTTP to a hub of ours: `pytest -p medallion_shim`.

It runs where medallion is installed; HUB_PYTHON names the interpreter that has Stillwatch. Tests of medallion's own files and threads have nothing to ask
us and keep its client.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import requests
from medallion.test.base_test import TaxiiTest

_HUB = Path(__file__).parent / "seeded_hub.py"
_plain = TaxiiTest.setUp


class _Answer:
    def __init__(self, got: requests.Response) -> None:
        self.status_code, self.headers, self.data = got.status_code, got.headers, got.content
        self.content_type = got.headers.get("content-type", "")
        self._got = got

    @property
    def json(self) -> Any:
        return self._got.json()


class _Client:
    def __init__(self, base: str) -> None:
        self._base, self._session = base, requests.Session()

    def _ask(self, method: str, path: str, **given: Any) -> _Answer:
        given.pop("follow_redirects", None)
        return _Answer(self._session.request(method, self._base + path, timeout=20, **given))

    def get(self, path: str, **given: Any) -> _Answer:
        return self._ask("GET", path, **given)

    def post(self, path: str, **given: Any) -> _Answer:
        return self._ask("POST", path, **given)

    def delete(self, path: str, **given: Any) -> _Answer:
        return self._ask("DELETE", path, **given)


def _set_up(self: TaxiiTest, start_threads: bool = True) -> None:
    _plain(self, start_threads)
    if self.type != "memory":
        return
    hub = subprocess.Popen(
        [os.environ["HUB_PYTHON"], str(_HUB), self.DATA_FILE, "Password0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert hub.stdout is not None
    self.client = _Client(f"http://127.0.0.1:{int(hub.stdout.readline())}")
    _HUBS.append(hub)


_HUBS: list[subprocess.Popen[str]] = []


def pytest_unconfigure() -> None:
    for hub in _HUBS:
        assert hub.stdin is not None
        hub.stdin.close()
        hub.wait(20)


TaxiiTest.setUp = _set_up
