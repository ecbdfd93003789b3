"""`stillwatch gateway webhook`: the service that other people's gateways ask."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from stillwatch.cli.app import app
from stillwatch.cli.gateway import _gate, _run
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["gateway_webhook"]

_HERE = frozenset(("127.0.0.1", "::1", "localhost"))


@app["gateway"].command(name="webhook")
def gateway_webhook(
    *,
    policy: Path | None = None,
    standing: Path | None = None,
    unsafe_observe_only: Annotated[bool, Parameter(negative=())] = False,
    workspace: Path = DEFAULT_WORKSPACE,
    host: str = "127.0.0.1",
    port: int = 8081,
    admin_host: str = "127.0.0.1",
    admin_port: int = 9465,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    client_ca: Path | None = None,
    account_header: str | None = None,
    org_header: str | None = None,
    secret: Annotated[str | None, Parameter(env_var="STILLWATCH_WEBHOOK_SECRET")] = None,
    unsafe_without_secret: Annotated[bool, Parameter(negative=())] = False,
    beside: int = 1,
    valkey: Annotated[str | None, Parameter(env_var="STILLWATCH_VALKEY")] = None,
    hide_reasons: Annotated[bool, Parameter(negative=())] = False,
    when_policy_fails: Literal["closed", "unsafe-open"] = "closed",
    when_unreadable: Literal["closed", "unsafe-open"] = "closed",
    when_not_hideable: Literal["closed", "unsafe-open"] = "closed",
) -> None:
    """Answer guardrail hooks of LiteLLM, agentgateway, Portkey, Kong and Envoy by the policy; docs/adapters.md has their settings.

    Args:
        policy: File of rules; docs/policy.md says how they look.
        standing: File of the standing that the pipeline writes; standing/standing.arrow in the workspace by default.
        unsafe_observe_only: Run without rules; everything passes.
        workspace: Folder whose key names accounts and whose standing is read.
        host: Address to listen on.
        port: Port to listen on.
        admin_host: Address of the operator's pages (/metrics, /health, /ready, /coverage); they have no password.
        admin_port: Port of the operator's pages.
        tls_cert: Certificate chain; with it the port speaks TLS.
        tls_key: Private key of the certificate.
        client_ca: Certificates of which askers must show one.
        account_header: Header in which Envoy or agentgateway names the account; else the key stands for it.
        org_header: Header in which they name the organisation.
        secret: What askers show in x-stillwatch-secret (LiteLLM: x-api-key); better in STILLWATCH_WEBHOOK_SECRET.
        unsafe_without_secret: Let anybody ask who reaches the port, also from other machines.
        beside: Services that stand side by side; each lets an equal share of every limit through.
        valkey: Server from which the standing is fetched, such as rediss://host:6379/0; better in STILLWATCH_VALKEY.
        hide_reasons: Leave rule and step out of what callers read.
        when_policy_fails: Refuse requests (closed) or let them pass (unsafe-open) when the policy raises an error.
        when_unreadable: The same for bodies that are no JSON.
        when_not_hideable: The same where reasoning is to be hidden, which no hook can do.
    """
    from stillwatch.core import Error
    from stillwatch.engine import Workspace
    from stillwatch.gateway.adapters.hosts import Hosts
    from stillwatch.gateway.adapters.webhook import Webhook
    from stillwatch.gateway.logs import log_to
    from stillwatch.gateway.options import Fail, Options
    from stillwatch.gateway.serving import Admin, Listen, serve
    from stillwatch.gateway.who import Identities

    if (policy is None) is not unsafe_observe_only:
        raise Error("name the rules with --policy FILE, or say --unsafe-observe-only to run without any")
    if (tls_cert is None) is not (tls_key is None):
        raise Error("--tls-cert and --tls-key come together")
    if secret is None and client_ca is None and host not in _HERE and not unsafe_without_secret:
        raise Error(
            "whoever reaches the port could ask about any account and use up its limits: set STILLWATCH_WEBHOOK_SECRET, "
            "name --client-ca, or say --unsafe-without-secret"
        )
    opened = Workspace(workspace)
    gate, refresh, age = _gate(
        policy, standing or workspace / "standing" / "standing.arrow", beside=beside, valkey=valkey, key=opened.key
    )
    service = Webhook(
        gate,
        Hosts(opened.names),
        Identities(opened.names, account_header=account_header, org_header=org_header),
        secret=secret,
        options=Options(
            decide=Fail(when_policy_fails),
            unreadable=Fail(when_unreadable),
            hide=Fail(when_not_hideable),
            visible=not hide_reasons,
            pathway="webhook",
        ),
    )
    listen = Listen(
        host=host,
        port=port,
        admin_host=admin_host,
        admin_port=admin_port,
        tls_cert=None if tls_cert is None else str(tls_cert),
        tls_key=None if tls_key is None else str(tls_key),
        client_ca=None if client_ca is None else str(client_ca),
    )
    log_to(sys.stderr)
    admin = Admin(service.metrics, None, pathway="webhook", age=age)

    def listening(taken: int, pages: int | None) -> None:
        print(
            f"Listening on {host}:{taken} for guardrail hooks. Pages of the operator on {admin_host}:{pages}.",
            flush=True,
        )

    _run(serve(service, admin, listen, started=listening, refresh=refresh))
