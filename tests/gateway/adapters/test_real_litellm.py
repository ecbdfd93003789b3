"""The plug-in and the webhook in LiteLLM's real proxy."""

from __future__ import annotations

import hashlib
import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from stillwatch.gateway.adapters.control import Key

from .real import CHAT, Model, command_of, free_port, model, posted, running, webhook_running

ANY_KEY = """
from litellm.proxy._types import UserAPIKeyAuth, hash_token
async def auth(request, api_key):
    return UserAPIKeyAuth(api_key=hash_token(api_key.removeprefix("Bearer ")))
"""
CONFIG = """
model_list:
{models}
litellm_settings: {{ telemetry: false, callbacks: stillwatch.gateway.adapters.litellm.answers }}
guardrails:
  - guardrail_name: stillwatch
    litellm_params:
      guardrail: generic_guardrail_api
      mode: [pre_call]
      api_base: http://127.0.0.1:{webhook}
      api_key: s3cret
      default_on: false
general_settings: {{ custom_auth: any_key.auth }}
"""
MODEL = '  - model_name: {name}\n    litellm_params: {{ model: openai/mock, api_base: "http://127.0.0.1:{port}/v1", api_key: sk-mock }}\n'
MESSAGES = MODEL.replace("openai/mock", "anthropic/mock").replace('/v1"', '"')
POLICY = """
name = "real"
[people]
throttle = [{ requests = 30, window = "1m" }]
[standing]
missing = "unsafe_allow"
[[rules]]
name = "hide"
match = { model = ["thinking", "thinking-messages"] }
step = "hide_reasoning"
hide = "remove"
[[rules]]
name = "one-answer"
match = { logprobs = true }
step = "clamp"
clamp = { logprobs = false, n = 1 }
[[rules]]
name = "withdrawn"
match = { model = ["blocked"] }
step = "block"
unsafe_without_person = true
[[rules]]
name = "one-at-a-time"
match = { model = ["narrow"] }
step = "throttle"
throttle = [{ concurrent = 1 }]
[[rules]]
name = "twice"
match = { model = ["scarce"] }
step = "throttle"
throttle = [{ requests = 2, window = "1h" }]
[[tests]]
says = "a clamp"
asked = { logprobs = true }
expect = { step = "clamp" }
"""
HASH = hashlib.sha256(b"sk-test-0123456789abcdef").hexdigest()


@dataclass
class Place:
    port: int
    heard: type[Model]
    folder: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """LiteLLM with the plug-in, before a model, and the webhook beside it."""
    command = command_of("STILLWATCH_LITELLM", "LiteLLM")
    folder, beside = tmp_path_factory.mktemp("litellm"), tmp_path_factory.mktemp("webhook")
    with (
        model() as (heard, behind),
        webhook_running(beside, POLICY.replace('["scarce"]', '["scarce", "hook"]'), "--secret", "s3cret") as webhook,
    ):
        names = ("mock", "thinking", "blocked", "narrow", "scarce", "hook")
        models = "".join(MODEL.format(name=name, port=behind) for name in names)
        models += "".join(MESSAGES.format(name=name, port=behind) for name in ("messages", "thinking-messages"))
        (folder / "config.yaml").write_text(CONFIG.format(models=models, webhook=webhook))
        (folder / "any_key.py").write_text(ANY_KEY)
        (folder / "policy.toml").write_text(POLICY)
        (folder / "zero").write_text(hashlib.sha256(b"sk-silent-0123456789").hexdigest())
        env = {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(32)}",
            "STILLWATCH_WORKSPACE": str(folder / "ws"),
            "STILLWATCH_POLICY": str(folder / "policy.toml"),
            "STILLWATCH_ZERO_RETENTION": str(folder / "zero"),
        }
        port = free_port()
        arguments = [
            command,
            "--config",
            "config.yaml",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--num_workers",
            "1",
        ]
        with running(arguments, port, folder, env=env) as process:
            yield Place(port, heard, folder)
            process.terminate()
            process.wait(60)


def test_a_request_that_is_let_through_says_which_policy_applied(place: Place) -> None:
    status, headers, body = posted(place.port, "/v1/chat/completions", CHAT)
    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "fine day")
    assert headers["x-stillwatch-policy"].startswith("real")
    assert "x-stillwatch-step" not in headers


def test_clamps_and_engine_fields_are_carried_out_before_the_model_hears(place: Place) -> None:
    asked = {**CHAT, "logprobs": True, "top_logprobs": 5, "n": 4, "watermarking": False}
    status, headers, _ = posted(place.port, "/v1/chat/completions", asked)
    heard = place.heard.heard[-1][2]
    assert (status, headers["x-stillwatch-step"], heard["n"]) == (200, "clamp", 1)
    assert heard.keys().isdisjoint({"logprobs", "top_logprobs", "watermarking"})


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
def test_a_block_never_reaches_the_model(place: Place, path: str) -> None:
    before = len(place.heard.heard)
    asked = {"model": "blocked", "max_tokens": 5, "messages": CHAT["messages"], "input": "hi"}
    status, _, body = posted(place.port, path, asked)
    assert (status, len(place.heard.heard)) == (403, before)
    assert b"request_not_allowed" in body


def test_a_limit_is_counted_and_says_when_to_come_back(place: Place) -> None:
    said = [posted(place.port, "/v1/chat/completions", {**CHAT, "model": "scarce"}) for _ in range(3)]
    assert [one[0] for one in said] == [200, 200, 429]
    assert int(said[2][1]["retry-after"]) > 60


def test_an_answer_s_end_is_heard_so_that_a_place_becomes_free(place: Place) -> None:
    for stream in (False, True, False):
        status = posted(place.port, "/v1/chat/completions", {**CHAT, "model": "narrow", "stream": stream})[0]
        assert status == 200
        time.sleep(3)  # LiteLLM logs after it has answered


@pytest.mark.parametrize(
    ("path", "hidden", "shown"),
    [("/v1/chat/completions", "thinking", "mock"), ("/v1/messages", "thinking-messages", "messages")],
)
@pytest.mark.parametrize("stream", [False, True])
def test_reasoning_is_hidden_whole_and_streamed(place: Place, path: str, hidden: str, shown: str, stream: bool) -> None:
    asked = {**CHAT, "stream": stream, "max_tokens": 50}
    status, _, body = posted(place.port, path, {**asked, "model": hidden})
    assert status == 200, body
    assert b"THOUGHT" not in body
    assert b"fine" in body
    assert b"THOUGHT" in posted(place.port, path, {**asked, "model": shown})[2], "what is not to be hidden is not"


def test_the_same_policy_is_asked_through_the_generic_guardrail_api(place: Place) -> None:
    """Its policy has a limit that the plug-in's has not."""
    guarded = {**CHAT, "guardrails": ["stillwatch"]}
    assert posted(place.port, "/v1/chat/completions", guarded)[0] == 200
    said = [
        posted(place.port, "/v1/chat/completions", {**guarded, "model": "hook"}, key="sk-hook-0123456789abcd")
        for _ in range(3)
    ]
    assert [one[0] for one in said] == [200, 200, 400]
    assert b"rate_limited" in said[2][2]


def test_exchanges_are_kept_for_the_next_scan_and_of_some_no_text(place: Place) -> None:
    posted(place.port, "/v1/chat/completions", CHAT, key="sk-silent-0123456789")
    inbox = place.folder / "ws" / "inbox"
    until = time.monotonic() + 150
    while time.monotonic() < until:
        rows = [row for file in inbox.glob("*.parquet") for row in pq.read_table(file).to_pylist()]
        if any(row["retention_class"] == "zero" for row in rows):
            break
        time.sleep(1)
    mine = [row for row in rows if row["account"] == HASH]
    assert mine
    assert {row["outcome"] for row in mine} == {"ok"}, [
        (row["http_status"], row["model"], row["outcome"]) for row in mine
    ]
    assert {row["output_tokens"] for row in mine} == {5}, [
        (row["output_tokens"], row["model"], row["stream"]) for row in mine
    ]
    assert any("fine day" in (row["output"] or "") for row in mine)
    (silent,) = [row for row in rows if row["retention_class"] == "zero"]
    assert (silent["output"], silent["messages"], silent["input_tokens"]) == (None, None, 7)


SHAPES = """
import json, sys
from litellm.proxy._types import BlockKeyRequest, UpdateKeyRequest, UserAPIKeyAuth
update, block = json.load(sys.stdin)
listed = json.loads(UserAPIKeyAuth(token="a" * 64, user_id="u", rpm_limit=9, blocked=True, metadata={"m": 1}).model_dump_json())
told = [UpdateKeyRequest(**update).model_dump(exclude_unset=True), BlockKeyRequest(**block).model_dump(exclude_unset=True)]
print(json.dumps([listed, told]))
"""


def test_what_is_pushed_and_listed_has_the_shapes_of_litellm_s_own_models() -> None:
    python = Path(command_of("STILLWATCH_LITELLM", "LiteLLM")).parent / "python"
    sent = [
        {"key": "a" * 64, "rpm_limit": 5, "tpm_limit": None, "max_parallel_requests": 2, "metadata": {"stillwatch": {}}}
    ]
    sent.append({"key": "a" * 64})
    said = subprocess.run(
        [python, "-c", SHAPES], input=json.dumps(sent), capture_output=True, text=True, check=True
    ).stdout
    listed, told = json.loads(said.splitlines()[-1])
    assert told == sent, "nothing is dropped on the way in"
    key = msgspec.convert(listed, Key)
    assert (key.token, key.user_id, key.rpm_limit, key.blocked, key.metadata) == ("a" * 64, "u", 9, True, {"m": 1})
