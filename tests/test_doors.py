"""The house keeps its doors: rooms import one way, furniture stays in its room, and the package opens without extras."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import stillwatch

SOURCE = Path(stillwatch.__file__).parent
REPOSITORY = SOURCE.parents[1]
ROOMS = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))
EXTRAS = (
    "pyspark", "torch", "transformers", "starlette", "uvicorn", "aiohttp", "stix2", "voprf", "nacl", "rbcl", "argon2", "cel_expr_python",
    "redis", "grpc", "google", "opentelemetry", "pg8000", "uvloop", "httptools", "sqlglot", "pandas", "psutil", "httpx",
    "joserfc", "rfc3161_client", "reportlab", "confluent_kafka", "nats", "deltalake", "pyiceberg", "fsspec", "granian",
)  # fmt: skip
SERVERS = (
    "stillwatch.console",
    "stillwatch.engine.spark",
    "stillwatch.gateway",
    "stillwatch.forum.tags",
    "stillwatch.forum.taxii",
    "stillwatch.range.labs",
)
"""What nobody opens without the extra that it is installed by."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imported(module: str, path: Path) -> list[tuple[str, str]]:
    """(module, name) of everything that a module imports from the package, with relative imports resolved."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            found += [(origin, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
    return [(origin, name) for origin, name in found if origin.split(".")[0] == "stillwatch"]


def python(code: str, *, isolated: bool = False) -> str:
    """Output of a few lines in a fresh interpreter."""
    arguments = [sys.executable, *(["-I"] if isolated else []), "-c", code]
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
def test_every_import_contract_holds() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(lint), "--no-cache", "--config", str(REPOSITORY / "pyproject.toml")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_no_room_takes_the_furniture_of_another() -> None:
    taken = []
    for module, path in modules().items():
        room = module.split(".")[1] if "." in module else ""
        for origin, name in imported(module, path):
            steps = origin.split(".")
            if len(steps) > 1 and steps[1] != room and any(step.startswith("_") for step in (*steps[1:], name)):
                taken.append(f"{module} imports {origin}.{name}")
    assert taken == []


def test_the_search_for_furniture_finds_some() -> None:
    inside = [
        name for module, path in modules().items() for origin, name in imported(module, path) if name.startswith("_")
    ]
    relative = [origin for module, path in modules().items() for origin, _ in imported(module, path)]
    assert inside
    assert "stillwatch.core.errors" in relative


@pytest.mark.parametrize("room", ROOMS)
def test_everything_behind_a_door_can_be_imported(room: str) -> None:
    door = importlib.import_module(f"stillwatch.{room}")
    assert door.__doc__
    assert door.__all__
    assert list(door.__all__) == list(dict.fromkeys(door.__all__))
    missing = [name for name in door.__all__ if not hasattr(door, name)]
    assert missing == []
    assert not any(name.startswith("_") for name in door.__all__)


@pytest.mark.slow
def test_the_whole_package_opens_without_extras() -> None:
    opened = python(
        f"""
import importlib, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ImportError(f"{{name}} is an extra")
        return None
sys.meta_path.insert(0, Refuse())
for name in {sorted(name for name in modules() if not name.startswith(SERVERS))!r}:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print("open", "scipy.stats" in sys.modules)
"""
    )
    assert opened == "open False\n", "scipy.stats takes longer than all else that a process that reads logs loads"


def test_help_waits_for_no_heavy_room() -> None:
    heavy = python(
        """
import sys
from stillwatch.cli import app
try:
    app(["--help"])
except SystemExit:
    pass
rooms = ("pyarrow", "duckdb", "numpy", "scipy", "jinja2")
print("loaded:", [name for name in rooms if name in sys.modules])
"""
    )
    assert heavy.splitlines()[-1] == "loaded: []"
    assert "scan" in heavy
