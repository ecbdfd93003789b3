"""The bill of materials names everything that is pinned, once, with every hash, and is the same whenever it is written."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8")
MADE = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / ".ci" / "sbom.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def told(writer: ModuleType) -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found: dict[str, Any] = writer.document(CONSTRAINTS, project, MADE)
    return found


def test_every_pinned_package_is_named_once_with_all_its_hashes(told: dict[str, Any]) -> None:
    pinned = re.findall(r"^([A-Za-z0-9][\w.\-]*)==([^\s;\\]+)", CONSTRAINTS, flags=re.MULTILINE)
    assert [(one["name"], one["version"]) for one in told["components"]] == pinned
    assert len({one["bom-ref"] for one in told["components"]}) == len(pinned) > 20
    hashes = [h["content"] for one in told["components"] for h in one["externalReferences"][0]["hashes"]]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", CONSTRAINTS))


def test_what_every_installation_needs_is_told_from_what_extras_need(told: dict[str, Any]) -> None:
    scopes = {one["name"]: one["scope"] for one in told["components"]}
    assert (scopes["duckdb"], scopes["pytest"]) == ("required", "optional")
    assert all(scopes[ref.split("/")[1].split("@")[0]] == "required" for ref in told["dependencies"][0]["dependsOn"])


def test_the_same_constraints_give_the_same_document(writer: ModuleType, told: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert json.dumps(writer.document(CONSTRAINTS, project, MADE)) == json.dumps(told)
    other = writer.document(CONSTRAINTS.replace("duckdb==", "duckdb==9"), project, MADE)
    assert other["serialNumber"] != told["serialNumber"]
