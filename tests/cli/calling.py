"""Command lines called in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stillwatch.cli import main
from stillwatch.engine import Workspace
from stillwatch.pipeline import Scanned

Done = tuple[Workspace, Scanned, Path]
"""A workspace, its scan and the log."""


def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> tuple[int, str, str]:
    """(exit status, standard output, standard error) of a command line, in this process."""
    monkeypatch.setattr(sys, "argv", ["stillwatch", *map(str, words)])
    code = 0
    try:
        main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err
