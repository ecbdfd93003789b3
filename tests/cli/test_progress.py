"""The progress bar shows on a terminal and is silent elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from stillwatch.cli.progress import progress_bar


class Terminal(io.StringIO):
    """Standard error of somebody who watches."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_drawn_for_somebody_who_watches_alone(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    told: io.StringIO = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar() as progress:
        progress("reading", 0, 10)
        progress("reading", 10, 10)
        progress("signals", 1, 4)
        progress("accounts", 4, 4)
    shown = told.getvalue()
    assert ("reading" in shown and "accounts" in shown and "100%" in shown) == terminal
    assert terminal or shown == ""
