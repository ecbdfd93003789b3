"""Questions and tags over a real hub, by the commands that labs type: what the counter tells, and the board that comes back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.cases.desk import opening
from tests.cli.calling import call
from tests.forum.harvest import NOW, indicator, objects
from tests.forum.house_policy import policy_text
from tests.forum.taxii.running import running

import stillwatch.pipeline
from stillwatch.cases import Desk, Reason, Ruling
from stillwatch.engine import Workspace
from stillwatch.forum import by_the_rules, take_in
from stillwatch.forum.asking import Looked
from stillwatch.forum.tags import Kind, board_of, new_epoch, read_board, record_tags, write_board
from stillwatch.forum.taxii import read_hub

TODAY = dt.datetime.now(dt.UTC).date()
CODES = {f"lab-{one}": one * 8 for one in "abcde"} | {"counter": "f" * 8}
LABS = [name for name in CODES if name != "counter"]
Run = Callable[..., tuple[int, str, str]]


@dataclass
class Forum:
    """A hub that listens, and members that push to its collections and pull from them."""

    folder: Path
    port: int
    collections: Mapping[str, str]
    call: Run

    def run(self, name: str, *words: object, code: int = 0) -> str:
        ended, out, err = self.call(*words, "--workspace", self.folder / name)
        assert ended == code, out + err
        return out + err

    def push(self, name: str, file: Path, to: str) -> str:
        return self.run(name, "forum", "push", self._at(to), file, *self._line(name, to))

    def pull(self, name: str, of: str) -> Path:
        code, out, err = self.call("forum", "pull", self._at(of), *self._line(name, of))
        assert code == 0, out + err
        return self.folder / name / f"{of}.sqlite"

    def _at(self, title: str) -> str:
        return f"http://127.0.0.1:{self.port}/forum/collections/{self.collections[title]}/"

    def _line(self, name: str, title: str) -> tuple[object, ...]:
        return ("--inbox", self.folder / name / f"{title}.sqlite", "--token-file", self.folder / f"{name}.token")


@contextmanager
def opened(folder: Path, run: Run) -> Iterator[Forum]:
    run("forum", "hub", folder / "hub", "--url", "http://127.0.0.1:1")
    settings = folder / "hub" / "hub.toml"
    text = settings.read_text()
    for name, code in CODES.items():
        _, lines, token = run("forum", "member", name, "--code", code)
        (folder / f"{name}.token").write_text(token.partition(": ")[2])
        text += lines
        Workspace(folder / name)
        (folder / name / "forum.toml").write_text(policy_text(code, models=["m-1"], addresses=True))
        (folder / name / "stillwatch.toml").write_text("[run]\nworkers = 1\n")
    names = ", ".join(f'"{name}"' for name in LABS)
    text = text.replace("members = []", f"members = [{names}]", 1).replace("members = []", 'members = ["counter"]', 1)
    settings.write_text(text)
    hub = read_hub(settings)
    with running(hub, accept=by_the_rules(codes=CODES)) as port:
        yield Forum(folder=folder, port=port, collections={one.title: one.id for one in hub.collection}, call=run)


@pytest.fixture
def forum(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Forum]:
    with opened(tmp_path, lambda *words: call(capsys, monkeypatch, *words)) as made:
        yield made


def seeing(monkeypatch: pytest.MonkeyPatch, accounts: int) -> None:
    looked = Looked(accounts=accounts, open=0, whole=True)
    monkeypatch.setattr(stillwatch.pipeline, "seen_here", lambda *_, **__: looked)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [((30, 41, 12, 0), "seen-elsewhere, 10 accounts or more"), ((0, 0, 0, 0), "not-seen-elsewhere"), ((30, 41, 0, 0), "no-answer")],
    ids=["three have", "nobody has", "two have"],
)  # fmt: skip
def test_a_lab_asks_four_answer_and_it_is_told_only_what_three_of_them_make(
    forum: Forum, monkeypatch: pytest.MonkeyPatch, seen: tuple[int, ...], verdict: str
) -> None:
    asker, *others = LABS
    about = indicator()["id"]
    take_in(Workspace(forum.folder / asker), objects(), source="file", now=NOW, policy=None)
    forum.run(asker, "forum", "ask", forum.folder / "q.json", about)
    assert "0 refused" in forum.push(asker, forum.folder / "q.json", "Indicators")
    for name, accounts in zip(others, seen, strict=True):
        seeing(monkeypatch, accounts)
        inbox, out = forum.pull(name, "Indicators"), forum.folder / f"{name}.json"
        assert "1 questions answered" in forum.run(name, "forum", "answer", out, "--inbox", inbox)
        assert "0 refused" in forum.push(name, out, "Answers")
    for name in LABS:
        refused = forum.call("forum", "pull", forum._at("Answers"), *forum._line(name, "Answers"))
        assert "403" in refused[2], "no member reads what the others answered"
    inbox, answers = forum.pull("counter", "Indicators"), forum.pull("counter", "Answers")
    told = forum.folder / "t.json"
    assert verdict in forum.run("counter", "forum", "tally", told, "--inbox", inbox, "--answers", answers)
    assert "0 refused" in forum.push("counter", told, "Indicators")
    read = ("forum", "told", "--inbox", forum.pull(asker, "Indicators"), "--counter")
    assert forum.run(asker, *read, CODES["counter"]).strip().endswith(verdict)
    assert forum.run(asker, *read, "0" * 8).strip().endswith("waits for answers"), "nobody tells in its place"
    assert forum.run(others[0], *read, CODES["counter"]) == "", "it is the asker's question"


def listed(forum: Forum, name: str, values: list[bytes]) -> tuple[Desk, str, Path]:
    """A case decided by two people, and a file that holds tags of its members."""
    from stillwatch.cli.case import desk_in

    desk = desk_in(forum.folder / name)
    case = desk.open(opening(), by="mary").id
    desk.decide(case, Ruling.BLOCK, Reason.COORDINATED_ACCOUNTS, by="mary", note="all")
    desk.approve(case, by="joe", note="checked")
    file = forum.folder / f"{name}.tags"
    write_board(board_of(Kind.EMAIL, TODAY.isoformat(), values), file)
    record_tags(desk, file, case=case, by="joe")
    return desk, case, file


def test_lists_of_three_labs_become_a_board_that_all_read_and_nobody_elses_list(forum: Forum) -> None:
    folder, epoch = forum.folder, TODAY.isoformat()
    for name in ("north", "south"):
        new_epoch(folder / name, name, epoch, TODAY, TODAY + dt.timedelta(days=90))
    pins = folder / "pins.json"
    published = [folder / name / f"{epoch}.json" for name in ("north", "south")]
    assert forum.call("forum", "tags", "pin", pins, *published)[0] == 0
    data = np.random.default_rng(1).bytes(16 * 10)
    tags = [data[at : at + 16] for at in range(0, len(data), 16)]
    given = {"lab-a": tags[:6], "lab-b": tags[3:8], "lab-c": tags[5:]}
    signers = folder / "signers"
    signers.mkdir()
    for name, values in given.items():
        desk, case, file = listed(forum, name, values)
        wrap = ("forum", "tags", "wrap", folder / f"{name}.json", file, "--pins", pins, "--by", "joe")
        if name == "lab-c":
            write_board(board_of(Kind.EMAIL, epoch, values[:1]), folder / "candidates.tags")
            candidates = (*wrap[:4], folder / "candidates.tags", *wrap[5:])
            assert "candidates are customers" in forum.run(name, *candidates, code=2)
        assert "in 1 parts" in forum.run(name, *wrap)
        (signers / f"{CODES[name]}.pub.pem").write_bytes((folder / name / "keys" / "collector.pub.pem").read_bytes())
        assert "0 refused" in forum.push(name, folder / f"{name}.json", "Tag lists")
    desk.reopen(case, by="mary", why="an appeal")
    again = ("forum", "tags", "wrap", folder / "again.json", file, "--pins", pins, "--by", "joe")
    assert "not in force any more" in forum.run("lab-c", *again, code=2)

    inbox = forum.pull("counter", "Tag lists")
    unwrap = ("forum", "tags", "unwrap", "--pins", pins, "--signers", signers)
    code, out, err = forum.call(*unwrap, folder / "lists", "--inbox", inbox, "--role", "list")
    assert (code, out.count("64 tags")) == (0, 3), out + err
    files = sorted((folder / "lists").iterdir())
    assert forum.call("forum", "tags", "gather", folder / "email.board", *files)[0] == 0
    forum.run("counter", "forum", "tags", "wrap", folder / "b.json", folder / "email.board", "--board", "--pins", pins)
    assert "0 refused" in forum.push("counter", folder / "b.json", "Tag boards")

    pulled = forum.pull("lab-d", "Tag boards")
    code, out, _ = forum.call(*unwrap, folder / "boards", "--inbox", pulled)
    assert (code, "nobody's whose key is pinned" in out) == (1, True), "the counter's key is not pinned yet"
    (signers / f"{CODES['counter']}.pub.pem").write_bytes(
        (folder / "counter" / "keys" / "collector.pub.pem").read_bytes()
    )
    assert forum.call(*unwrap, folder / "boards", "--inbox", pulled)[0] == 0
    (board,) = (read_board(path) for path in (folder / "boards").iterdir())
    found = {match.tag.value: match.support.name for match in board.matches(board_of(Kind.EMAIL, epoch, tags))}
    assert set(found) == set(tags)
    assert (found[tags[0]], found[tags[3]], found[tags[5]]) == ("SEED", "CORROBORATED", "ESTABLISHED")
    refused = forum.call("forum", "pull", forum._at("Tag lists"), *forum._line("lab-a", "Tag lists"))
    assert "403" in refused[2], "no lab reads another's list"
