"""What passes the gateway untouched: bytes, streams, headers, errors; and who is asked before it passes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from stillwatch.core import Pseudonymiser
from stillwatch.gateway.who import stand_in
from stillwatch.ingest import account_id
from stillwatch.policy import Dialect

from .serving import KEY, played, says, scene, streams

pytestmark = pytest.mark.usefixtures("server")

PATHS = {
    "/v1/chat/completions": Dialect.CHAT,
    "/v1/responses": Dialect.RESPONSES,
    "/v1/messages": Dialect.MESSAGES,
    "/v1beta/models/m:generateContent": Dialect.GEMINI,
}
EVENTS = [f'data: {{"n": {n}}}\r\n\r\n'.encode() for n in range(40)] + [b": keep-alive\n\n", b"data: [DONE]\n\n"]


@pytest.mark.parametrize(("path", "dialect"), PATHS.items())
def test_a_request_and_its_answer_pass_byte_by_byte_in_every_dialect(path: str, dialect: Dialect) -> None:
    asked = b'{ "model" : "m", "n":1.0, "x":"\\u0041", "max_tokens": 5 }'
    answered = b'{ "odd"  :  [1 , 2], "usage": {"prompt_tokens": 3, "completion_tokens": 4} }\n'

    async def scenario() -> None:
        async with scene(says(answered, x_request_id="r-1")) as at:
            status, headers, body = await at.post(path, asked, x_custom="kept")
            assert (status, body, headers["x-request-id"]) == (200, answered, "r-1")
            heard = at.model.heard[0]
            assert heard.body == asked
            assert heard.headers["x-custom"] == "kept"
            assert heard.headers["authorization"] == "Bearer sk-test-0123456789abcdef"
            assert at.rules.asked[0].dialect is dialect
            assert at.rules.used[0].output_tokens == 4

    played(scenario)


def test_a_stream_passes_unchanged_and_as_it_comes() -> None:
    async def scenario() -> None:
        async with (
            scene(streams(EVENTS, pace=0.01)) as at,
            at.session.post(at.url + "/v1/chat/completions", data=b'{"stream": true}') as answer,
        ):
            first = await answer.content.readany()
            assert len(first) < len(b"".join(EVENTS)) / 2, "the stream was held back"
            assert first + await answer.read() == b"".join(EVENTS)

    played(scenario)


def test_a_client_that_leaves_takes_its_upstream_request_with_it() -> None:
    async def scenario() -> None:
        async with scene(streams(EVENTS, pace=0.02)) as at:
            async with at.session.post(at.url + "/v1/messages", data=b'{"stream": true}') as answer:
                await answer.content.readany()
                answer.close()
            await asyncio.wait_for(at.model.heard[0].gone.wait(), 2)
            await _until(lambda: at.rules.used)
            assert at.rules.used[0].finished is False
            assert (at.rules.used[0].output_tokens or 0) > 0, "a stream that broke off counts what was seen of it"
            assert at.gateway.metrics.cancelled == 1

    played(scenario)


def test_a_client_that_leaves_before_the_answer_begins_is_noticed() -> None:
    async def never(heard: Any, _send: Any) -> None:
        await heard.gone.wait()

    async def scenario() -> None:
        async with scene(never) as at:
            asking = asyncio.create_task(at.post("/v1/chat/completions", {"model": "m"}))
            await _until(lambda: at.model.heard)
            asking.cancel()
            await asyncio.wait_for(at.model.heard[0].gone.wait(), 2)

    played(scenario)


async def _until(true: Any) -> None:
    async with asyncio.timeout(3):
        while not true():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 529])
def test_errors_of_the_upstream_are_not_touched(status: int) -> None:
    said = b'{"error":{"message":"theirs","type":"x"}}'

    async def scenario() -> None:
        async with scene(says(said, status=status, retry_after="7", x_should_retry="false")) as at:
            got, headers, body = await at.post("/v1/chat/completions", {"model": "m"})
            assert (got, body, headers["retry-after"], headers["x-should-retry"]) == (status, said, "7", "false")

    played(scenario)


def test_unknown_paths_pass_through_with_method_query_and_uploads() -> None:
    async def scenario() -> None:
        async with scene(says(b"ok")) as at:
            async with at.session.put(at.url + "/v1/files/a%2Fb?x=1&y=%20", data=b"z" * 300_000) as answer:
                assert await answer.read() == b"ok"
            heard = at.model.heard[0]
            assert (heard.method, heard.path, len(heard.body)) == ("PUT", "/v1/files/a%2Fb?x=1&y=%20", 300_000)
            assert heard.headers["content-length"] == "300000"
            assert at.gateway.metrics.uncovered == {"files": 1}
            assert len(at.rules.used) == 1, "what was let through is counted once, whatever its path"

    played(scenario)


def test_hop_by_hop_headers_end_here_and_ours_are_never_taken_from_others() -> None:
    sent = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, X-Private\r\nX-Private: 1\r\nTE: trailers\r\n"
        b"Proxy-Authorization: Basic eA==\r\nX-Stillwatch-Step: allow\r\nAccept-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
    )

    async def scenario() -> None:
        async with scene(says(b"{}", x_stillwatch_step="forged", keep_alive="timeout=1")) as at:
            got = await at.raw(sent, wait=0.3)
            heard = at.model.heard[0].headers
            assert not {"x-private", "te", "proxy-authorization", "x-stillwatch-step"} & heard.keys()
            assert heard["accept-encoding"] == "identity"
            assert b"forged" not in got
            assert b"timeout=1" not in got

    played(scenario)


@pytest.mark.parametrize(
    "path",
    [
        "/v1//chat/completions",
        "/v1/chat/completions/",
        "/v1/./chat/completions",
        "/V1/Chat/Completions",
        "/v1/chat/%63ompletions",
    ],
)
def test_another_spelling_of_a_path_is_still_asked_of_the_policy(path: str) -> None:
    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
            writer.write(f'POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n{{"n":4}}'.encode())
            assert b"200" in await reader.readline()
            writer.close()
            assert (at.rules.asked[0].dialect, at.rules.asked[0].n) == (Dialect.CHAT, 4)
            assert at.model.heard[0].path == path

    played(scenario)


def test_the_account_is_the_one_that_a_scan_gives_the_same_key() -> None:
    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            for name, value in (("authorization", "Bearer sk-1"), ("x-api-key", "sk-1"), ("x-goog-api-key", "sk-1")):
                headers = {"authorization": "", name: value}
                async with at.session.post(at.url + "/v1/messages", data=b"{}", headers=headers) as answer:
                    await answer.read()
            async with at.session.post(at.url + "/v1beta/models/m:generateContent?key=sk-1", data=b"{}") as answer:
                await answer.read()
            expected = Pseudonymiser(KEY).name("account", account_id(stand_in("sk-1")))
            assert [one.account for one in at.rules.asked] == [expected] * 4

    played(scenario)


def test_a_trusted_front_may_name_the_account_and_the_upstream_never_hears_of_it() -> None:
    async def scenario() -> None:
        async with scene(says(b"{}"), account_header="X-Account", org_header="X-Org") as at:
            await at.post("/v1/messages", {}, x_account="acme", x_org="acme-inc")
            names = Pseudonymiser(KEY)
            asked = at.rules.asked[0]
            assert (asked.account, asked.org) == (names.name("account", "acme"), names.name("org", "acme-inc"))
            assert not {"x-account", "x-org"} & at.model.heard[0].headers.keys()

    played(scenario)


FACTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "/v1/chat/completions": (
        {"model": "m", "stream": True, "n": 3, "logprobs": True, "top_logprobs": 5, "logit_bias": {"1": 2}, "top_k": 7,
         "max_completion_tokens": 9, "reasoning_effort": "high", "tools": [{}], "messages": [{}, {}], "user": "u"},
        {"model": "m", "stream": True, "n": 3, "logprobs": True, "top_logprobs": 5, "logit_bias": True, "top_k": 7,
         "max_tokens": 9, "reasoning": True, "tools": True, "turns": 2},
    ),
    "/v1/responses": (
        {"model": "m", "input": "hi", "max_output_tokens": 9, "include": ["message.output_text.logprobs"], "reasoning": {"effort": "low"}},
        {"model": "m", "turns": 1, "max_tokens": 9, "logprobs": True, "reasoning": True, "tools": False},
    ),
    "/v1/messages": (
        {"model": "m", "max_tokens": 9, "top_k": 7, "thinking": {"type": "enabled"}, "messages": [{}]},
        {"model": "m", "turns": 1, "max_tokens": 9, "top_k": 7, "reasoning": True},
    ),
    "/v1beta/models/g:streamGenerateContent": (
        {"contents": [{}, {}], "generationConfig": {"candidateCount": 2, "responseLogprobs": True, "logprobs": 4, "topK": 7}},
        {"model": "g", "turns": 2, "n": 2, "logprobs": True, "top_logprobs": 4, "top_k": 7, "stream": True},
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", FACTS)
def test_what_a_request_asks_for_is_read_from_its_body(path: str) -> None:
    body, expected = FACTS[path]

    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            await at.post(path, body)
            asked = at.rules.asked[0]
            assert {name: getattr(asked, name) for name in expected} == expected
            assert asked.body_bytes == len(json.dumps(body))

    played(scenario)


def test_values_of_odd_types_are_unknown_and_the_upstream_judges_them() -> None:
    odd = {"model": 5, "n": "5", "stream": "yes", "messages": {}, "max_tokens": -1, "top_k": 1.5, "logit_bias": None}

    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            status, _, _ = await at.post("/v1/chat/completions", odd)
            asked = at.rules.asked[0]
            assert status == 200
            assert (asked.model, asked.n, asked.stream, asked.max_tokens, asked.top_k, asked.logit_bias) == (
                None, None, False, None, None, False,
            )  # fmt: skip

    played(scenario)


def test_keys_and_prompts_stand_in_no_counter() -> None:
    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            await at.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "whisper"}]})
            page = "\n".join(at.gateway.metrics.lines())
            assert 'dialect="openai_chat"' in page
            assert "whisper" not in page
            assert "sk-test" not in page

    played(scenario)
