"""Sigma rules over the alert log, for whoever watches logs with rules: packaged as files, one idea a file."""

from __future__ import annotations

from importlib import resources

__all__ = ["sigma_rules"]


def sigma_rules() -> dict[str, str]:
    """The text of every packaged rule by file name, in order."""
    folder = resources.files("stillwatch.report.alerts").joinpath("rules")
    return {
        one.name: one.read_text("utf-8")
        for one in sorted(folder.iterdir(), key=lambda f: f.name)
        if one.name.endswith(".yml")
    }
