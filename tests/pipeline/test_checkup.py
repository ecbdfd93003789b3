"""The doctor finds what is broken, says what to do, and changes nothing."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import pytest

from stillwatch.cases import Desk, make_key, rotate
from stillwatch.core import get_extra
from stillwatch.engine import Workspace
from stillwatch.pipeline import Finding, Health, Scanned, checkup, checkup_machine, needs

from .logs import NOW, hashes, image


@pytest.fixture
def root(scanned: tuple[Workspace, Scanned], tmp_path: Path) -> Path:
    """A scanned workspace that a test may break."""
    return image(scanned[0].root, tmp_path / "w")


@pytest.fixture(autouse=True)
def _machine_aside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "machine" not in request.node.name:
        monkeypatch.setattr(sys.modules["stillwatch.pipeline.checkup"], "machine_checks", lambda: ())


def ill(root: Path) -> dict[str, Finding]:
    return {one.what: one for one in checkup(root, now=NOW) if one.health is Health.ILL}


def told(root: Path, what: str) -> Finding:
    return next(one for one in checkup(root, now=NOW) if one.what == what)


def test_a_scanned_workspace_is_well_and_stays_as_it_was(root: Path) -> None:
    before = hashes(root, ".")
    assert ill(root) == {}
    assert hashes(root, ".") == before


def part(root: Path, name: str) -> Path:
    return min((root / "tables" / name).glob("*/*.parquet"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def overwrite(path: Path) -> None:
    path.write_bytes(b"\x00" * path.stat().st_size)


BROKEN: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a part that is gone": (lambda root: part(root, "features").unlink(), "tables", "missing"),
    "a part that breaks off": (lambda root: cut(part(root, "exchanges")), "tables", "bytes, expected"),
    "a part of other bytes": (lambda root: overwrite(part(root, "exchanges")), "tables", "damaged"),
    "a manifest that breaks off": (
        lambda root: cut(root / "tables/features/manifest.json"),
        "tables",
        "damaged manifest",
    ),
    "a key that is gone": (lambda root: (root / "keys/pseudonym.key").unlink(), "pseudonym key", "missing"),
    "a key that is no key": (lambda root: (root / "keys/pseudonym.key").write_text("x"), "pseudonym key", "damaged"),
    "a key that others may read": (
        lambda root: _open(root / "keys/pseudonym.key"),
        "permissions",
        "keys/pseudonym.key",
    ),
    "a setting that is none": (
        lambda root: (root / "stillwatch.toml").write_text("[run]\nwrkers = 1"),
        "stillwatch.toml",
        "workers",
    ),
    "a sharing policy that lacks all": (
        lambda root: (root / "forum.toml").write_text("member = 'x'"),
        "forum.toml",
        "is missing",
    ),
    "a standing that breaks off": (lambda root: cut(root / "standing/standing.arrow"), "standing", "damaged standing"),
    "a newer workspace": (
        lambda root: (root / "state/version.json").write_text('{"layout": 99}'),
        "workspace",
        "newer",
    ),
    "a version that is no JSON": (lambda root: (root / "state/version.json").write_text("{"), "workspace", "damaged"),
    "a pulse that is no JSON": (
        lambda root: (root / "state/watch.json").write_bytes(b"\xff"),
        "watch",
        "could not be looked at",
    ),
}


def _open(path: Path) -> None:
    path.chmod(0o644)
    path.parent.chmod(0o755)
    path.parents[1].chmod(0o755)


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_broken_is_named_with_what_to_do(root: Path, how: str) -> None:
    broken, what, seen = BROKEN[how]
    root.chmod(0o700)
    broken(root)
    found = ill(root)
    assert list(found) == [what]
    assert seen in found[what].seen
    assert found[what].do


def test_a_derived_table_is_told_from_one_that_only_a_back_up_brings_back(root: Path) -> None:
    part(root, "account_evidence").unlink()
    assert "scan again" in ill(root)["tables"].do
    part(root, "exchanges").unlink()
    assert "restore a back-up" in ill(root)["tables"].do


def test_what_a_crash_left_is_a_notice_and_no_illness(root: Path) -> None:
    (part(root, "features").parent / "left.parquet").write_bytes(b"PAR1")
    (root / "state/underway").write_text("0123")
    assert "1 files that no manifest names" in told(root, "commits").seen
    assert told(root, "findings").health is Health.NOTICE
    assert ill(root) == {}


def test_a_standing_that_nobody_renewed_is_a_notice(root: Path) -> None:
    late = [one for one in checkup(root, now=NOW + dt.timedelta(days=3)) if one.what == "standing"]
    assert (late[0].health, "72.0 hours old" in late[0].seen) == (Health.NOTICE, True)


def test_a_journal_that_was_changed_or_is_gone_is_an_illness(root: Path) -> None:
    Desk(Workspace(root), lambda: NOW).journal.begin()
    assert "journal" not in ill(root)
    head = root / "desk/journal.head"
    head.write_bytes(head.read_bytes().replace(b'"seq":0', b'"seq":1'))
    assert "not what the collector" in ill(root)["journal"].seen
    shutil.rmtree(root / "desk")
    assert "it is gone" in ill(root)["journal"].seen


def test_a_key_whose_replacement_was_cut_off_is_an_illness_that_the_same_command_mends(root: Path) -> None:
    desk = Desk(Workspace(root), lambda: NOW)
    desk.journal.begin()
    make_key(root / "keys" / "collector.next.pem")
    (root / "keys" / "collector.next.pub.pem").unlink()
    assert "cut off" in ill(root)["collector's key"].seen
    rotate(desk, by="mary", why="every year")
    assert not {"collector's key", "journal", "permissions"} & ill(root).keys()


def test_no_room_for_a_scan_is_an_illness_and_room_for_a_week_a_notice(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(root)
    for free, health in ((0, Health.ILL), (1 << 19, Health.NOTICE), (1 << 40, Health.WELL)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        assert told(root, "disk").health is health, free


def test_a_folder_that_is_no_workspace_is_said(tmp_path: Path) -> None:
    assert "not there" in ill(tmp_path / "none")["workspace"].seen
    assert "missing" in ill(tmp_path)["workspace"].seen


def test_the_machine_that_runs_the_tests_is_well() -> None:
    found = {one.what: one for one in checkup_machine.machine_checks()}
    assert found["Python"].health is found["libraries"].health is found["compiled loops"].health is Health.WELL
    assert "extra dev" not in found


def looked_at(monkeypatch: pytest.MonkeyPatch, wanted: Sequence[str], has: Mapping[str, str]) -> dict[str, Finding]:
    """What is found of a machine where a package that asks for `wanted` finds what it `has`."""

    def version(name: str) -> str:
        if name not in has:
            raise metadata.PackageNotFoundError(name)
        return has[name]

    monkeypatch.setattr(metadata, "requires", lambda _: wanted)
    monkeypatch.setattr(metadata, "version", version)
    return {one.what: one for one in checkup_machine.machine_checks()}


def test_a_machine_with_libraries_out_of_bounds_or_half_an_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [
        "duckdb<2,>=1.5.3",
        "redis>=5; extra == 'valkey'",
        "gone-a>=1; extra == 'psi'",
        "numpy>=1; extra == 'psi'",
    ]
    found = looked_at(monkeypatch, wanted, {"duckdb": "2.0.0", "numpy": "2.4.6"})
    assert (found["libraries"].health, found["libraries"].seen) == (Health.ILL, "duckdb 2.0.0 where <2 is wanted")
    assert found["extra valkey"].seen == "not installed"
    assert (found["extra psi"].health, found["extra psi"].seen) == (Health.NOTICE, "gone-a is missing")
    assert get_extra("psi") in found["extra psi"].do
    assert "docs/operate.md" in found["libraries"].do


def test_an_extra_of_which_only_shared_libraries_are_there_is_not_half_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = [
        "gone-a>=1; extra == 'stamps'",
        "httpx>=0.2; extra == 'stamps'",
        "httpx>=0.2; extra == 'console'",
        "numpy>=2",
        "numpy>=2; extra == 'forum'",
        "gone-b>=1; extra == 'psi'",
        "duckdb>=1; extra == 'psi'",
        "duckdb>=1",
        "gone-c>=1; extra == 'traces'",
        "psutil>=7; extra == 'traces'",
        "psutil>=7; extra == 'dev'",
    ]
    found = looked_at(monkeypatch, wanted, {"httpx": "0.28", "numpy": "2.4.6", "duckdb": "1.6", "psutil": "7.0"})
    for name in ("stamps", "psi"):
        assert (found[f"extra {name}"].health, found[f"extra {name}"].seen) == (Health.WELL, "not installed")
    assert found["extra forum"].seen == "installed, and every import works"
    assert found["extra traces"].seen == "gone-c is missing", "what tests need is no other extra"


@pytest.mark.parametrize(
    ("has", "sign", "bound", "keeps"),
    [
        ("1.10", ">=", "1.9", True),
        ("2.0.0", "<", "2", False),
        ("5.0rc1", ">=", "5", True),
        ("3.2.0", "==", "3.2", True),
    ],
)
def test_the_machines_versions_are_compared_by_number(has: str, sign: str, bound: str, keeps: bool) -> None:
    assert checkup_machine._keeps(has, sign, bound) is keeps


def test_needs_grow_with_exchanges_and_with_their_bytes() -> None:
    assert needs(2_000_000).disk == 2 * needs(1_000_000).disk
    assert needs(1_000, bytes_each=10).disk == 10_000
    assert needs(0).memory > 0
