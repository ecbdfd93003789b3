"""`stillwatch gateway webhook`: the service that other people's gateways ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stillwatch.cli.app import app
from stillwatch.cli.gateway_start import Ways, follow, serve_until_ended

if TYPE_CHECKING:
    from stillwatch.gateway.adapters.webhook import Webhook

__all__ = ["gateway_webhook"]

_HERE = frozenset(("127.0.0.1", "::1", "localhost"))
_WAYS = Ways()


@app["gateway"].command(name="webhook")
def gateway_webhook(
    *,
    ways: Ways = _WAYS,
    port: int = 8081,
    admin_port: int = 9465,
    envoy_port: int | None = None,
    secret: Annotated[str | None, Parameter(env_var="STILLWATCH_WEBHOOK_SECRET")] = None,
    unsafe_without_secret: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Answer guardrail hooks of LiteLLM, agentgateway, Portkey, Kong and Envoy by the policy; docs/adapters.md has their settings.

    Args:
        port: Port to listen on.
        admin_port: Port of the operator's pages.
        envoy_port: Port on which Envoy asks over gRPC (stillwatch[envoy]); without it Envoy asks over HTTP only.
        secret: What askers show in x-stillwatch-secret (LiteLLM: x-api-key); better in STILLWATCH_WEBHOOK_SECRET.
        unsafe_without_secret: Let anybody ask who reaches the port, also from other machines.
    """
    from stillwatch.core import Error
    from stillwatch.engine import Workspace
    from stillwatch.gateway.adapters.hosts import Hosts
    from stillwatch.gateway.adapters.webhook import Webhook
    from stillwatch.gateway.serving import Admin
    from stillwatch.gateway.who import Identities

    ways.checked()
    if secret is None and ways.client_ca is None and ways.host not in _HERE and not unsafe_without_secret:
        raise Error(
            "whoever reaches the port could ask about any account and use up its limits: set STILLWATCH_WEBHOOK_SECRET, "
            "name --client-ca, or say --unsafe-without-secret"
        )
    opened = Workspace(ways.workspace)
    following = follow(ways, opened)
    service = Webhook(
        following.gate,
        Hosts(opened.names),
        Identities(opened.names, account_header=ways.account_header, org_header=ways.org_header),
        secret=secret,
        options=ways.options(pathway="webhook"),
    )
    admin = Admin(service.metrics, None, pathway="webhook", age=following.age)
    beside = None if envoy_port is None else _asked_over_grpc(service, ways, envoy_port)
    serve_until_ended(
        service, admin, ways.listen(port, admin_port), following, said=" for guardrail hooks", beside=beside
    )


@asynccontextmanager
async def _asked_over_grpc(service: Webhook, ways: Ways, port: int) -> AsyncIterator[str]:
    from stillwatch.core import Error, get_extra

    try:
        from stillwatch.gateway.adapters.ext_authz import listening
    except ImportError as error:
        raise Error(f"--envoy-port: {error.name} is not installed; {get_extra('envoy')}") from error
    tls = None if ways.tls_cert is None or ways.tls_key is None else (ways.tls_cert, ways.tls_key)
    async with listening(service, ways.host, port, tls=tls, client_ca=ways.client_ca) as taken:
        yield f" Envoy asks over gRPC on {ways.host}:{taken}."
