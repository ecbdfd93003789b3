"""Run in an environment that has the providers' SDKs: their streaming, tool, error and retry paths through a gateway, as JSON lines.

    python bench/gateway_sdk_calls.py URL

Every call goes to URL; the model API behind it is `gateway_mock.py`. A line says which SDK, which path, and what came of it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

URL = sys.argv[1]
ROWS: list[dict[str, Any]] = []


def path(sdk: str, name: str) -> Callable[[Callable[[], object]], None]:
    """Run one path; it passes when it returns."""

    def run(call: Callable[[], object]) -> None:
        try:
            call()
            outcome = "passes"
        except Exception as error:
            outcome = f"{type(error).__name__}: {error}"[:200]
        ROWS.append({"sdk": sdk, "version": version(sdk), "path": name, "outcome": outcome})

    return run


def same(got: Any, expected: Any) -> None:
    """Insist that two values are equal."""
    if got != expected:
        raise AssertionError(f"got {got!r}, expected {expected!r}"[:180])


WORDS = "".join(f"word {n} " for n in range(20))
CHAT = {"model": "mock", "messages": [{"role": "user", "content": "hi"}]}


def openai_paths() -> None:
    """OpenAI: chat and Responses, whole and streamed, tools, an error, a retry."""
    import openai

    client = openai.OpenAI(api_key="sk-sdk-openai-000000000", base_url=URL + "/v1", max_retries=0)

    @path("openai", "chat, whole")
    def _() -> None:
        same(client.chat.completions.create(**CHAT).choices[0].finish_reason, "stop")

    @path("openai", "chat, streamed")
    def _() -> None:
        got = client.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True})
        same("".join(c.choices[0].delta.content or "" for c in got if c.choices), WORDS)

    @path("openai", "chat, tool calls streamed")
    def _() -> None:
        got = client.chat.completions.create(**CHAT, stream=True, extra_headers={"x-mock-tools": "1"})
        calls = [t for c in got if c.choices for t in c.choices[0].delta.tool_calls or ()]
        same("".join(t.function.arguments or "" for t in calls), '{"city": "<think>Rome"}')

    @path("openai", "responses, whole")
    def _() -> None:
        same(client.responses.create(model="mock", input="hi").output_text.split()[0], "The")

    @path("openai", "responses, streamed")
    def _() -> None:
        with client.responses.stream(model="mock", input="hi") as got:
            same("".join(e.delta for e in got if e.type == "response.output_text.delta"), WORDS)

    @path("openai", "an upstream error keeps its kind")
    def _() -> None:
        try:
            client.chat.completions.create(**CHAT, extra_headers={"x-mock-status": "404"})
        except openai.NotFoundError as error:
            same(error.body["message"], "mock says no")
        else:
            raise AssertionError("no error")

    @path("openai", "a 429 is tried again")
    def _() -> None:
        twice = client.with_options(max_retries=2)
        got = twice.chat.completions.create(**CHAT, extra_headers={"x-mock-once": "openai"})
        same(got.choices[0].finish_reason, "stop")

    @path("openai", "a refusal of the gateway has its code")
    def _() -> None:
        try:
            client.chat.completions.create(**{**CHAT, "model": "blocked"})
        except openai.PermissionDeniedError as error:
            same(error.code, "request_not_allowed")
        else:
            raise AssertionError("no error")


def anthropic_paths() -> None:
    """Anthropic: messages whole and streamed with thinking, tools, an error, a retry."""
    import anthropic

    client = anthropic.Anthropic(api_key="sk-ant-sdk-00000000000", base_url=URL, max_retries=0)
    asked: dict[str, Any] = {"model": "mock", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}

    @path("anthropic", "messages, whole")
    def _() -> None:
        same(client.messages.create(**asked).stop_reason, "end_turn")

    @path("anthropic", "messages, streamed")
    def _() -> None:
        with client.messages.stream(**asked) as got:
            same("".join(got.text_stream), WORDS)

    @path("anthropic", "thinking keeps its signature")
    def _() -> None:
        with client.messages.stream(**asked, extra_headers={"x-mock-reasoning": "1"}) as got:
            content = got.get_final_message().content
        same((content[0].type, content[0].signature), ("thinking", "c2lnbmVk"))

    @path("anthropic", "tool calls streamed")
    def _() -> None:
        with client.messages.stream(**asked, extra_headers={"x-mock-tools": "1"}) as got:
            same(got.get_final_message().content[-1].input, {"city": "<think>Rome"})

    @path("anthropic", "an upstream error keeps its kind")
    def _() -> None:
        try:
            client.messages.create(**asked, extra_headers={"x-mock-status": "404"})
        except anthropic.NotFoundError:
            return
        raise AssertionError("no error")

    @path("anthropic", "a 429 is tried again")
    def _() -> None:
        got = client.with_options(max_retries=2).messages.create(**asked, extra_headers={"x-mock-once": "anthropic"})
        same(got.stop_reason, "end_turn")

    @path("anthropic", "a refusal of the gateway has its kind")
    def _() -> None:
        try:
            client.messages.create(**{**asked, "model": "blocked"})
        except anthropic.PermissionDeniedError as error:
            same(error.body["error"]["details"]["code"], "request_not_allowed")
        else:
            raise AssertionError("no error")


def google_paths() -> None:
    """Google: generateContent whole and streamed, function calls, an error."""
    from google import genai
    from google.genai import errors, types

    client = genai.Client(api_key="AIza-sdk-0000000000000", http_options=types.HttpOptions(base_url=URL))

    def options(**headers: str) -> Any:
        return types.GenerateContentConfig(
            http_options=types.HttpOptions(headers={f"x-mock-{k}": v for k, v in headers.items()})
        )

    @path("google-genai", "generateContent, whole")
    def _() -> None:
        same(client.models.generate_content(model="mock", contents="hi").text.split()[0], "The")

    @path("google-genai", "generateContent, streamed")
    def _() -> None:
        got = client.models.generate_content_stream(model="mock", contents="hi")
        same("".join(one.text or "" for one in got), WORDS)

    @path("google-genai", "thoughts, streamed")
    def _() -> None:
        got = client.models.generate_content_stream(model="mock", contents="hi", config=options(reasoning="1"))
        same(len([one for one in got if one.candidates]), 21)

    @path("google-genai", "function calls")
    def _() -> None:
        got = client.models.generate_content(model="mock", contents="hi", config=options(tools="1"))
        same(got.function_calls[0].args, {"city": "<think>Rome"})

    @path("google-genai", "an upstream error keeps its kind")
    def _() -> None:
        try:
            client.models.generate_content(model="mock", contents="hi", config=options(status="404"))
        except errors.ClientError as error:
            same(error.code, 404)
        else:
            raise AssertionError("no error")

    @path("google-genai", "a refusal of the gateway has its status")
    def _() -> None:
        try:
            client.models.generate_content(
                model="blocked", contents="hi", config=types.GenerateContentConfig(max_output_tokens=666)
            )
        except errors.ClientError as error:
            same((error.code, error.status), (403, "PERMISSION_DENIED"))
        else:
            raise AssertionError("no error")


if __name__ == "__main__":
    for paths in (openai_paths, anthropic_paths, google_paths):
        try:
            paths()
        except ImportError as missing:
            ROWS.append(
                {
                    "sdk": paths.__name__.partition("_")[0],
                    "version": "-",
                    "path": "all",
                    "outcome": f"not run: {missing}",
                }
            )
    print(json.dumps(ROWS))
