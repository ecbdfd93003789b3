"""External authorisation, asked by the real Envoy with the settings of docs/adapters.md."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import indent

import pytest

from .real import CHAT, Model, command_of, free_port, model, posted, running, webhook_running
from .snippets import snippet
from .test_real_litellm import POLICY

MARK = """
[[rules]]
name = "marked"
match = { model = ["marked"] }
step = "mark"
mark = "m-1"
"""


@dataclass
class Place:
    port: int
    heard: type[Model]


def settings(way: str) -> str:
    """Envoy's settings as docs/adapters.md has them; over gRPC one filter and one cluster are others."""
    said = snippet("envoy")
    if way == "http":
        return said
    filters, _, cluster = snippet("envoy-grpc").partition("clusters:\n")
    asked = indent(filters.partition("http_filters:\n")[2], " " * 16)
    said = re.sub(
        r" +- name: envoy\.filters\.http\.ext_authz\n.*?(?= +- name: envoy\.filters\.http\.router)",
        asked,
        said,
        flags=re.DOTALL,
    )
    return said[: said.index("    - name: stillwatch\n")] + indent(cluster, "  ")


@pytest.fixture(scope="module", params=["http", "grpc"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Envoy before a model, asking the webhook."""
    binary, way = command_of("STILLWATCH_ENVOY", "Envoy"), request.param
    asked = free_port()
    more = []
    if way == "grpc":
        pytest.importorskip("grpc", reason="the extra `envoy` is not installed")
        more = ["--envoy-port", str(asked)]
    folder, beside = tmp_path_factory.mktemp("envoy"), tmp_path_factory.mktemp("webhook")
    policy = POLICY.replace("[[rules]]", MARK + "[[rules]]", 1)
    with model() as (heard, behind), webhook_running(beside, policy, "--secret", "s3cret", *more) as webhook:
        port = free_port()
        said = (
            settings(way).replace("SECRET", "s3cret").replace("timeout: 0.5s", "timeout: 60s")
        )  # machines of tests are busy
        for before, after in ((10000, port), (8081, webhook), (8082, asked), (8000, behind)):
            said = said.replace(str(before), str(after))
        (folder / "envoy.yaml").write_text(said)
        arguments = [binary, "-c", "envoy.yaml", "--concurrency", "1", "--base-id", str(port), "-l", "warning"]
        with running(arguments, port, folder):
            yield Place(port, heard)


def test_a_request_passes_with_the_step_for_its_routes_and_the_client_s_own_headers_do_not(place: Place) -> None:
    status, headers, _ = posted(place.port, "/v1/chat/completions", CHAT, x_stillwatch_mark="forged")
    heard = place.heard.heard[-1]
    assert (status, heard[0], heard[2]) == (200, "/v1/chat/completions", CHAT)
    assert (heard[1]["x-stillwatch-tier"], heard[1]["x-stillwatch-mark"]) == ("allow", "none")
    assert headers["x-stillwatch-policy"].startswith("real")


def test_a_mark_reaches_the_engine(place: Place) -> None:
    posted(place.port, "/v1/chat/completions", {**CHAT, "model": "marked"})
    assert place.heard.heard[-1][1]["x-stillwatch-mark"] == "m-1"


def test_a_block_is_answered_in_the_dialect_of_the_path(place: Place) -> None:
    before = len(place.heard.heard)
    status, headers, body = posted(place.port, "/v1/messages", {**CHAT, "model": "blocked"})
    assert (status, json.loads(body)["type"], len(place.heard.heard)) == (403, "error", before)
    assert headers["x-stillwatch-code"] == "request_not_allowed"


def test_a_limit_says_when_to_come_back(place: Place) -> None:
    said = [posted(place.port, "/v1/chat/completions", {**CHAT, "model": "scarce"}) for _ in range(3)]
    assert [one[0] for one in said] == [200, 200, 429]
    assert int(said[2][1]["retry-after"]) > 60


def test_concurrency_is_not_bounded_by_a_hook_that_never_hears_the_end(place: Place) -> None:
    said = [posted(place.port, "/v1/chat/completions", {**CHAT, "model": "narrow"})[0] for _ in range(3)]
    assert said == [200] * 3


def test_streams_and_requests_without_a_body_pass(place: Place) -> None:
    assert b"data: [DONE]" in posted(place.port, "/v1/chat/completions", {**CHAT, "stream": True})[2]
    line = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    line.request("GET", "/v1/models")
    assert line.getresponse().status == 501, "the model's own answer"
    line.close()


def test_a_body_that_is_no_json_never_reaches_the_model(place: Place) -> None:
    line = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    line.request("POST", "/v1/chat/completions", b'{"model": ', {"authorization": "Bearer sk-test-0123456789abcdef"})
    answer = line.getresponse()
    assert (answer.status, json.loads(answer.read())["error"]["code"]) == (400, "invalid_json")
    line.close()
