"""One exchange as a log had it, and what its identities are called before they become pseudonyms."""

from __future__ import annotations

import hashlib
import re

import msgspec

__all__ = ["Exchange", "account_id", "client_claimed", "credential_id"]

_PRODUCT = re.compile(r"\s*([^\s;()]+)")
_KEY = re.compile(r"\s*(?:(?:bearer|basic|key)\s+\S|(?:sk|rk|gsk|xai|hf|pplx)[-_]|AIza)", re.IGNORECASE)
"""How the keys of model providers begin."""


class Exchange(msgspec.Struct, gc=False):
    """One request with its response before pseudonymisation. `at` is in microseconds UTC; `None` is unknown."""

    at: int | None = None
    account: str | None = None
    org: str | None = None
    credential: str | None = None
    end_user: str | None = None
    ip: str | None = None
    asn: int | None = None
    user_agent: str | None = None
    tls_fingerprint: str | None = None
    model: str | None = None
    pathway: str | None = None
    outcome: str | None = None
    http_status: int | None = None
    retention_class: str | None = None
    system: str | None = None
    prompt: str | None = None
    messages: str | None = None
    turns: int | None = None
    tools: str | None = None
    output: str | None = None
    reasoning: str | None = None
    reasoning_artifacts: list[str] | None = None
    artifacts_returned: list[str] | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: bool | None = None
    stream: bool | None = None
    stop_reason: str | None = None
    refusal_category: str | None = None
    conversation: str | None = None
    request: str | None = None
    format: str | None = None
    source: int | None = None
    line: int = 0


def credential_id(token: str) -> str:
    """Stand-in for an API key: a live secret becomes its SHA-256 (as LiteLLM writes keys), what was masked before stays as it is.

    >>> credential_id("sk-...x9Qz")
    'sk-...x9Qz'
    """
    bare = token.strip()
    scheme, _, rest = bare.partition(" ")
    if rest and scheme.lower() in ("bearer", "basic", "key"):
        bare = rest.strip()
    masked = "..." in bare or "*" in bare or "…" in bare or bare.startswith(("sha256", "hash"))
    if masked or len(bare) < 20 or re.fullmatch(r"[0-9a-f]{64}", bare):
        return bare
    return hashlib.sha256(bare.encode("utf-8", "surrogatepass")).hexdigest()


def account_id(name: str) -> str:
    """Name of an account as every reader gives it out: a key that stands for an account becomes what `credential_id` makes of it.

    Logs and account facts both go through here, so that they join, and a live key never reaches the vault.

    >>> account_id("acme"), account_id("sk-...x9Qz"), len(account_id("sk-live-0123456789abcdef"))
    ('acme', 'sk-...x9Qz', 64)
    """
    return credential_id(name) if _KEY.match(name) else name


def client_claimed(user_agent: str) -> str | None:
    """Client that a user agent claims to be: its first product token, without the version, at most 40 characters.

    >>> client_claimed("OpenAI/Python 1.99.1")
    'OpenAI/Python'
    >>> client_claimed("claude-cli/2.0.1 (external)")
    'claude-cli'
    """
    found = _PRODUCT.match(user_agent)
    if found is None:
        return None
    product, slash, version = found[1].partition("/")
    if slash and version and not any(c.isdigit() for c in version):
        product = found[1]
    return (product or found[1])[:40]
