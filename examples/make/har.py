"""Make the HTTP archive: `python har.py FILE`. Environment: requirements-har.txt.

Starts the mock server and mitmproxy before it, plays scenes with the OpenAI SDK, and lets mitmproxy write the archive.
Keys are cut short afterwards; mitmproxy's own times and the SDK's are those of the run.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import openai
from mock_server import redact, serve
from scenes import CALLERS, SCENES

MOCK, PROXY = 18083, 18084
NAMES = {
    "plain",
    "chinese",
    "code",
    "several_turns",
    "tool",
    "image",
    "refusal",
    "rate_limited",
    "server_error",
    "arabic",
    "reasons",
    "short_limit",
}


def main() -> None:
    """Play and collect."""
    target = Path(sys.argv[1])
    server = serve(MOCK, None, "har")
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.har"
        command = [
            str(Path(sys.executable).with_name("mitmdump")),
            "-q",
            "--listen-host",
            "127.0.0.1",
            "--listen-port",
            str(PROXY),
        ]
        command += [
            "--mode",
            f"reverse:http://127.0.0.1:{MOCK}",
            "--set",
            f"hardump={raw}",
            "--set",
            f"confdir={folder}",
        ]
        with subprocess.Popen(command) as proxy:
            time.sleep(5)
            for scene in SCENES:
                if scene.name not in NAMES:
                    continue
                who = CALLERS[scene.caller]
                agent = {"user-agent": who.user_agent} if who.user_agent else {}
                base = f"http://127.0.0.1:{PROXY}/v1"
                client = openai.OpenAI(api_key=who.key, base_url=base, max_retries=0, default_headers=agent)
                system = [{"role": "system", "content": scene.system}] if scene.system else []
                content: Any = scene.ask
                if scene.image:
                    content = [
                        {"type": "text", "text": scene.ask},
                        {"type": "image_url", "image_url": {"url": scene.image}},
                    ]
                before = [{"role": role, "content": text} for role, text in scene.before]
                call: dict[str, Any] = {
                    "messages": [*system, *before, {"role": "user", "content": content}],
                    **scene.settings,
                }
                if scene.reasoning:
                    call["max_completion_tokens"] = call.pop("max_tokens")
                if scene.tool:
                    call["tools"] = [
                        {
                            "type": "function",
                            "function": {"name": "read_gauge", "parameters": {"type": "object", "properties": {}}},
                        }
                    ]
                with contextlib.suppress(openai.APIStatusError):
                    answer: Any = client.chat.completions.create(
                        model="o4-mini" if scene.reasoning else "gpt-4.1-mini", stream=scene.stream, **call
                    )
                    if scene.stream:
                        for _ in answer:
                            pass
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{PROXY}/favicon.ico").close()
            time.sleep(1)
            proxy.terminate()
            proxy.wait()
        archive = json.loads(raw.read_text(encoding="utf-8"))
    for entry in archive["log"]["entries"]:
        for header in entry["request"]["headers"]:
            header["value"] = redact(header["name"].lower(), header["value"])
            if header["name"].lower() == "host":
                header["value"] = "api.openai.com"
        entry["request"]["url"] = entry["request"]["url"].replace(f"http://127.0.0.1:{MOCK}", "https://api.openai.com")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(archive, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    server.shutdown()


if __name__ == "__main__":
    main()
