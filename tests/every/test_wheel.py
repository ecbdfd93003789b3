"""What is installed: the code and its own data, small, and none of the demo's prompts."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST = 3_000_000
"""Bytes that a wheel may have."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built offline."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("stillwatch-*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size <= MOST


@pytest.mark.slow
def test_the_wheel_is_the_same_whoever_builds_it(tmp_path: Path) -> None:
    built = []
    for name, umask, seed in (("a", 0o022, "1"), ("b", 0o077, "2")):
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / name],
            cwd=ROOT,
            check=True,
            capture_output=True,
            umask=umask,
            env=os.environ | {"SOURCE_DATE_EPOCH": "1795000000", "PYTHONHASHSEED": seed, "TZ": f"UTC{seed}"},
        )
        (wheel,) = (tmp_path / name).glob("*.whl")
        built.append(wheel.read_bytes())
    assert built[0] == built[1]


@pytest.mark.slow
def test_the_wheel_holds_the_package_data_and_no_prompts(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    own = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src" / "stillwatch").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert own <= held
    assert not [
        name for name in held if name.endswith((".parquet", ".jsonl", ".jsonl.zst")) or name.startswith("prompts/")
    ]
