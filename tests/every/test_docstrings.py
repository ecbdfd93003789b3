"""Every example in a docstring holds: they are the first thing a reader tries."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import stillwatch

GUESTS = {"litellm", "grpc", "google", "opentelemetry", "py4j", "pyspark"}
"""Packages that some modules are plugged into, or that come with an extra of their own."""

MODULES = sorted(one.name for one in pkgutil.walk_packages(stillwatch.__path__, "stillwatch."))


def test_the_walk_finds_the_modules() -> None:
    assert {"stillwatch.core.pseudonym", "stillwatch.stats.evalues", "stillwatch.text.words"} <= set(MODULES)


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_the_examples_in_its_docstrings_hold(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] in GUESTS:
            pytest.skip(f"plugs into {missing.name}, which is not installed")
        raise
    assert doctest.testmod(module).failed == 0
