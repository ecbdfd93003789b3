"""A live suspect is asked each thing once over a real connection, within a budget; its replies outlive a crash and are replayed offline."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from stillwatch.audit import (
    Budget,
    Endpoint,
    Interface,
    Kind,
    Live,
    NoAnswer,
    OutOfBudget,
    Stop,
    Wanted,
    ask_plan,
    carry_out,
    draw_up,
    read_suspect,
    recorded_of,
    wanted,
    write_suspect,
)
from stillwatch.audit.endpoint import _cut, _read
from stillwatch.core import Error, FormatError

from .conftest import made_items
from .serving import KEY, Model, served_at

ITEMS = made_items(np.random.default_rng(3), 24)
KNOWN = {one.prompt: one.response for one in ITEMS}
CHAT = Interface(model="m")


def parrot() -> Model:
    """A server whose model recites whatever was served."""
    return Model(lambda prompt: KNOWN.get(prompt, "no idea"))


def live(at: str | None, journal: Path, *, interface: Interface = CHAT, most: int = 1000, **more: Any) -> Live:
    waits: list[float] = more.pop("waits", [])
    endpoint = None if at is None else Endpoint(base=at, key=KEY, wait=waits.append, **more)
    return Live(name="s", interface=interface, journal=journal, endpoint=endpoint, budget=Budget(requests=most))


def answers(n: int) -> list[Wanted]:
    return [Wanted(kind=Kind.ANSWER, prompt=one.prompt) for one in ITEMS[:n]]


def test_a_plan_asked_live_is_the_plan_run_on_the_replies_kept(tmp_path: Path) -> None:
    plan = draw_up(ITEMS, suspect="s")
    with served_at(model := parrot()) as at:
        found = ask_plan(plan, ITEMS, live(at, tmp_path / "replies.jsonl"))
    assert (found.known, found.all, found.refused, found.spent) == (24, 24, 0, False)
    assert len(model.asked) == 24
    silent = live(None, tmp_path / "replies.jsonl")
    write_suspect(tmp_path / "answers.jsonl", recorded_of(silent, wanted(plan, ITEMS)))
    outcome = carry_out(plan, ITEMS, read_suspect(tmp_path / "answers.jsonl", name="s"))
    assert outcome.named == ("alice",)
    assert carry_out(plan, ITEMS, silent).findings == outcome.findings


def test_nothing_is_asked_twice_also_after_a_line_was_cut_off(tmp_path: Path) -> None:
    journal = tmp_path / "replies.jsonl"
    with served_at(model := parrot()) as at:
        live(at, journal).ask_all(answers(6))
        raw = journal.read_bytes()
        journal.write_bytes(raw[:-20])
        again = live(at, journal)
        assert sum(map(again.knows, answers(6))) == 5
        again.ask_all(answers(8))
        assert len(model.asked) == 6 + 1 + 2
        other = live(at, journal, interface=Interface(model="m", temperature=1.0))
        assert not any(map(other.knows, answers(6)))
    assert journal.stat().st_mode & 0o077 == 0
    journal.write_text('{"no": "journal"}\n')
    with pytest.raises(FormatError, match=r"replies\.jsonl:1: not a line of a journal"):
        live(None, journal)
    for lines, others in ((0, b"a note of somebody"), (1, b'{"no": ')):
        journal.write_bytes(raw.splitlines(keepends=True)[0] * lines + others)
        with pytest.raises(FormatError, match=rf"replies\.jsonl:{lines + 1}: not a line of a journal"):
            live(None, journal)
        assert journal.read_bytes().endswith(others), "nothing is cut off what is somebody else's"
    journal.write_bytes(raw + b'{"a')
    assert sum(map(live(None, journal).knows, answers(6))) == 6
    assert journal.read_bytes() == raw


def test_a_busy_server_is_waited_for_as_long_as_it_asks_and_every_attempt_is_kept(tmp_path: Path) -> None:
    waits: list[float] = []
    with served_at(model := parrot()) as at:
        model.troubles, model.headers = [429, 503, 500], [(b"retry-after", b"7")]
        told = live(at, tmp_path / "r.jsonl", waits=waits).answer(ITEMS[0].prompt)
    assert told == ITEMS[0].response
    assert waits == [7.0, 7.0, 7.0]
    kept = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [one["status"] for one in kept] == [429, 503, 500, 200]


@pytest.mark.parametrize("trouble", ["slow", "drip", "cut"])
def test_a_server_that_is_slow_drips_or_hangs_up_is_asked_again(tmp_path: Path, trouble: str) -> None:
    with served_at(model := parrot()) as at:
        model.troubles = [trouble]
        asked = live(at, tmp_path / "r.jsonl", seconds=0.5)
        assert asked.answer(ITEMS[0].prompt) == ITEMS[0].response
        model.troubles = [trouble] * 2
        with pytest.raises(NoAnswer, match="asked 2 times"):
            live(at, tmp_path / "other.jsonl", seconds=0.5, attempts=2).answer(ITEMS[0].prompt)
    assert [json.loads(one)["status"] for one in (tmp_path / "r.jsonl").read_text().splitlines()] == [0, 200]


def test_a_body_that_never_ends_is_late_after_the_patience_of_one_attempt() -> None:
    class Dripping:
        length, parts = None, 0

        def read1(self, most: int) -> bytes:
            self.parts += 1
            time.sleep(0.002)
            assert self.parts < 1000
            return b" "

    with pytest.raises(TimeoutError):
        _read(Dripping(), time.monotonic() + 0.05)  # type: ignore[arg-type]


def test_nothing_waits_to_cut_a_line_off_whose_answer_is_there(tmp_path: Path) -> None:
    """The line is kept for the next question, which it would be cut under."""
    with served_at(parrot()) as at:
        assert live(at, tmp_path / "r.jsonl", seconds=600.0).answer(ITEMS[0].prompt) == ITEMS[0].response
    for late in [one for one in threading.enumerate() if isinstance(one, threading.Timer)]:
        late.join(20.0)
        assert not late.is_alive()


def test_a_body_that_was_cut_when_patience_ended_or_is_too_long_is_no_whole_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Cut:
        length, parts = None, 0

        def read1(self, most: int) -> bytes:
            self.parts += 1
            assert self.parts < 3
            return b"{}" if self.parts == 1 else b""

    def body(ends: float) -> bytes:
        return _read(cast("http.client.HTTPResponse", Cut()), time.monotonic() + ends)

    assert body(9.0) == b"{}"
    with pytest.raises(TimeoutError):
        body(-0.1)
    monkeypatch.setattr("stillwatch.audit.endpoint._MOST_BYTES", 1)
    with pytest.raises(TimeoutError):
        body(9.0)


def test_a_line_that_is_not_open_yet_cannot_be_cut_off() -> None:
    _cut(line := http.client.HTTPConnection("localhost"))
    assert line.sock is None


def test_a_head_that_drips_is_cut_off_after_the_patience_of_one_attempt(tmp_path: Path) -> None:
    """Each of its lines comes in time, and none is the last."""
    ended = threading.Event()

    def drip(listening: socket.socket) -> None:
        line, _ = listening.accept()
        with line, contextlib.suppress(OSError):  # it was cut off, as it must be
            line.sendall(b"HTTP/1.1 200 OK\r\n")
            for _ in range(40):
                line.sendall(b"x: y\r\n")
                if ended.wait(0.1):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        served = threading.Thread(target=drip, args=(listening,))
        served.start()
        asked = live(f"http://127.0.0.1:{listening.getsockname()[1]}", tmp_path / "r.jsonl", seconds=0.5, attempts=1)
        begun = time.monotonic()
        with pytest.raises(NoAnswer):
            asked.answer("x")
        took = time.monotonic() - begun
        ended.set()
        served.join()
    assert took < 3.0


def test_a_good_status_without_an_answer_is_no_reply(tmp_path: Path) -> None:
    with served_at(model := parrot()) as at:
        model.troubles = ["nonsense"]
        asked = live(at, tmp_path / "r.jsonl")
        with pytest.raises(Error, match="none of an OpenAI-compatible interface"):
            asked.answer(ITEMS[0].prompt)
        assert not asked.knows(answers(1)[0])
        assert asked.answer(ITEMS[0].prompt) == ITEMS[0].response
    assert live(None, tmp_path / "r.jsonl").answer(ITEMS[0].prompt) == ITEMS[0].response


def test_the_budget_counts_failed_attempts_and_what_was_heard_is_kept(tmp_path: Path) -> None:
    with served_at(model := parrot()) as at:
        model.troubles = [503, 503]
        first = live(at, tmp_path / "r.jsonl", most=6)
        with pytest.raises(OutOfBudget):
            first.ask_all(answers(24), workers=1)
        assert len(model.asked) == 6
        assert sum(map(first.knows, answers(24))) == 4
        plan = draw_up(ITEMS, suspect="s")
        told = ask_plan(plan, ITEMS, live(at, tmp_path / "r.jsonl", most=10))
        assert (told.known, told.spent) == (14, True)
        counted = Live(
            name="s",
            interface=CHAT,
            journal=tmp_path / "t.jsonl",
            endpoint=Endpoint(base=at),
            budget=Budget(requests=99, tokens=25),
        )
        with pytest.raises(OutOfBudget):
            counted.ask_all(answers(24), workers=1)
        assert sum(map(counted.knows, answers(24))) == 3


def test_the_key_is_sent_and_found_nowhere_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with served_at(model := parrot()) as at:
        model.troubles = [400]
        endpoint = Endpoint(base=at, key=KEY)
        asked = Live(name="s", interface=CHAT, journal=tmp_path / "r.jsonl", endpoint=endpoint)
        with pytest.raises(NoAnswer) as refused:
            asked.answer("what?")
        asked.answer(ITEMS[0].prompt)
    assert model.keys == [f"Bearer {KEY}"] * 2
    out = capsys.readouterr()
    kept = (tmp_path / "r.jsonl").read_text()
    assert "[key]" in kept
    for told in (kept, str(refused.value), repr(endpoint), repr(asked.__dict__), out.out, out.err, caplog.text):
        assert KEY not in told


def test_a_key_goes_to_nobody_in_the_clear_and_never_along_a_redirection(tmp_path: Path) -> None:
    for wrong in ("http://example.com/v1", "ftp://example.com", "https://me:word@example.com/v1", "host/v1"):
        with pytest.raises(Error, match="address: "):
            Endpoint(base=wrong, key=KEY)
    for none in (
        "https://host:0",
        "https://host:99999",
        "https://[::1",
        "https://ho st",
        "https://höst",
        "https://host/\n",
    ):
        with pytest.raises(Error, match="address: expected one such as"):
            Endpoint(base=none)
    for more in ("?a=b", "#a"):
        with pytest.raises(Error, match="address: expected one such as"):
            Endpoint(base=f"https://host/v1{more}")
    for no_key in ("kéy", "key\r\nx: y"):
        with pytest.raises(Error, match="key: expected printable"):
            Endpoint(base="https://host/v1", key=no_key)
    for odd in ({"attempts": 0}, {"seconds": 0.0}, {"seconds": float("inf")}, {"seconds": float("nan")}):
        with pytest.raises(Error, match="attempts, seconds: "):
            Endpoint(base="https://host/v1", **odd)
    assert Endpoint(base="https://host:8443/v1", key=KEY, seconds=86_400.0).base == "https://host:8443/v1"
    with served_at(model := parrot()) as at, served_at(other := parrot()) as elsewhere:
        model.troubles, model.headers = [307], [(b"location", f"{elsewhere}/chat/completions".encode())]
        with pytest.raises(Error, match="status 307"):
            live(at, tmp_path / "r.jsonl").answer("x")
        assert other.asked == []


def test_who_is_refused_throughout_does_not_go_on_asking(tmp_path: Path) -> None:
    with served_at(model := parrot()) as at:
        model.troubles = [400] * 99
        with pytest.raises(Error, match="the first 5 things were all refused"):
            live(at, tmp_path / "r.jsonl").ask_all(answers(24), workers=1)
        assert len(model.asked) == 5
        model.troubles = [401]
        with pytest.raises(Error, match="status 401; the key"):
            live(at, tmp_path / "r.jsonl").ask_all(answers(24), workers=1)
        assert len(model.asked) == 6
        model.troubles = [400]
        some = live(at, tmp_path / "r.jsonl", most=24)
        assert some.ask_all(answers(24), workers=1) == 1
        assert len(some.refused) == 1


def test_likelihoods_are_means_over_the_tokens_of_the_text_alone(tmp_path: Path) -> None:
    completions = Interface(model="m", chat=False, template="Q: {prompt}\nA:")
    with served_at(Model(lambda prompt: "", log=lambda word, at: -9.0 if at < 9 else -float(len(word)))) as at:
        asked = live(at, tmp_path / "r.jsonl", interface=completions)
        assert asked.likelihood("why?", " ab abcd") == -(3 + 5) / 2
        assert live(None, tmp_path / "r.jsonl", interface=completions).likelihood("why?", " ab abcd") == -4.0
    kept = json.loads((tmp_path / "r.jsonl").read_text())
    assert kept["request"]["prompt"] == "Q: why?\nA: ab abcd"


def test_likelihoods_of_a_plan_are_asked_live_and_candidates_come_in_a_drawn_order(tmp_path: Path) -> None:
    plan = draw_up(ITEMS, suspect="s", exposure="sibling_likelihood")
    served = {one.response for one in ITEMS}

    def log(word: str, at: int) -> float:
        return -1.0

    model = Model(lambda prompt: "", log=log)
    completions = Interface(model="m", chat=False)
    with served_at(model) as at:
        found = ask_plan(plan, ITEMS, live(at, tmp_path / "r.jsonl", interface=completions), workers=1)
        assert (found.known, found.all) == (120, 120)
        firsts = sum(any(one["prompt"].endswith(text) for text in served) for one in model.asked[::5])
        assert 0 < firsts < 20
        model.echoes = False
        with pytest.raises(Error, match="its server does not echo them"):
            live(at, tmp_path / "other.jsonl", interface=completions).likelihood("a", "b")
        with pytest.raises(Error, match="gives no logprobs"):
            carry_out(plan, ITEMS, live(at, tmp_path / "third.jsonl"))


def test_chances_of_next_words_are_summed_over_the_places_of_a_text(tmp_path: Path) -> None:
    with served_at(Model(lambda prompt: "", log=lambda word, at: -1.0)) as at:
        asked = live(at, tmp_path / "r.jsonl", interface=Interface(model="m", chat=False))
        told = asked.chances("the old the dog") or {}
    assert told["the", "zebra"] == pytest.approx(2 * 0.25)
    assert told["old", "the"] == pytest.approx(np.exp(-1.0))
    assert not any("ing" in pair for pair in told)


@pytest.mark.parametrize(("block", "alpha"), [(8, 0.01), *((1, alpha) for alpha in (0.01, 0.008, 0.006, 0.005))])
def test_who_stops_at_sufficient_evidence_asks_no_further_and_no_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, alpha: float
) -> None:
    monkeypatch.setattr("stillwatch.audit.asking._BLOCK", block)
    plan = draw_up(ITEMS, suspect="s", stop=Stop.EVIDENCE, alpha=alpha)
    with served_at(model := parrot()) as at:
        asked = live(at, tmp_path / "r.jsonl")
        found = ask_plan(plan, ITEMS, asked)
    assert found.sufficed == ("alice",)
    assert len(model.asked) == found.known < 24
    outcome = carry_out(plan, ITEMS, recorded_of(asked, wanted(plan, ITEMS)))
    assert outcome.named == ("alice",)
    assert (outcome.findings[0].e or 0) >= 2 / alpha
