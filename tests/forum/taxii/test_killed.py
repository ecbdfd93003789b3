"""What was acknowledged is there after kill -9; the whole run is bench/forum_taxii.py's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    script = Path(__file__).with_name("kill_hub.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path / "hub", "1", "7"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "1 kills" in done.stdout
