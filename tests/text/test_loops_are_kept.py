"""Compiled loops are kept for the next process, and never for other sources than the ones they were made from."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

WORK = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from few.taken import taken
print(taken(np.arange(3)), few._loops._folder() if (few := __import__("few")) else None)
"""


@pytest.mark.slow
def test_a_loop_is_made_again_when_a_step_in_another_file_changes(tmp_path: Path) -> None:
    room = tmp_path / "few"
    room.mkdir()
    own = Path(str(find_spec("stillwatch.text._loops").origin))  # type: ignore[union-attr]
    (room / "__init__.py").write_text("from few import _loops\n")
    (room / "_loops.py").write_bytes(own.read_bytes())
    (room / "taken.py").write_text(
        "from few._loops import loop\nfrom few.one import one\n\n@loop\ndef taken(x):\n    return one(x[0]) + x[1]\n"
    )
    found = []
    for step in ("x + 1", "x + 100"):
        (room / "one.py").write_text(f"from few._loops import step\n\n@step\ndef one(x):\n    return {step}\n")
        done = subprocess.run([sys.executable, "-c", WORK, str(tmp_path)], capture_output=True, text=True, check=True)
        found.append(done.stdout.split())
    assert [value for value, _ in found] == ["2", "101"]
    kept = [Path(folder) for _, folder in found]
    assert kept[0] != kept[1]
    assert all(list(folder.rglob("*.nbc")) for folder in kept)
