"""The package runs by its name where no script is installed."""

from __future__ import annotations

import runpy
import sys

import pytest


def test_python_m_runs_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["stillwatch", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("stillwatch", run_name="__main__")
    assert not ended.value.code
    assert capsys.readouterr().out.startswith("stillwatch ")
