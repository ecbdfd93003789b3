"""The dialects of guardrail hooks, one file each: what a gateway asks about a request, and how it wants to be answered.

All of them hear of a request's beginning only, so a webhook counts requests exactly, tokens by what the policy reserves for a request,
and not how many are under way at once.
"""

from __future__ import annotations

from stillwatch.gateway.adapters.tongues import agentgateway, envoy, kong, litellm, portkey
from stillwatch.gateway.adapters.tongues.speaking import Tongue

__all__ = ["tongue_of"]

_PATHS: dict[str, Tongue] = {
    "/beta/litellm_basic_guardrail_api": litellm.LITELLM,
    "/request": agentgateway.REQUEST,
    "/response": agentgateway.RESPONSE,
    "/portkey": portkey.PORTKEY,
    "/kong": kong.KONG,
}


def tongue_of(path: str) -> tuple[Tongue, str] | None:
    """(dialect, path of the caller's own request where the dialect tells it so) spoken at a path; none at an unknown one.

    >>> tongue_of("/envoy/v1/chat/completions")[1], tongue_of("/elsewhere")
    ('/v1/chat/completions', None)
    """
    found = _PATHS.get(path)
    if found is not None:
        return found, ""
    if path == "/envoy" or path.startswith("/envoy/"):
        return envoy.ENVOY, path.removeprefix("/envoy") or "/"
    return None
