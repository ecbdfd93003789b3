"""Function calls that LiteLLM makes for a request, with the plug-in or without: `PYTHON bench/gateway_adapters_calls.py PLACE PORT PLUG-IN SHAPE COUNT`.

PYTHON is that of LiteLLM's environment, PLACE a folder, PORT the model API's. Calls of Python and of C are counted in every thread of the
process, while requests come one by one: the figure is the same on a busy machine and on an idle one. The last line is JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import secrets
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

CONFIG = """
model_list:
  - model_name: mock
    litellm_params: {{ model: openai/mock, api_base: "http://127.0.0.1:{port}/v1", api_key: sk-mock }}
litellm_settings: {{ telemetry: false{callbacks} }}
general_settings: {{ custom_auth: any_key.auth }}
"""
ANY_KEY = """
from litellm.proxy._types import UserAPIKeyAuth, hash_token
async def auth(request, api_key):
    return UserAPIKeyAuth(api_key=hash_token(api_key))
"""
SETTLE = 3.0
"""Seconds in which LiteLLM's logging of the last request ends."""
COUNTED: Counter[str] = Counter()
ON = [False]


def _count(frame: Any, event: str, arg: Any) -> None:
    if ON[0] and event in ("call", "c_call"):
        COUNTED["calls"] += 1


def _surround(place: Path, port: str, plug_in: str) -> None:
    """The folder, the environment and the modules that LiteLLM finds there."""
    source = Path(__file__).resolve().parent.parent / "src"
    callbacks = "" if plug_in == "none" else f", callbacks: stillwatch.gateway.adapters.litellm.{plug_in}"
    (place / "config.yaml").write_text(CONFIG.format(port=port, callbacks=callbacks))
    (place / "any_key.py").write_text(ANY_KEY)
    os.environ.update(
        PYTHONPATH=str(source),
        LITELLM_LOCAL_MODEL_COST_MAP="True",
        LITELLM_MASTER_KEY=f"sk-{secrets.token_hex(32)}",
        STILLWATCH_WORKSPACE=str(place / "ws"),
        CONFIG_FILE_PATH=str(place / "config.yaml"),
        WORKER_CONFIG=str(place / "config.yaml"),
    )
    sys.path[:0] = [str(source), str(place)]
    os.chdir(place)


async def _measured(shape: str, count: int) -> dict[str, Any]:
    import httpx
    from litellm.proxy.proxy_server import app

    ask = {"model": "mock", "stream": shape == "stream", "temperature": 0.7, "max_tokens": 400,
           "messages": [{"role": "system", "content": "You help."}, {"role": "user", "content": "word " * 170}]}  # fmt: skip
    headers = {"authorization": f"Bearer sk-bench-{secrets.token_hex(8)}", "x-mock-events": "50"}
    said: Any = None
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t", timeout=120) as client,
    ):
        for number in range(10 + count):
            if number == 10:
                await asyncio.sleep(SETTLE)
                sys.setprofile(_count)
                ON[0] = True
            said = await client.post("/v1/chat/completions", json=ask, headers=headers)
            assert said.status_code == 200
        await asyncio.sleep(SETTLE)
        ON[0] = False
        sys.setprofile(None)
    return {"calls": round(COUNTED["calls"] / count), "tracked_objects": len(gc.get_objects()), "policy": said.headers.get("x-stillwatch-policy")}  # fmt: skip


if __name__ == "__main__":
    folder, upstream, name, kind, many = sys.argv[1:]
    threading.setprofile(_count)
    _surround(Path(folder), upstream, name)
    print(json.dumps(asyncio.run(_measured(kind, int(many)))), flush=True)
    os._exit(0)  # LiteLLM's own threads would keep the process
