"""Make the LiteLLM samples: `python litellm_proxy.py EXAMPLES_FOLDER`. Environment: requirements-litellm.txt.

Starts the mock server, starts the LiteLLM proxy before it, plays `scenes.py` through the proxy with the OpenAI SDK, and collects what
`litellm_callback.py` wrote. LiteLLM reads the clock and draws its own ids, so times and call ids differ from run to run.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import asdict
from pathlib import Path
from typing import Any

import openai
from mock_server import serve
from scenes import CALLERS, SCENES, Scene

PROXY = 14010
TOOL = {"name": "read_gauge", "parameters": {"type": "object", "properties": {"gauge": {"type": "integer"}}}}


def play(scene: Scene, model: str, **more: Any) -> None:
    """One call through the proxy."""
    who = CALLERS[scene.caller]
    agent = {"user-agent": who.user_agent} if who.user_agent else {}
    client = openai.OpenAI(
        api_key=f"sk-{who.key}",
        base_url=f"http://127.0.0.1:{PROXY}/v1",
        max_retries=0,
        default_headers={"x-forwarded-for": who.ip, **agent},
    )
    messages: list[Any] = [{"role": "system", "content": scene.system}] if scene.system else []
    messages += [{"role": role, "content": text} for role, text in scene.before]
    content: Any = scene.ask
    if scene.image:
        content = [{"type": "text", "text": scene.ask}, {"type": "image_url", "image_url": {"url": scene.image}}]
    call: dict[str, Any] = {
        "model": model,
        "messages": [*messages, {"role": "user", "content": content}],
        **scene.settings,
        **more,
    }
    if model == "thinker" and "max_tokens" in call:
        call["max_completion_tokens"] = call.pop("max_tokens")
    if model == "claude":
        call.pop("top_p", None)
    if scene.user:
        call["user"] = scene.user
    if scene.tool:
        call["tools"] = [{"type": "function", "function": TOOL}]
    if scene.before:
        call["extra_body"] = {"litellm_session_id": "session-88"}
    with contextlib.suppress(openai.APIStatusError):
        if scene.stream:
            with contextlib.closing(client.chat.completions.create(**call, stream=True)) as stream:
                for i, _ in enumerate(stream, start=1):
                    if scene.cut_after and i >= scene.cut_after - 1:
                        break
        else:
            client.chat.completions.create(**call)
    time.sleep(0.4)


def main() -> None:
    """Start both servers, play, collect."""
    target, here = Path(sys.argv[1]), Path(__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        server = serve(18082, None, "litellm")
        callers = {f"sk-{c.key}": asdict(c) for c in CALLERS.values()}
        settings = {
            "SAMPLE_FOLDER": folder,
            "SAMPLE_CALLERS": json.dumps(callers),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "PYTHONPATH": str(here),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [str(Path(sys.executable).with_name("litellm")), "--config", str(here / "litellm.yaml")]
        command += ["--host", "127.0.0.1", "--port", str(PROXY), "--telemetry", "False"]
        with subprocess.Popen(
            command, env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as proxy:
            try:
                for _ in range(120):
                    time.sleep(0.5)
                    with contextlib.suppress(OSError):
                        urllib.request.urlopen(f"http://127.0.0.1:{PROXY}/health/liveliness", timeout=1).close()
                        break
                for scene in SCENES:
                    play(scene, "thinker" if scene.reasoning else "small")
                scenes = {s.name: s for s in SCENES}
                play(scenes["short_limit"], "small", n=2, logprobs=True, top_logprobs=1)
                for name in ("reasons", "several_turns"):
                    more: dict[str, Any] = (
                        {"thinking": {"type": "enabled", "budget_tokens": 1500}, "max_tokens": 4096}
                        if name == "reasons"
                        else {}
                    )
                    play(scenes[name], "claude", **({"extra_body": more} if name == "reasons" else more))
                time.sleep(3)
            finally:
                proxy.terminate()
        for name, file in (("litellm_standard", "payloads.jsonl"), ("litellm_spendlogs", "rows.jsonl")):
            (target / name).mkdir(exist_ok=True)
            text = (Path(folder) / f"{name}.jsonl").read_text(encoding="utf-8")
            (target / name / file).write_text(text.replace(sys.prefix, "/usr/local"), encoding="utf-8")
        server.shutdown()


if __name__ == "__main__":
    main()
