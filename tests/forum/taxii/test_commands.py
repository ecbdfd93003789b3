"""The commands in the order in which people type them: lay out a hub, let two labs in, push, pull, retract, audit."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.forum.house_policy import policy_text
from tests.forum.taxii.hub import SIGNER, indicator
from tests.forum.taxii.running import running

from stillwatch.cases import Desk
from stillwatch.cli.forum_hub import forum_hub, forum_member
from stillwatch.cli.forum_server import (
    Reach,
    forum_audit,
    forum_holders,
    forum_pull,
    forum_push,
    forum_status,
)
from stillwatch.core import FormatError, TamperingFound
from stillwatch.engine import Workspace
from stillwatch.forum.taxii import read_hub
from stillwatch.forum.taxii.database import connector


def laid_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A hub's settings with two labs, whose tokens lie beside it."""
    forum_hub(folder, url="http://127.0.0.1:1")
    path = folder / "hub.toml"
    for name in ("lab-a", "lab-b"):
        capsys.readouterr()
        forum_member(name)
        told = capsys.readouterr()
        path.write_text(path.read_text("utf-8") + told.out, "utf-8")
        (folder / name).write_text(told.err.split(": ")[1], "utf-8")
    path.write_text(path.read_text("utf-8").replace("members = []", 'members = ["lab-a", "lab-b"]'), "utf-8")
    return path


def test_a_warning_travels_from_one_lab_to_another_and_back_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = laid_out(tmp_path / "hub", capsys)
    hub = read_hub(path)
    bundle = tmp_path / "out.json"
    bundle.write_text(
        json.dumps({"type": "bundle", "objects": [indicator(1), indicator(2), {"id": "bad\x1b"}]}), "utf-8"
    )
    boxes = {name: tmp_path / f"{name}.sqlite" for name in ("lab-a", "lab-b")}
    tokens = {name: tmp_path / "hub" / name for name in boxes}
    with running(hub) as port:
        address = f"http://127.0.0.1:{port}/forum/collections/{hub.collection[0].id}/"
        forum_push(
            address, [bundle], inbox=boxes["lab-a"], reach=Reach(token_file=tokens["lab-a"]), unsafe_send_all=True
        )
        forum_pull(address, inbox=boxes["lab-b"], reach=Reach(token_file=tokens["lab-b"]), unsafe_accept_all=True)
    forum_status(inbox=boxes["lab-b"])
    forum_holders(path, hub.collection[0].id, indicator(1)["id"])
    told = capsys.readouterr().out
    assert "3 sent, 0 known to the server, 2 accepted, 1 refused" in told
    assert "1 pages: 2 new, 0 known, 0 refused" in told
    assert re.search(r"2 held, 0 refused, up to 20", told)
    assert "lab-b: given" in told
    assert "\x1b" not in told


def test_an_audit_says_what_is_there_and_what_was_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from stillwatch.cases import read_signer
    from stillwatch.forum.log import Ledger
    from stillwatch.forum.taxii import HubApp, accept_all
    from stillwatch.forum.taxii.log_pages import issue_checkpoint

    path = laid_out(tmp_path / "hub", capsys)
    hub = read_hub(path)
    HubApp(hub, accept=accept_all, signer=SIGNER).close()
    connection = connector(hub.database)()
    Ledger(connection).add(
        [{"kind": "write", "member": "lab-a"}, {"kind": "refusal", "member": "lab-a", "code": "R2"}], at=0
    )
    kept = tmp_path / "kept.txt"
    kept.write_text(str(issue_checkpoint(Ledger(connection), hub.origin, read_signer(Path(hub.key)))), "utf-8")
    forum_audit(path, checkpoint=[kept], month="1970-01")
    told = capsys.readouterr().out
    assert "2 events, 0 of them erased" in told
    assert "size 2: vouched for by 127.0.0.1:1/log" in told
    assert json.loads(told[told.index("{") :])["refusals_by_rule"] == {"R2": 1}
    connection.do("UPDATE log_events SET event = CAST('{}' AS BLOB) WHERE seq = 1")
    connection.close()
    with pytest.raises(TamperingFound, match="event 1"):
        forum_audit(path, checkpoint=[kept])
    kept.write_text("a note that nobody signed", "utf-8")
    with pytest.raises(FormatError, match=r"kept\.txt: no checkpoint"):
        forum_audit(path, checkpoint=[kept])


def test_what_the_rules_refuse_is_neither_sent_nor_taken_from_a_hub_that_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = laid_out(tmp_path / "hub", capsys)
    hub = read_hub(path)
    house = Workspace(tmp_path / "house").root
    (house / "forum.toml").write_text(policy_text("0a1b2c3d"), "utf-8")
    bundle = tmp_path / "out.json"
    bundle.write_text(json.dumps({"objects": [indicator(1)]}), "utf-8")
    token, box = tmp_path / "hub" / "lab-a", tmp_path / "box.sqlite"
    with running(hub) as port:
        address = f"http://127.0.0.1:{port}/forum/collections/{hub.collection[0].id}/"
        with pytest.raises(FormatError, match="refusals: nothing was sent"):
            forum_push(address, [bundle], inbox=box, reach=Reach(token_file=token), workspace=house)
        assert not Desk(Workspace(house)).journal.begun()
        reach = Reach(token_file=token)
        forum_push(address, [bundle], inbox=box, reach=reach, unsafe_send_all=True, workspace=house)
        forum_pull(address, inbox=box, reach=Reach(token_file=token))
    told = capsys.readouterr().out
    assert "R1  " in told
    assert "R11  has not left by a decision that is recorded here" in told
    assert "1 pages: 0 new, 0 known, 1 refused" in told
    (entry,) = Desk(Workspace(house)).journal.history()
    assert (entry.record.kind, entry.record.body["ruled"]) == ("forum.pushed", False), "what is unsafe is recorded too"


def test_a_hub_is_laid_out_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laid_out(tmp_path / "hub", capsys)
    with pytest.raises(FileExistsError):
        forum_hub(tmp_path / "hub")
    with pytest.raises(FormatError, match="nothing was pulled"):
        forum_status(inbox=tmp_path / "none.sqlite")
