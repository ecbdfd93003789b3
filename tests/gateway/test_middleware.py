"""The policy within an ASGI server: the same rulings, the same edits, without a proxy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stillwatch.core import Pseudonymiser
from stillwatch.gateway.middleware import Stillwatch
from stillwatch.gateway.who import Identities
from stillwatch.policy import Clamp, Hide, Ruling, Step

from .serving import KEY, Answer, Model, Rules, aiohttp, listening, played, says, streams

CHAT = "/v1/chat/completions"
HIDE = Ruling(step=Step.HIDE_REASONING, code="reasoning_hidden", hide=Hide.REMOVE)


async def asked(answer: Answer, ruling: Ruling, body: Any, path: str = CHAT) -> tuple[Model, Rules, Any, bytes]:
    """(application, gate, answer's head, answer's body) of one request through the middleware."""
    model, rules = Model(answer), Rules(ruling)
    app = Stillwatch(model, rules, Identities(Pseudonymiser(KEY)))
    async with listening(app) as port, aiohttp.ClientSession() as session:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with session.post(f"http://127.0.0.1:{port}{path}", data=raw) as got:
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


def test_other_paths_are_the_applications_own() -> None:
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
