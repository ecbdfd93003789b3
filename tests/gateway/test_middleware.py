"""The policy within an ASGI server: the same rulings, the same edits, without a proxy."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from stillwatch.core import Pseudonymiser
from stillwatch.gateway import judging
from stillwatch.gateway.asking import Unreadable
from stillwatch.gateway.middleware import Stillwatch
from stillwatch.gateway.options import Options
from stillwatch.gateway.who import Identities
from stillwatch.policy import Clamp, Dialect, Hide, Ruling, Step

from .serving import KEY, Answer, Model, Rules, aiohttp, listening, played, says, streams

CHAT = "/v1/chat/completions"
HIDE = Ruling(step=Step.HIDE_REASONING, code="reasoning_hidden", hide=Hide.REMOVE)


async def asked(
    answer: Answer, ruling: Ruling, body: Any, path: str = CHAT, *, options: Options | None = None, **headers: str
) -> tuple[Model, Rules, Any, bytes]:
    """(application, gate, answer's head, answer's body) of one request through the middleware."""
    model, rules = Model(answer), Rules(ruling)
    app = Stillwatch(model, rules, Identities(Pseudonymiser(KEY), account_header="x-account"), options=options)
    async with listening(app) as port, aiohttp.ClientSession() as session:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with session.post(f"http://127.0.0.1:{port}{path}", data=raw, headers=named) as got:
            return model, rules, got, await got.read()


def test_what_is_let_through_reaches_the_application_unchanged() -> None:
    async def scenario() -> None:
        said = b'{ "usage": {"prompt_tokens": 1, "completion_tokens": 2} }'
        model, rules, got, body = await asked(says(said), Ruling(step=Step.ALLOW), b'{ "n" : 3 }')
        assert (got.status, body, model.heard[0].body) == (200, said, b'{ "n" : 3 }')
        assert (rules.asked[0].n, rules.used[0].output_tokens) == (3, 2)

    played(scenario)


def test_a_clamp_and_engine_fields_are_carried_out_before_the_engine_sees_them() -> None:
    async def scenario() -> None:
        ruling = Ruling(step=Step.CLAMP, code="clamped", clamp=Clamp(n=1))
        model, _, got, _ = await asked(says(b"{}"), ruling, {"n": 9, "watermarking": False})
        assert model.heard[0].json == {"n": 1}
        assert model.heard[0].headers["content-length"] == str(len(model.heard[0].body))
        assert got.headers["x-stillwatch-step"] == "clamp"

    played(scenario)


def test_a_block_never_reaches_the_engine() -> None:
    async def scenario() -> None:
        model, rules, got, body = await asked(says(b"{}"), Ruling(step=Step.BLOCK, code="account_blocked"), {})
        assert (got.status, json.loads(body)["error"]["code"], model.heard, rules.used) == (
            403,
            "account_blocked",
            [],
            [],
        )

    played(scenario)


def test_reasoning_is_hidden_in_streams_and_whole_answers() -> None:
    event = b'data: {"choices":[{"index":0,"delta":{"reasoning":"SECRET","content":"a"}}]}\n\n'

    async def scenario() -> None:
        _, _, _, body = await asked(streams([event[:30], event[30:], b"data: [DONE]\n\n"]), HIDE, {"stream": True})
        assert body == b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n'
        whole = says(b'{"choices":[{"message":{"reasoning":"SECRET","content":"a"}}]}')
        assert (await asked(whole, HIDE, {}))[3] == b'{"choices":[{"message":{"content":"a"}}]}'
        _, _, got, body = await asked(says(b"<SECRET>"), HIDE, {})
        assert got.status == 502
        assert b"SECRET" not in body

    played(scenario)


def test_a_block_holds_on_every_path_and_other_bodies_stay_unread() -> None:
    async def scenario() -> None:
        blocked = Ruling(step=Step.BLOCK, code="account_blocked")
        model, rules, got, _ = await asked(says(b"{}"), blocked, b"x" * 9, path="/v1/embeddings")
        assert (got.status, model.heard, rules.asked[0].dialect) == (403, [], Dialect.OTHER)
        model, rules, _, body = await asked(says(b"ok"), Ruling(step=Step.ALLOW), b"\xff" * 300_000, path="/tokenize")
        assert (body, model.heard[0].body, len(rules.used)) == (b"ok", b"\xff" * 300_000, 1)

    played(scenario)


@pytest.mark.parametrize("path", [CHAT, "/tokenize"])
def test_a_mark_is_what_the_policy_says_whatever_a_client_sends(path: str) -> None:
    forged: Any = {"x_stillwatch_mark": "forged", "x_account": "acme"}

    async def scenario() -> None:
        model, _, _, _ = await asked(says(b"{}"), Ruling(step=Step.MARK, mark="key-7"), {}, path, **forged)
        assert model.heard[0].headers["x-stillwatch-mark"] == "key-7"
        assert "x-account" not in model.heard[0].headers
        model, _, _, _ = await asked(says(b"{}"), Ruling(step=Step.ALLOW), {}, path, **forged)
        assert "x-stillwatch-mark" not in model.heard[0].headers

    played(scenario)


def test_a_packed_answer_of_the_application_gives_nothing_away() -> None:
    event = b'data: {"choices":[{"index":0,"delta":{"reasoning":"SECRET","content":"a"}}]}\n\n'
    packed = says(gzip.compress(event), kind="text/event-stream", content_encoding="gzip")

    async def scenario() -> None:
        _, _, got, body = await asked(packed, HIDE, {"stream": True})
        assert body == b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
        assert "content-encoding" not in got.headers
        _, _, got, _ = await asked(says(b"x", kind="text/event-stream", content_encoding="br"), HIDE, {})
        assert got.status == 502

    played(scenario)


def test_an_answer_larger_than_what_is_held_is_withheld() -> None:
    async def scenario() -> None:
        _, _, got, _ = await asked(says(b'"' + b"x" * 90_000 + b'"'), HIDE, {}, options=Options(max_answer=50_000))
        assert got.status == 502

    played(scenario)


def test_a_request_that_is_refused_after_the_ruling_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object, **__: object) -> None:
        raise Unreadable

    monkeypatch.setattr(judging, "edited", unreadable)

    async def scenario() -> None:
        clamp = Ruling(step=Step.CLAMP, code="clamped", clamp=Clamp(n=1))
        model, rules, got, _ = await asked(says(b"{}"), clamp, {})
        assert (got.status, model.heard) == (400, [])
        assert [(used.output_tokens, used.finished) for used in rules.used] == [(0, False)]

    played(scenario)


def test_the_files_are_followed_in_a_thread_of_their_own() -> None:
    threads: list[int] = []

    async def scenario() -> None:
        app = Stillwatch(Model(says(b"{}")), Rules(), Identities(Pseudonymiser(KEY)))
        app._refresh = lambda: threads.append(threading.get_ident())
        async with listening(app) as port, aiohttp.ClientSession() as session:
            async with session.post(f"http://127.0.0.1:{port}{CHAT}", data=b"{}") as got:
                assert got.status == 200
            while not threads:
                await asyncio.sleep(0.001)
        assert threads[0] != threading.get_ident()

    played(scenario)


def test_how_the_server_is_may_always_be_asked() -> None:
    async def scenario() -> None:
        model, rules, _, body = await asked(says(b"ok"), HIDE, b"anything", path="/health")
        assert (body, model.heard[0].body, rules.asked) == (b"ok", b"anything", [])

    played(scenario)


def test_it_sets_itself_up_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STILLWATCH_WORKSPACE", str(tmp_path / "ws"))

    async def scenario() -> None:
        model = Model(says(b"{}"))
        async with listening(Stillwatch(model)) as port, aiohttp.ClientSession() as session:
            both = json.dumps({"logprobs": True, "logit_bias": {"1": 1}})
            async with session.post(f"http://127.0.0.1:{port}{CHAT}", data=both) as got:
                assert got.headers["x-stillwatch-rule"] == "no-logit-probing"
            assert model.heard[0].json == {"logprobs": True}

    played(scenario)
