"""The installation's key is listed, replaced and followed from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.engine import Workspace

from .calling import call
from .day import key


def test_a_key_is_replaced_and_followed_by_who_knew_the_old_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(*words: object, code: int = 0) -> str:
        left, out, err = call(capsys, monkeypatch, *words)
        assert left == code, err
        return out if code == 0 else err

    space = Workspace(key(tmp_path / "w")).root
    assert run("keys", "list", "--workspace", space).endswith("\tin use\n")
    pinned = tmp_path / "pinned.pem"
    pinned.write_bytes((space / "keys" / "collector.pub.pem").read_bytes())
    assert "reason" in run("keys", "rotate", "--workspace", space, "--why", "", code=2)
    statements = [run("keys", "rotate", "--workspace", space, "--why", "every year").splitlines()[1] for _ in range(2)]
    new = tmp_path / "new.pem"
    run("keys", "follow", *statements, "--public-key", pinned, "--out", new)
    assert new.read_bytes() == (space / "keys" / "collector.pub.pem").read_bytes() != pinned.read_bytes()
    assert "is there already" in run("keys", "follow", *statements, "--public-key", pinned, "--out", new, code=2)
    assert "was not given" in run(
        "keys", "follow", *reversed(statements), "--public-key", pinned, "--out", tmp_path / "other.pem", code=2
    )
    assert not (tmp_path / "other.pem").exists()
    assert run("keys", "list", "--workspace", space).count("until") == 2
