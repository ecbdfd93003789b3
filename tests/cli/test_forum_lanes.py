"""A package for a government and a flaw under embargo, on the command line: to whom they may go, and what the journal keeps of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.forum.harvest import indicator

from stillwatch.pipeline import last_view

from .calling import call
from .test_forum import finished, house

__all__ = ["finished"]

TODAY = dt.datetime.now(dt.UTC).date()

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ours(finished: Path, tmp_path: Path) -> Path:
    """A house whose legal basis carries every lane."""
    made = house(finished, tmp_path, "0a1b2c3d")
    text = (made / "forum.toml").read_text().replace('lanes = ["peer"]', 'lanes = ["peer", "embargo", "government"]')
    (made / "forum.toml").write_text(f'recipients = ["agency-1"]\n{text}')
    return made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ours: Path) -> Run:
    return lambda *words: call(capsys, monkeypatch, *words, "--workspace", ours)


def decided(run: Run, ours: Path) -> str:
    """A case that two people decided and that is sealed."""
    from stillwatch.engine import Workspace

    handle = last_view(Workspace(ours, make=False)).for_review[0].handle
    case = run("case", "open", handle, "--by", "mary")[1].partition(":")[0]
    run("case", "decide", case, "block", "coordinated_accounts", "--note", "all", "--by", "mary")
    run("case", "approve", case, "--note", "read", "--by", "joe")
    run("case", "seal", case, "--why", "subpoena", "--by", "joe")
    return case


@pytest.mark.slow
def test_a_package_is_handed_over_only_by_its_process_and_is_in_the_log_of_legal_process(
    run: Run, ours: Path, tmp_path: Path
) -> None:
    case, out = decided(run, ours), tmp_path / "package.json"
    asked = ("forum", "package", case, out, "--process", "subpoena", "--by", "joe")
    for lacks in (
        ("--recipient", "agency-2", "--reference", "26-cv-1", "--sign-off"),
        ("--recipient", "agency-1", "--sign-off"),
        ("--recipient", "agency-1", "--reference", "26-cv-1"),
        ("--recipient", "agency-1", "--reference", "26-cv-1", "--sign-off", "--source", "https://example.org/report"),
    ):
        assert run(*asked, *lacks)[0] == 2
    assert not out.exists()
    assert run("forum", "packages")[1] == "", "what was refused is in no log"
    code, said, err = run(*asked, "--recipient", "agency-1", "--reference", "26-cv-1", "--sign-off")
    assert code == 0, err
    (line,) = run("forum", "packages")[1].splitlines()
    _, *told, digest = line.split("\t")
    assert told == [case, "agency-1", "subpoena", "26-cv-1", "joe"]
    assert digest in said
    assert "case.packaged" in run("case", "journal", "--case", case)[1]
    objects = json.loads(out.read_text())["bundle"]["objects"]
    ids = {one["id"] for one in objects}
    assert {"indicator", "campaign"} <= {one["type"] for one in objects}
    assert "observed-data" not in {one["type"] for one in objects}
    assert all(one.get("target_ref", one["id"]) in ids for one in objects), "nothing refers to what stays at home"
    (tmp_path / "bundle.json").write_text(json.dumps(json.loads(out.read_text())["bundle"]))
    code, said, _ = run("forum", "push", "http://127.0.0.1:9/forum/collections/x/", tmp_path / "bundle.json")
    assert (code, "R11" in said) == (2, True), "what goes to a government goes to no hub"
    assert run(*asked, "--recipient", "agency-1", "--reference", "26-cv-1", "--sign-off")[0] == 2, (
        "nothing is written over"
    )


def flaw(path: Path, **more: object) -> Path:
    base = {
        key: indicator()[key]
        for key in ("spec_version", "created_by_ref", "created", "modified", "object_marking_refs")
    }
    text = "Reasoning of one conversation is expanded in another."
    one = {
        "type": "vulnerability",
        "id": "vulnerability--6d1a9a8e-5e0e-4f0d-9d53-0d7a4e2c7c11",
        **base,
        "name": "Replay",
        "description": text,
    }
    path.write_text(json.dumps([{**one, **more}]))
    return path


@pytest.mark.slow
def test_a_flaw_goes_to_its_parties_alone_until_its_clock_ends(run: Run, tmp_path: Path) -> None:
    told = flaw(tmp_path / "flaw.json")
    tell = ("forum", "embargo", "tell", "V-1", told)
    assert run(*tell, tmp_path / "a", "--to", "vendor")[0] == 2, "no clock runs yet"
    code, said, err = run("forum", "embargo", "begin", "V-1", "--party", "vendor", "--party", "cloud")
    assert (code, str(TODAY + dt.timedelta(days=90)) in said) == (0, True), err
    assert run("forum", "embargo", "begin", "V-1", "--party", "press")[0] == 2, "its clock is not set back"
    assert run("forum", "embargo", "longer", "V-1", "press", "5")[0] == 2
    assert run("forum", "embargo", "longer", "V-1", "cloud", "30")[0] == 0
    assert run("forum", "embargo", "longer", "V-1", "cloud", "5")[0] == 2, "once for each"
    assert run("forum", "embargo", "list")[1].split("\t")[:2] == ["V-1", str(TODAY + dt.timedelta(days=120))]
    code, _, err = run(*tell, tmp_path / "b", "--to", "vendor")
    assert code == 0, err
    assert json.loads((tmp_path / "b").read_text())["objects"][0]["name"] == "Replay"
    code, _, err = run(*tell, tmp_path / "c", "--to", "press")
    assert (code, "under embargo until" in err) == (2, True)
    named = flaw(tmp_path / "named.json", description="Found by mary@example.org")
    assert "R3" in run("forum", "embargo", "tell", "V-1", named, tmp_path / "d", "--to", "vendor")[2]
    kinds = [line.split("\t")[2] for line in run("case", "journal")[1].splitlines()]
    assert kinds == ["embargo.begun", "embargo.longer", "embargo.told"]
    assert [one.name for one in tmp_path.glob("[acd]")] == []


@pytest.mark.slow
def test_an_old_flaw_may_be_told_to_anybody_and_its_clock_does_not_start_again(run: Run, tmp_path: Path) -> None:
    reported = TODAY - dt.timedelta(days=91)
    assert run("forum", "embargo", "begin", "V-2", "--party", "vendor", "--reported", reported)[0] == 0
    assert run("forum", "embargo", "longer", "V-2", "vendor", "30")[0] == 2
    assert (
        run("forum", "embargo", "tell", "V-2", flaw(tmp_path / "flaw.json"), tmp_path / "out", "--to", "press")[0] == 0
    )
    soon = TODAY + dt.timedelta(days=1)
    assert run("forum", "embargo", "begin", "V-3", "--party", "vendor", "--reported", soon)[0] == 2
