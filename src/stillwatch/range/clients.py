"""The programs that call the API: user agents with realistic versions, and the TLS fingerprint of each kind."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLIENTS", "choose", "ja4"]

CLIENTS: dict[str, tuple[tuple[str, float], ...]] = {
    "browser": (
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36",
            6,
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36",
            2,
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15",
            3,
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
            3,
        ),
        (
            "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Mobile Safari/537.36",
            3,
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", 1),
    ),
    "sdk": (
        ("OpenAI/Python 1.109.1", 3),
        ("OpenAI/Python 2.8.1", 4),
        ("OpenAI/Python 2.11.0", 2),
        ("AsyncOpenAI/Python 2.8.1", 3),
        ("AsyncOpenAI/Python 1.99.9", 1),
        ("OpenAI/JS 6.9.1", 4),
        ("OpenAI/JS 5.23.2", 2),
        ("OpenAI/Go 3.8.1", 1),
        ("python-requests/2.32.5", 2),
        ("python-httpx/0.28.1", 2),
        ("node-fetch/3.3.2", 1),
        ("Go-http-client/2.0", 1),
        ("okhttp/5.1.0", 1),
        ("curl/8.14.1", 0.5),
        ("langchain-openai/1.0.3 OpenAI/Python 2.8.1", 1.5),
        ("litellm/1.80.5", 1),
    ),
    "async": (
        ("AsyncOpenAI/Python 2.8.1", 4),
        ("AsyncOpenAI/Python 2.11.0", 2),
        ("python-httpx/0.28.1", 2),
        ("aiohttp/3.12.15", 1),
    ),
    "editor": (
        ("vscode-pairwright/1.14.2", 4),
        ("vscode-pairwright/1.13.0", 2),
        ("jetbrains-pairwright/2026.2.1", 2),
        ("zed/0.214.4", 1),
    ),
    "harness": (
        ("opencrew/0.42.1 (linux; x64)", 4),
        ("opencrew/0.42.1 (darwin; arm64)", 4),
        ("opencrew/0.41.3 (linux; x64)", 2),
    ),
    "extension": (("PageLens/3.7.0 (Chrome extension)", 3), ("PageLens/3.6.4 (Chrome extension)", 1)),
    "eval": (("lm-evalrunner/0.9.4 AsyncOpenAI/Python 2.8.1", 1),),
}
"""User agents by kind of program, with weights. The named editors, harnesses and extensions are invented."""


def choose(rng: np.random.Generator, kind: str, size: int) -> list[str]:
    """Draw `size` user agents of one kind."""
    names = [name for name, _ in CLIENTS[kind]]
    weights: NDArray[np.float64] = np.array([weight for _, weight in CLIENTS[kind]])
    return [names[k] for k in rng.choice(len(names), size, p=weights / weights.sum()).tolist()]


def ja4(user_agent: str) -> str:
    """A fingerprint in the shape of JA4 that depends on the program's family and not on its version."""
    family = user_agent.split("/")[0] + user_agent[12:24] * user_agent.startswith("Mozilla")
    digest = hashlib.blake2b(family.encode("utf-8"), digest_size=12).hexdigest()
    return f"t13d1516h2_{digest[:12]}_{digest[12:24]}"
