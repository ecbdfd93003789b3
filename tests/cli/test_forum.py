"""From a case to the bytes that leave, to another house that looks with them, and back, on the command line."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from tests.forum.house_policy import policy_text
from tests.forum.taxii.running import running

from stillwatch.core import settings_from
from stillwatch.engine import Workspace
from stillwatch.forum import by_the_rules
from stillwatch.forum.stix.extension import extension_objects, tags_extension
from stillwatch.forum.taxii import read_hub
from stillwatch.pipeline import Inputs, last_view, scan

from .calling import call
from .day import SECRET, SMALL, TEMPLATE, day, key


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scanned workspace with a finding, which no test writes to."""
    folder = tmp_path_factory.mktemp("forum")
    scan(Workspace(key(folder / "w")), Inputs(logs=[day(folder / "day.jsonl")]), settings_from(tomllib.loads(SMALL)))
    return folder / "w"


def house(finished: Path, folder: Path, member: str) -> Path:
    """One lab's copy of it, with a sharing policy."""
    made = shutil.copytree(finished, folder / member)
    (made / "forum.toml").write_text(policy_text(member, models=["m-1"], addresses=True))
    return made


def over_a_hub(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path, out: Path, ours: Path
) -> Path:
    """What left, pushed to a hub that reads it by the rules, and pulled by another house into its inbox."""
    call(capsys, monkeypatch, "forum", "hub", folder, "--url", "http://127.0.0.1:1")
    tokens = {}
    codes = {"lab-a": "0a1b2c3d", "lab-b": "4e5f6a7b"}
    for name, known_as in codes.items():
        _, lines, told = call(capsys, monkeypatch, "forum", "member", name, "--code", known_as)
        tokens[name] = folder / name
        tokens[name].write_text(told.partition(": ")[2])
        with (folder / "hub.toml").open("a") as file:
            file.write(lines)
    settings = (folder / "hub.toml").read_text().replace("members = []", 'members = ["lab-a", "lab-b"]', 1)
    (folder / "hub.toml").write_text(settings)
    hub = read_hub(folder / "hub.toml")
    with running(hub, accept=by_the_rules(codes=codes)) as port:
        address = f"http://127.0.0.1:{port}/forum/collections/{hub.collection[0].id}/"
        inboxes = {name: folder / f"{name}.sqlite" for name in tokens}
        given = {name: ("--inbox", inboxes[name], "--token-file", tokens[name]) for name in tokens}
        code, said, err = call(capsys, monkeypatch, "forum", "push", address, out, *given["lab-a"], "--workspace", ours)
        assert (code, "0 refused" in said) == (0, True), said + err
        assert "forum.pushed" in call(capsys, monkeypatch, "case", "journal", "--workspace", ours)[1]
        assert call(capsys, monkeypatch, "forum", "pull", address, *given["lab-b"])[0] == 0
    return inboxes["lab-b"]


@pytest.mark.slow
def test_two_houses_warn_each_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, finished: Path, tmp_path: Path
) -> None:
    ours, theirs = house(finished, tmp_path, "0a1b2c3d"), house(finished, tmp_path, "4e5f6a7b")

    def run(*words: object, at: Path = ours) -> tuple[int, str, str]:
        return call(capsys, monkeypatch, *words, "--workspace", at)

    handle = last_view(Workspace(ours, make=False)).for_review[0].handle
    case = run("case", "open", handle, "--by", "mary")[1].partition(":")[0]
    told = run("forum", "preview", case, "--by", "mary")[1]
    assert "R5  no person has decided" in told
    assert "the vault opens only for a case that two people decided" in told
    code, _, err = run("forum", "export", case, tmp_path / "x.json", "--to", "peers", "--sign-off", "--by", "mary")
    assert (code, "refusals stand" in err, (tmp_path / "x.json").exists()) == (2, True, False)

    run("case", "decide", case, "block", "coordinated_accounts", "--note", "all", "--by", "mary")
    run("case", "approve", case, "--note", "read", "--by", "joe")
    run("case", "seal", case, "--why", "to warn others", "--by", "joe")
    shown = json.loads(run("forum", "preview", case, "--sign-off", "--json", "--by", "joe")[1])
    assert shown["passes"]
    assert {one["what"] for one in shown["stays_home"]} >= {"accounts", "exchanges", "statements"}
    out = tmp_path / "out.json"
    code, said, err = run("forum", "export", case, out, "--to", "peers", "--sign-off", "--by", "joe")
    assert code == 0, err
    assert shown["sha256"] in said, "what left is what was shown"

    text = out.read_text()
    secrets = [
        SECRET,
        "customer.example",
        handle,
        *(m.handle for m in last_view(Workspace(ours, make=False)).for_review[0].members),
    ]
    assert [one for one in secrets if one.casefold() in text.casefold()] == []
    assert [word for word in TEMPLATE.split() if len(word) > 7 and word.casefold() in text.casefold()] == []
    kinds = run("case", "journal")[1]
    assert kinds.index("case.vault_opened") < kinds.index("case.shared")

    assert run("forum", "lint", out, "--incoming")[:2] == (0, "no rule refuses it\n")
    box = over_a_hub(capsys, monkeypatch, tmp_path / "hub", out, ours)
    assert run("forum", "take", "--inbox", box, at=theirs)[:2] == (
        0,
        "3 indicators new or changed, 0 of them withdrawn; 0 opinions and sightings\n",
    )
    assert run("forum", "take", "--inbox", box, at=theirs)[1].startswith("0 indicators new")
    found = json.loads(run("forum", "match", "--json", at=theirs)[1])
    (match,) = found["matches"]
    assert (match["kind"], match["accounts"], match["actors"]) == ("template", 16, [handle])

    seen = tmp_path / "seen.json"
    assert run("forum", "say", match["indicator"], seen, "--seen", at=theirs)[0] == 0
    assert '"count":10' in seen.read_text(), "sixteen accounts are told as ten"
    assert run("forum", "take", seen)[0] == 0
    assert run("forum", "feedback", "--by", "mary")[1] == "1 statements added to cases\n"
    assert run("forum", "feedback", "--by", "mary")[1] == "0 statements added to cases\n"
    assert "is corroborated among other members" in run("case", "show", case, "--why", "news", "--by", "mary")[1]
    number = run("forum", "contest", match["indicator"], "shared_address", "--who", "somebody")[1].partition(":")[0]
    run("forum", "feedback", "--by", "mary")
    assert "is disputed: somebody" in run("case", "show", case, "--why", "news", "--by", "mary")[1]
    assert run("forum", "contest", number, "answered", "--who", "mary")[0] == 0

    run("case", "reopen", case, "--why", "a contract came", "--by", "joe")
    gone = tmp_path / "gone.json"
    assert run("forum", "withdraw", case, gone, "--why", "reopened", "--to", "peers", "--by", "joe")[0] == 0
    assert run("forum", "take", gone, at=theirs)[0] == 0
    assert json.loads(run("forum", "match", "--json", at=theirs)[1])["matches"] == []
    code, _, err = run(
        "forum", "withdraw", case, tmp_path / "g2.json", "--why", "reopened", "--to", "peers", "--by", "joe"
    )
    assert (code, "withdrawn already" in err) == (2, True)


def test_lint_explains_and_exits_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps([{"type": "note", "id": "note--1", "content": "mary@example.org pays $9"}]))
    code, out, _ = call(capsys, monkeypatch, "forum", "lint", bad, "--incoming")
    assert code == 1
    for one in ("R1  ", "R2  the text speaks of money", "R3  holds what looks like an e-mail address"):
        assert one in out
    assert "mary" not in out
    assert call(capsys, monkeypatch, "forum", "lint", bad, "--workspace", tmp_path)[0] == 2, "there is no policy"


def test_schemas_are_written_as_the_extension_definitions_carry_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, said, err = call(capsys, monkeypatch, "forum", "schemas", tmp_path / "s")
    assert (code, err) == (0, "")
    written = {path.name: json.loads(path.read_text()) for path in (tmp_path / "s").iterdir()}
    assert sorted(map(str, (tmp_path / "s").iterdir())) == sorted(said.split())
    carried = [json.loads(one["schema"]) for one in (*extension_objects(), tags_extension())]
    assert [one for one in carried if one not in written.values()] == []
