"""The stream hold: copies of hidden reasoning and protected text do not leave, in any code and cut anywhere; all else leaves as it came."""

from __future__ import annotations

import asyncio
import base64
import codecs
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.core import Pseudonymiser
from stillwatch.gateway.hiding import StreamHider
from stillwatch.gateway.holding import Guard, Holding, Leaked, Passages, Translator
from stillwatch.gateway.holding.copies import Looked, plain
from stillwatch.gateway.middleware import Stillwatch
from stillwatch.gateway.who import Identities
from stillwatch.policy import Dialect, Hide, Hold, Ruling, Step

from .serving import KEY, Model, Rules, aiohttp, listening, played, says, scene, streams
from .test_hiding import sse

REASONING = " ".join(
    f"Step {n}: the {a} {b} because {c}, so we carry {n * 37} over." for n, (a, b, c) in enumerate(
        [("harbour", "silts up", "rivers bring sand"), ("ledger", "fails to balance", "two clerks kept it"),
         ("valve", "sticks half open", "its spring is tired"), ("census", "counts twice", "families move in June"),
         ("bridge", "hums at night", "wind meets the cables"), ("orchard", "bears late", "frost came in April"),
         ("archive", "smells of vinegar", "old film decays"), ("tariff", "falls on salt", "kings needed ships")] )
)  # fmt: skip
ANSWER = "Carry the total over and check the ledger once more before the harbour opens; nothing else is needed today."
SECRET = "The amber protocol begins when three lamps stand unlit above the northern quay, and it ends at dawn."
CODES: dict[str, Callable[[str], str]] = {
    "verbatim": str,
    "shouted": str.upper,
    "spaced": " ".join,
    "dashed": "-".join,
    "backwards": lambda text: text[::-1],
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "url base64": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "spaced hex": lambda text: text.encode().hex(" "),
    "escaped hex": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "invisible": lambda text: "\u200b".join(text),
}
HOLD = Hold(seconds=0.05, most_bytes=400)
RULING = Ruling(step=Step.HIDE_REASONING, code="reasoning_hidden", hide=Hide.REMOVE, hold=HOLD, policy="p", rule="r")
PATHS = {
    Dialect.CHAT: "/v1/chat/completions",
    Dialect.RESPONSES: "/v1/responses",
    Dialect.MESSAGES: "/v1/messages",
    Dialect.GEMINI: "/v1beta/models/m:streamGenerateContent",
}


def cut(text: str, size: int = 23) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def told(dialect: Dialect, reasoning: str, visible: str) -> bytes:
    """A stream that thinks, then speaks, in the shape of a dialect."""
    if dialect is Dialect.CHAT:
        chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        events: list[Any] = [
            {**chunk, "choices": [{"index": 0, "delta": {"reasoning_content": one}}]} for one in cut(reasoning)
        ]
        events += [{**chunk, "choices": [{"index": 0, "delta": {"content": one}}]} for one in cut(visible)]
        events.append({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        return sse(*events) + b"data: [DONE]\n\n"
    if dialect is Dialect.MESSAGES:
        start = {
            "type": "message_start",
            "message": {"id": "m1", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}},
        }
        events = [
            start,
            {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        ]
        events += [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": one}}
            for one in cut(reasoning)
        ]
        events += [{"type": "content_block_stop", "index": 0}]
        events += [{"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}]
        events += [
            {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": one}}
            for one in cut(visible)
        ]
        events += [
            {"type": "content_block_stop", "index": 1},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
            {"type": "message_stop"},
        ]
        return sse(*events, named=True)
    if dialect is Dialect.RESPONSES:
        answer = {"id": "r1", "object": "response", "model": "m", "status": "in_progress", "output": []}
        events = [{"type": "response.created", "sequence_number": 0, "response": answer}]
        events += [
            {"type": "response.reasoning_text.delta", "sequence_number": 1, "output_index": 0, "delta": one}
            for one in cut(reasoning)
        ]
        events += [{"type": "response.reasoning_text.done", "sequence_number": 2, "output_index": 0, "text": reasoning}]
        events += [
            {
                "type": "response.output_text.delta",
                "sequence_number": 3,
                "output_index": 1,
                "content_index": 0,
                "delta": one,
            }
            for one in cut(visible)
        ]
        events += [
            {
                "type": "response.output_text.done",
                "sequence_number": 4,
                "output_index": 1,
                "content_index": 0,
                "text": visible,
            }
        ]
        events += [{"type": "response.completed", "sequence_number": 5, "response": {**answer, "status": "completed"}}]
        return sse(*events, named=True)
    parts = [{"text": one, "thought": True} for one in cut(reasoning)] + [{"text": one} for one in cut(visible)]
    events = [
        {"responseId": "g1", "candidates": [{"index": 0, "content": {"role": "model", "parts": [one]}}]}
        for one in parts
    ]
    return sse(*events, {"candidates": [{"index": 0, "finishReason": "STOP"}]})


def through(dialect: Dialect, stream: bytes, sizes: list[int], guard: Guard | None = None, how: Hold = HOLD) -> bytes:
    """A stream in pieces of some sizes, hidden and held: what left; `Leaked` where it had to end."""

    async def run() -> bytes:
        hold = Holding(how, Hide.REMOVE, dialect, guard or Guard(), clock=lambda: 0.0)
        hider, left, at, turn = StreamHider(dialect, Hide.REMOVE, hold=hold), [], 0, 0
        while at < len(stream):
            size = sizes[turn % len(sizes)]
            left.append(hider.feed(stream[at : at + size]))
            if hold.patience == 0.0:
                left.append(await hold.release())
            at, turn = at + size, turn + 1
        hider.finish()
        return b"".join([*left, await hold.release()])

    return asyncio.run(run())


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=8, deadline=None)
@given(size=st.integers(1, 300), before=st.integers(0, 40))
def test_a_copy_is_seen_in_every_code_however_it_is_cut(code: str, size: int, before: int) -> None:
    looked = Looked(Passages([SECRET]))
    for piece in cut("x, y. " * before + CODES[code](SECRET) + " and so on", size):
        looked.look(piece)
    assert looked.pieces >= 2


@pytest.mark.parametrize("code", CODES)
def test_what_resembles_a_code_is_none(code: str) -> None:
    looked = Looked(Passages([SECRET]))
    looked.look(CODES[code](ANSWER + " 2026-11-22 deadbeef00112233 " + "ab12" * 40))
    assert (looked.pieces, looked.short) == (0, False)


def test_a_short_secret_is_looked_for_whole() -> None:
    for code, said in (("words", "AB-7731 falcon"), ("backwards", "AB-7731 falcon"[::-1])):
        looked = Looked(Passages(["AB-7731 falcon", "tiny"]))
        for piece in cut(f"tiny: {said}.", 3):
            looked.look(piece)
        assert looked.short, code


def test_rows_of_the_same_are_nobodys_secret() -> None:
    looked = Looked(Passages(["0" * 400 + "=-" * 300 + "abab" * 200]))
    looked.look("0" * 400 + "abab" * 200)
    assert looked.pieces == 0


def test_memory_for_a_long_reasoning_is_bounded_and_a_long_copy_of_it_still_seen() -> None:
    text = " ".join(f"{n * 7919 % 100_003:x} leads to {n * 104_729 % 99_991:x}" for n in range(60_000))
    passages = Passages()
    for piece in cut(text, 5000):
        passages.add(piece)
    assert len(passages._forms) <= 4 * 4096 + 4
    looked = Looked(passages)
    looked.look(text[200_000:230_000])
    assert 0.3 < looked.copied / len(plain(text[200_000:230_000])) < 3.0


@pytest.mark.parametrize("dialect", PATHS)
@settings(max_examples=10, deadline=None)
@given(sizes=st.lists(st.integers(1, 900), min_size=1, max_size=4))
def test_clean_text_leaves_byte_by_byte_as_without_a_hold(dialect: Dialect, sizes: list[int]) -> None:
    stream = told(dialect, REASONING, ANSWER * 4)
    bare = StreamHider(dialect, Hide.REMOVE)
    assert through(dialect, stream, sizes) == bare.feed(stream) + bare.finish()


@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize("code", ["verbatim", "spaced", "rot13", "base64", "hex"])
def test_reasoning_said_again_does_not_leave(dialect: Dialect, code: str) -> None:
    stream = told(dialect, REASONING, "Here you are: " + CODES[code](REASONING))
    for sizes in ([7], [64, 1], [5000]):
        with pytest.raises(Leaked, match="reasoning"):
            through(dialect, stream, sizes)


def test_an_answer_that_was_drafted_in_the_reasoning_is_no_leak() -> None:
    draft = REASONING + " So I will say: " + ANSWER
    assert b"DONE" in through(Dialect.CHAT, told(Dialect.CHAT, draft, ANSWER), [100])


def test_reasoning_between_tags_counts_and_so_does_what_goes_into_a_tool() -> None:
    call = {"index": 0, "id": "t", "function": {"name": "f", "arguments": json.dumps({"a": REASONING})}}
    chunks = [
        {"choices": [{"index": 0, "delta": {"content": one}}]} for one in cut(f"<think>{REASONING}</think>Done.", 11)
    ]
    chunks.append({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
    with pytest.raises(Leaked, match="reasoning"):
        through(Dialect.CHAT, sse(*chunks), [50])


def test_reasoning_that_is_shown_openly_is_no_secret() -> None:
    async def run() -> None:
        hold = Holding(HOLD, Hide.NOTHING, Dialect.CHAT, Guard())
        hold.hear({"choices": [{"message": {"reasoning": REASONING, "content": REASONING}}]})
        await hold.check()

    asyncio.run(run())


ENDS = {
    Dialect.CHAT: b'"finish_reason":"content_filter"}]}\n\ndata: [DONE]\n\n',
    Dialect.RESPONSES: b'"incomplete_details":{"reason":"content_filter"}}}\n\n',
    Dialect.MESSAGES: b'data: {"type":"message_stop"}\n\n',
    Dialect.GEMINI: b'"finishReason":"OTHER","finishMessage":"The rest of this answer is withheld by the provider."}]}\n\n',
}


@pytest.mark.parametrize("dialect", PATHS)
def test_a_stream_that_leaks_ends_as_its_dialect_ends_one(dialect: Dialect) -> None:
    async def scenario() -> None:
        stream = told(dialect, REASONING, ANSWER + " " + SECRET + " " + ANSWER * 60)
        pieces = [stream[at : at + 333] for at in range(0, len(stream), 333)]
        guard = Guard(Passages([SECRET]))
        async with scene(streams(pieces), ruling=RULING, parts={"guard": guard}) as here:
            status, headers, body = await here.post(PATHS[dialect], {"model": "m", "stream": True, "messages": []})
            assert status == 200
            assert headers["x-stillwatch-rule"] == "r"
            assert body.endswith(ENDS[dialect])
            assert plain("unlit above the northern") not in plain(body.decode())
            assert here.gateway.metrics.stages[("leak", "protected")] == 1
            await asyncio.sleep(0.05)
            assert here.rules.used[0].finished is False

    played(scenario)


def test_messages_close_their_open_block_and_responses_repeat_their_answer() -> None:
    for dialect, seen in (
        (Dialect.MESSAGES, [b'{"type":"content_block_stop","index":1}', b'"stop_reason":"refusal"']),
        (
            Dialect.RESPONSES,
            [b"event: response.incomplete", b'"id":"r1"', b'"status":"incomplete"', b'"sequence_number":4'],
        ),
        (Dialect.CHAT, [b'"id":"c1"', b'"model":"m"']),
        (Dialect.GEMINI, [b'"responseId":"g1"']),
    ):
        hold = Holding(HOLD, Hide.REMOVE, dialect, Guard())
        stream = told(dialect, REASONING, ANSWER)
        hider = StreamHider(dialect, Hide.REMOVE, hold=hold)
        hider.feed(stream[: stream.rindex(b"nothing else is")] if b"nothing else is" in stream else stream[:-600])
        assert all(one in hold.ended() for one in seen), dialect


def test_a_whole_answer_that_leaks_is_refused_and_a_clean_one_passes_untouched() -> None:
    async def scenario() -> None:
        def whole(text: str) -> bytes:
            return json.dumps({"choices": [{"index": 0, "message": {"content": text}}]}).encode()

        guard = Guard(Passages([SECRET]))
        for body, status in (
            (whole(ANSWER), 200),
            (whole(SECRET), 403),
            (whole(base64.b64encode(SECRET.encode()).decode()), 403),
        ):
            async with scene(says(body), ruling=RULING, parts={"guard": guard}) as here:
                got = await here.post(PATHS[Dialect.CHAT], {"model": "m", "messages": []})
                assert got[0] == status
                assert got[2] == body if status == 200 else b"answer_withheld" in got[2]

    played(scenario)


@pytest.mark.parametrize("within", [False, True])
def test_text_is_held_no_longer_than_was_said_though_the_model_falls_silent(within: bool) -> None:
    async def scenario() -> None:
        first = sse({"choices": [{"index": 0, "delta": {"content": "hello"}}]})
        rest = sse({"choices": [{"index": 0, "delta": {"content": " there"}}]}) + b"data: [DONE]\n\n"
        answer = streams([first, rest], pace=1.5)
        ruling = Ruling(step=Step.HIDE_REASONING, hide=Hide.REMOVE, hold=Hold(seconds=0.1, most_bytes=4096))

        async def first_of(port: int) -> tuple[bytes, float]:
            begun = time.monotonic()
            async with (
                aiohttp.ClientSession() as session,
                session.post(
                    f"http://127.0.0.1:{port}/v1/chat/completions", json={"model": "m", "messages": []}
                ) as got,
            ):
                piece = b""
                while not piece:
                    piece = await got.content.readany()
                return piece, time.monotonic() - begun

        if within:
            app = Stillwatch(Model(answer), Rules(ruling), Identities(Pseudonymiser(KEY)))
            async with listening(app) as port:
                piece, waited = await first_of(port)
        else:
            async with scene(answer, ruling=ruling) as here:
                piece, waited = await first_of(here.port)
        assert piece == first
        assert 0.08 < waited < 1.2

    played(scenario)


def test_the_middleware_ends_a_leaking_stream_too() -> None:
    async def scenario() -> None:
        stream = told(Dialect.CHAT, REASONING, CODES["hex"](REASONING))
        app = Stillwatch(Model(streams([stream[:4000], stream[4000:]])), Rules(RULING), Identities(Pseudonymiser(KEY)))
        async with (
            listening(app) as port,
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{port}/v1/chat/completions", json={"model": "m", "messages": []}) as got,
        ):
            body = await got.read()
        assert body.endswith(ENDS[Dialect.CHAT])
        assert REASONING.encode().hex()[200:260].encode() not in body

    played(scenario)


WORDS = {word: word[::-1] for word in set(REASONING.split())}


def translation(text: str) -> str:
    """A foreign language: every word has another form, and the order of each three is turned."""
    words = [WORDS.get(word, word) for word in text.split()]
    return " ".join(word for at in range(0, len(words), 3) for word in reversed(words[at : at + 3]))


def back(text: str) -> str:
    known = {foreign: word for word, foreign in WORDS.items()}
    return " ".join(known.get(word, word) for word in text.split())


def test_a_translation_is_found_with_a_translator_alone() -> None:
    stream = told(Dialect.CHAT, REASONING, translation(REASONING))
    how = Hold(seconds=5.0, most_bytes=400)
    assert b"DONE" in through(Dialect.CHAT, stream, [300], how=how)
    with pytest.raises(Leaked, match="translated"):
        through(Dialect.CHAT, stream, [100_000], Guard(translator=Translator(back)), how)
    clean = told(Dialect.CHAT, REASONING, translation(ANSWER * 4))
    assert b"DONE" in through(Dialect.CHAT, clean, [300], Guard(translator=Translator(back)), how)


@pytest.mark.parametrize("opens", [False, True])
def test_a_translator_that_is_late_or_fails_does_what_the_operator_chose(opens: bool) -> None:
    def slow(text: str) -> str:
        time.sleep(0.2)
        return text

    def broken(text: str) -> str:
        raise RuntimeError(text)

    for function in (slow, broken):
        how = Hold(seconds=0.02, most_bytes=300, open_when_late=opens)
        guard = Guard(translator=Translator(function))
        stream = told(Dialect.CHAT, REASONING, ANSWER)
        if opens:
            assert b"DONE" in through(Dialect.CHAT, stream, [2000], guard, how)
        else:
            with pytest.raises(Leaked, match="late"):
                through(Dialect.CHAT, stream, [2000], guard, how)
