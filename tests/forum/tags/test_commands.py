"""From the command line: two custodians served, their keys pinned, a case's members tagged, a board matched."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cases.desk import desk, opening
from tests.cli.calling import call

from stillwatch.cases import Member, Reason, Ruling
from stillwatch.core import handle
from stillwatch.forum.tags import Custodian

from .test_service import served

CSV = "account,email,phone\nacme,Jane@Example.org,+442079460018\nother,joe@example.org,\nstranger,eve@example.org,\n"


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    def run(*words: object, status: int = 0) -> str:
        code, out, err = call(capsys, monkeypatch, "forum", *words)
        assert code == status, err
        return err if status else out

    return run


def test_a_case_becomes_tags_and_another_lab_finds_its_own_among_them(tmp_path: Path, said: Callable[..., str]) -> None:
    at = desk(tmp_path)
    names = at.workspace.names
    handles = [handle("account", names.name("account", name)) for name in ("acme", "other")]
    members = tuple(Member(handle=h, exchanges=1, harvest_exchanges=None, reason="template") for h in handles)
    case = at.open(replace(opening(), members=members), by="mary").id
    (tmp_path / "ids.csv").write_text(CSV)
    space = ("--workspace", at.workspace.root)
    assert "4 identifiers" in said("tags", "keep", tmp_path / "ids.csv", *space)

    published, toml = [], ['pins = "pins.json"']
    for name in ("north", "south"):
        folder = tmp_path / name
        published.append(said("custodian", "rotate", folder, name).split("\t")[3].strip())
        (tmp_path / f"{name}.token").write_text(said("custodian", "admit", folder, "lab-one"))
        (tmp_path / f"{name}.token").chmod(0o600)
    digests = said("tags", "pin", tmp_path / "pins.json", *published)
    assert len(re.findall(r"\b[0-9a-f]{64}\b", digests)) == 2

    make = (
        "tags",
        "make",
        case,
        "email",
        tmp_path / "suspects.tags",
        "--custodians",
        tmp_path / "custodians.toml",
        *space,
    )
    with served(Custodian(tmp_path / "north")) as north, served(Custodian(tmp_path / "south")) as south:
        for name, url in (("north", north), ("south", south)):
            toml += [f"[custodians.{name}]", f'url = "{url}"', f'token_file = "{name}.token"']
        (tmp_path / "custodians.toml").write_text("\n".join(toml))
        assert case in said(*make, "--why", "warn others", "--by", "mary", status=2)
        at.decide(case, Ruling.BLOCK, Reason.COORDINATED_ACCOUNTS, by="mary", note="all")
        at.approve(case, by="joe", note="checked")
        assert "2 tags of email" in said(*make, "--why", "warn others", "--by", "mary")
        (tmp_path / "own.txt").write_text("new@example.org\n JANE@example.org\nno mail\n")
        own = said(
            "tags",
            "candidates",
            tmp_path / "own.txt",
            "email",
            tmp_path / "own.tags",
            "--custodians",
            tmp_path / "custodians.toml",
        )
    assert "own.txt:3" in own
    assert "2 tags of email" in own
    (match,) = said("tags", "match", tmp_path / "own.tags", tmp_path / "suspects.tags").splitlines()
    assert match.startswith("email:")
    assert match.endswith("\tseed")
    log = said("custodian", "log", tmp_path / "north")
    assert log.count("\tlab-one\temail\t") == 2
    assert "example.org" not in log
    assert said("custodian", "dismiss", tmp_path / "north", "lab-one") == ""


def test_a_custodian_is_not_served_to_the_world_in_clear(tmp_path: Path, said: Callable[..., str]) -> None:
    assert "in clear" in said("custodian", "serve", tmp_path, "--host", "0.0.0.0", status=2)  # noqa: S104
    assert "belong together" in said("custodian", "serve", tmp_path, "--certificate", "x.pem", status=2)
