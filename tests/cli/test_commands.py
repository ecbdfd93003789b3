"""The street door: help that is told, errors that help, findings for people and for programs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.cli import app
from stillwatch.engine import Workspace

from .calling import Done, call
from .day import SECRET, SMALL, few, key

GOLDEN = Path(__file__).with_name("help")
COMMANDS = (
    "stillwatch",
    "scan",
    "watch",
    "doctor",
    "tidy",
    "backup",
    "restore",
    "keys",
    "explain",
    "expand",
    "names",
    "demo",
    "range",
    "case",
    "alerts",
    "policy",
    "audit",
    "forum",
    "console",
    "gateway",
)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_told_as_written_down(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Written anew by STILLWATCH_WRITE_GOLDEN=1; read the difference before it is committed."""
    code, out, err = call(capsys, monkeypatch, *([] if name == "stillwatch" else [name]), "--help")
    assert (code, err) == (0, "")
    told = "\n".join(line.rstrip() for line in out.splitlines()).strip() + "\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("STILLWATCH_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(told)
    assert told == path.read_text()


@pytest.mark.parametrize("name", [one for one in COMMANDS[1:12] if one != "keys"])
def test_every_option_says_what_it_is(name: str) -> None:
    told = (GOLDEN / f"{name}.txt").read_text()
    options = [line for line in told.splitlines() if line.startswith(("│ --", "│ *"))]
    assert options
    for line in options:
        words = re.sub(r"\[.*?\]|[│*]|--\w+|[A-Z]{3,}", "", line).split()
        assert len(words) > 1, line


def test_every_command_has_its_help_written_down() -> None:
    known = {name for name in app if not name.startswith("-")}
    assert known | {"stillwatch"} == set(COMMANDS) == {path.stem for path in GOLDEN.iterdir()}


def test_the_version_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = call(capsys, monkeypatch, "--version")
    assert code == 0
    assert out.startswith("stillwatch 0.")


@pytest.mark.parametrize(
    "words", [["scan"], ["scan", "x", "--formt", "har"], ["explian"], ["names"], ["demo", "--seed", "x"]]
)
def test_a_command_line_that_cannot_be_read_exits_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str]
) -> None:
    code, out, err = call(capsys, monkeypatch, *words)
    assert code == 2
    assert "Traceback" not in out + err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_scan_shows_its_findings_and_keeps_texts_and_names_to_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, done: Done, tmp_path: Path
) -> None:
    (tmp_path / "small.toml").write_text(SMALL)
    words = [
        "scan",
        done[2],
        "--settings",
        "small.toml",
        "--workspace",
        key(tmp_path / "it's [w]"),
    ]
    code, out, err = call(capsys, monkeypatch, *words)
    assert (code, err) == (0, "")
    assert "336 exchanges of 56 accounts · 0 duplicates counted once · 0 rows rejected · 0 name no account" in out
    assert "Actors for review" in out
    assert "it's [w]" in out.replace("\n", "")
    again, told, err = call(capsys, monkeypatch, *words)
    assert (again, err) == (0, "")
    assert "Nothing new since the last scan." in told
    for shown in (out, told):
        assert SECRET not in shown
        assert "customer.example" not in shown


def test_findings_for_programs_are_one_json_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = few(tmp_path / "[/red] a.jsonl")
    code, out, err = call(capsys, monkeypatch, "scan", log, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["run"]["exchanges"] == 6
    code, out, err = call(capsys, monkeypatch, "scan", log, few(tmp_path / "b.jsonl"))
    assert (code, err) == (0, "")
    assert "same content as" in out.replace("\n", " ")
    assert "[/red]" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["absent.jsonl"], "absent.jsonl: no such file or folder, and no file matches it as a pattern"),
        (["prose.txt"], "prose.txt: the log format cannot be told"),
        (["a.jsonl", "--format", "nonsense"], "nonsense"),
        (["a.jsonl", "--settings", "absent.toml"], "absent.toml: no such settings file"),
        (["a.jsonl", "--settings", "bad.toml"], "run.sede: unknown; did you mean seed?\nrun.workers: got -1"),
        (["a.jsonl", "--columns", "bad.toml"], "bad.toml: run: unknown table, expected [columns] or [constants]"),
        (["a.jsonl", "--columns", "absent.toml"], "absent.toml: cannot be read"),
        (["a.jsonl", "--accounts", "absent.csv"], "absent.csv"),
        (["a.jsonl", "--accounts", "prose.txt"], "prose.txt: no column that names the account"),
        (["a.jsonl", "--workspace", "thesis"], "thesis: neither empty nor a Stillwatch workspace"),
        (["a.jsonl", "--workspace", "prose.txt"], "prose.txt"),
        (["a.jsonl", "--workspace", "prose.txt/below"], "Not a directory"),
    ],
)
def test_what_the_user_can_mend_is_one_clear_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str], message: str
) -> None:
    few(tmp_path / "a.jsonl", 2)
    (tmp_path / "prose.txt").write_text("once upon a time, there was\na river, wide\n")
    (tmp_path / "bad.toml").write_text("[run]\nsede = 1\nworkers = -1\n")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "main.tex").write_text("x")
    code, out, err = call(capsys, monkeypatch, "scan", *words)
    assert (code, out) == (2, "")
    assert err.startswith("stillwatch: ")
    assert message in err
    assert "Traceback" not in err


def test_a_wrong_settings_file_makes_no_workspace(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bad.toml").write_text("[ruin]\n")
    code, _, err = call(capsys, monkeypatch, "scan", "x", "--settings", "bad.toml")
    assert (code, err) == (2, "stillwatch: the settings cannot be used:\nruin: unknown; did you mean run?\n")
    assert not (tmp_path / "stillwatch-workspace").exists()


def test_settings_in_the_workspace_are_used(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "stillwatch.toml").write_text("[run]\nsede = 1\n")
    code, _, err = call(capsys, monkeypatch, "scan", "x", "--workspace", "w")
    assert code == 2
    assert "run.sede: unknown; did you mean seed?" in err


def test_one_actor_is_explained_in_sentences(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, done: Done
) -> None:
    space, scanned, _ = done
    actor = scanned.view.for_review[0]
    code, out, err = call(capsys, monkeypatch, "explain", actor.handle.lower(), "--workspace", space.root)
    assert (code, err) == (0, "")
    assert actor.handle in out
    assert actor.members[0].handle in out
    assert SECRET not in out
    assert "customer.example" not in out


def test_a_member_and_a_family_are_explained_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, done: Done
) -> None:
    space, scanned, _ = done
    actor = scanned.view.for_review[0]
    for handle in (actor.members[0].handle, actor.families[0].handle):
        code, out, err = call(capsys, monkeypatch, "explain", handle, "--workspace", space.root)
        assert (code, err) == (0, "")
        assert handle in out
        assert actor.handle in out


def test_names_behind_an_actor_are_told_as_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, done: Done
) -> None:
    space, scanned, _ = done
    actor = scanned.view.for_review[0]
    code, out, err = call(capsys, monkeypatch, "names", actor.handle, "--workspace", space.root)
    assert (code, err) == (0, "")
    told = dict(line.split("\t") for line in out.splitlines())
    assert set(told) == {member.handle for member in actor.members}
    assert all(raw.startswith("worker-") for raw in told.values())


@pytest.mark.parametrize("command", ["explain", "names"])
@pytest.mark.parametrize("handle", ["X-0000000000001", "A-0000000000001", "gibberish"])
def test_an_unknown_handle_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, done: Done, command: str, handle: str
) -> None:
    code, out, err = call(capsys, monkeypatch, command, handle, "--workspace", done[0].root)
    assert (code, out) == (2, "")
    assert err.startswith("stillwatch: ")
    assert handle in err


@pytest.mark.parametrize("command", ["explain", "names"])
def test_asking_where_nothing_was_scanned_makes_no_workspace(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    code, out, err = call(capsys, monkeypatch, command, "X-0000000000001")
    assert (code, out) == (2, "")
    assert "no Stillwatch workspace; run stillwatch scan first" in err
    assert list(tmp_path.iterdir()) == []


def test_explaining_before_the_first_scan_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Workspace(tmp_path / "w")
    code, _, err = call(capsys, monkeypatch, "explain", "X-0000000000001", "--workspace", "w")
    assert (code, err) == (2, "stillwatch: w: nothing was scanned here yet; run stillwatch scan first\n")


def test_a_demo_never_replaces_what_is_no_demo(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_bytes(b"x")
    code, _, err = call(capsys, monkeypatch, "demo", "--out", "photos")
    assert (code, err) == (2, "stillwatch: photos: holds something else than a demo; name another folder with --out\n")
    assert (tmp_path / "photos" / "cat.png").exists()


@pytest.mark.parametrize(("command", "status"), [("names", 0), ("explain", 1)])
def test_a_reader_that_goes_away_is_no_error(done: Done, command: str, status: int) -> None:
    actor = done[1].view.for_review[0].handle
    code = "from stillwatch.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, command, actor, "--workspace", str(done[0].root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as shown:
        assert shown.stdout is not None
        assert shown.stderr is not None
        shown.stdout.close()
        assert shown.stderr.read() == ""
        assert shown.wait() == status


def test_a_server_without_its_extra_says_which_to_install(tmp_path: Path) -> None:
    without = "import sys; sys.modules['uvicorn'] = None; from stillwatch.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", without, "console", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "uvicorn is not installed" in done.stderr
    assert "stillwatch[console]" in done.stderr
    assert "Traceback" not in done.stderr
