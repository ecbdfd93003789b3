"""The webhook asked by Portkey's real open gateway with the settings of docs/adapters.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from .real import CHAT, Model, command_of, free_port, model, posted, running, webhook_running
from .snippets import snippet
from .test_real_litellm import POLICY


@dataclass
class Place:
    port: int
    heard: type[Model]
    config: str

    def asked(self, body: Any, user: str = "acme") -> tuple[int, dict[str, str], bytes]:
        return posted(
            self.port,
            "/v1/chat/completions",
            body,
            x_portkey_config=self.config,
            x_portkey_metadata=json.dumps({"_user": user}),
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Portkey before a model, asking the webhook."""
    script = command_of("STILLWATCH_PORTKEY", "Portkey's gateway")
    folder, beside = tmp_path_factory.mktemp("portkey"), tmp_path_factory.mktemp("webhook")
    with model() as (heard, behind), webhook_running(beside, POLICY, "--secret", "s3cret") as webhook:
        port = free_port()
        hooks = json.loads(snippet("portkey").replace("SECRET", "s3cret").replace("8081", str(webhook)))
        config = json.dumps({"provider": "openai", "custom_host": f"http://127.0.0.1:{behind}/v1", **hooks})
        with running(
            ["node", script, "--headless", f"--port={port}"], port, folder, env={"TRUSTED_CUSTOM_HOSTS": "127.0.0.1"}
        ):
            yield Place(port, heard, config)


def test_a_request_passes_and_a_clamp_is_carried_out(place: Place) -> None:
    status, _, body = place.asked({**CHAT, "logprobs": True, "n": 4, "temperature": 0.5})
    heard = place.heard.heard[-1][2]
    assert (status, heard["n"], heard["temperature"]) == (200, 1, 0.5), body
    assert "logprobs" not in heard


def test_a_block_never_reaches_the_model_and_says_why(place: Place) -> None:
    before = len(place.heard.heard)
    status, _, body = place.asked({**CHAT, "model": "blocked"})
    assert (status, len(place.heard.heard)) == (446, before)
    assert b"request_not_allowed" in body


def test_limits_are_counted_by_the_user_of_the_metadata(place: Place) -> None:
    said = [place.asked({**CHAT, "model": "scarce"}, user)[0] for user in ("a", "a", "a", "b")]
    assert said == [200, 200, 446, 200]
