"""`stillwatch gateway`: stand in front of a model API and carry the policy out."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from stillwatch.cli.app import app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from stillwatch.policy import Gate

__all__ = ["gateway"]


@app.command
def gateway(
    *,
    upstream: str,
    policy: Path | None = None,
    standing: Path | None = None,
    unsafe_observe_only: Annotated[bool, Parameter(negative=())] = False,
    workspace: Path = DEFAULT_WORKSPACE,
    host: str = "127.0.0.1",
    port: int = 8080,
    admin_host: str = "127.0.0.1",
    admin_port: int = 9464,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    client_ca: Path | None = None,
    upstream_ca: Path | None = None,
    account_header: str | None = None,
    org_header: str | None = None,
    account_since_header: str | None = None,
    trust_forwarded: Annotated[bool, Parameter(negative=())] = False,
    zero_retention: Path | None = None,
    beside: int = 1,
    valkey: Annotated[str | None, Parameter(env_var="STILLWATCH_VALKEY")] = None,
    capture: bool = True,
    roll_seconds: float = 60.0,
    pathway: str = "gateway",
    hide_reasons: Annotated[bool, Parameter(negative=())] = False,
    bind_signatures: Literal["off", "org", "model", "prefix"] = "off",
    strict_signatures: Annotated[bool, Parameter(negative=())] = False,
    keep_engine_fields: Annotated[bool, Parameter(negative=())] = False,
    protected_text: Annotated[list[Path] | None, Parameter(negative=())] = None,
    translator: str | None = None,
    marks_key: Path | None = None,
    sibling_credential: Path | None = None,
    sibling_calls: int = 2000,
    record_days: int = 400,
    when_policy_fails: Literal["closed", "unsafe-open"] = "closed",
    when_unreadable: Literal["closed", "unsafe-open"] = "closed",
    when_not_hideable: Literal["closed", "unsafe-open"] = "closed",
    max_body_mb: int = 32,
    max_held_mb: int = 512,
    silence_seconds: float = 600.0,
    drain_seconds: float = 30.0,
) -> None:
    """Stand in front of a model API: pass requests on, carry the policy out, keep exchanges for the next scan.

    Args:
        upstream: URL of the model API; paths are appended.
        policy: File of rules; docs/policy.md says how they look.
        standing: File of the standing that the pipeline writes; standing/standing.arrow in the workspace by default.
        unsafe_observe_only: Run without rules; everything passes, and is captured.
        workspace: Folder whose key names accounts, whose standing is read and whose inbox takes the capture.
        host: Address to listen on.
        port: Port to listen on.
        admin_host: Address of the operator's pages (/metrics, /health, /ready, /coverage); they have no password.
        admin_port: Port of the operator's pages.
        tls_cert: Certificate chain; with it the port speaks TLS.
        tls_key: Private key of the certificate.
        client_ca: Certificates of which clients must show one.
        upstream_ca: Certificates that are trusted of the upstream instead of the system's.
        account_header: Header in which a trusted front names the account; else the key stands for it.
        org_header: Header in which a trusted front names the organisation; else none is known.
        account_since_header: Header in which a trusted front says since when the account exists, a date or seconds since 1970.
        trust_forwarded: A trusted front sets X-Forwarded-For.
        zero_retention: File of accounts and organisations whose text is never kept, one a line.
        beside: Gateways that stand side by side; each lets an equal share of every limit through.
        valkey: Server from which the standing is fetched, such as rediss://host:6379/0; better in STILLWATCH_VALKEY.
        capture: Keep exchanges for the next scan.
        roll_seconds: How long a capture file stays open.
        pathway: What the capture calls this way in.
        hide_reasons: Leave rule and step out of headers and error bodies.
        bind_signatures: Bind reasoning signatures to the organisation, also to the model, also to the conversation so far.
        strict_signatures: Refuse signatures without a seal too: without this, taking the seal off lets one through.
        keep_engine_fields: Let fields through that reach into the serving engine, such as opting out of a watermark.
        protected_text: File of text that no answer on hold may say, passages parted by blank lines; give it once for each.
        translator: Function of the operator's, module:name, that translates answers on hold and reasoning into one language.
        marks_key: Master key from which marks are drawn, as stillwatch audit keys writes it.
        sibling_credential: File of headers, one a line, that calls for siblings carry in the place of the customer's key.
        sibling_calls: Calls for siblings a day (UTC), over all accounts.
        record_days: Days for which siblings and drawn marks are kept.
        when_policy_fails: Refuse requests (closed) or let them pass (unsafe-open) when the policy raises an error.
        when_unreadable: The same for bodies that are no JSON.
        when_not_hideable: The same for answers in which something must be hidden and nobody can read them.
        max_body_mb: Largest request body.
        max_held_mb: Request bodies that are held at once, all together; beyond that 503.
        silence_seconds: How long the upstream may be silent.
        drain_seconds: How long requests under way may take when the gateway ends.
    """
    from stillwatch.core import Error
    from stillwatch.engine import Workspace

    try:
        from stillwatch.gateway.serving import Admin, Listen, serve
    except ImportError as error:
        raise Error(
            f"the gateway needs its extra: pip install 'stillwatch[gateway]' ({error.name} is missing)"
        ) from error
    from stillwatch.gateway.capture import Capture
    from stillwatch.gateway.extras import Extras
    from stillwatch.gateway.logs import log_to
    from stillwatch.gateway.options import Fail, Options
    from stillwatch.gateway.relay import Gateway
    from stillwatch.gateway.signatures import Binding, Bound
    from stillwatch.gateway.upstream import Upstream
    from stillwatch.gateway.who import Identities, read_names

    if (policy is None) is not unsafe_observe_only:
        raise Error("name the rules with --policy FILE, or say --unsafe-observe-only to run without any")
    if (tls_cert is None) is not (tls_key is None):
        raise Error("--tls-cert and --tls-key come together")
    opened = Workspace(workspace)
    options = Options(
        max_body=max_body_mb << 20,
        max_held=max_held_mb << 20,
        silence_seconds=silence_seconds,
        decide=Fail(when_policy_fails),
        unreadable=Fail(when_unreadable),
        hide=Fail(when_not_hideable),
        visible=not hide_reasons,
        pathway=pathway,
        forwarded=trust_forwarded,
        strip=not keep_engine_fields,
    )
    gate, refresh, age = _gate(
        policy, standing or workspace / "standing" / "standing.arrow", beside=beside, valkey=valkey, key=opened.key
    )
    extras = Extras(
        protected=tuple(protected_text or ()),
        translator=translator,
        marks_key=marks_key,
        credential=sibling_credential,
        calls_a_day=sibling_calls,
        days=record_days,
    )
    extras.fit(gate, binds=bind_signatures != "off", knows_age=account_since_header is not None)
    behind = partial(
        Upstream,
        upstream,
        connect_seconds=options.connect_seconds,
        silence_seconds=silence_seconds,
        ca=None if upstream_ca is None else str(upstream_ca),
    )
    keeping = Capture(workspace / "inbox", roll_seconds=roll_seconds) if capture else None
    served = Gateway(
        behind(),
        gate,
        Identities(
            opened.names,
            account_header=account_header,
            org_header=org_header,
            since_header=account_since_header,
            zero=frozenset() if zero_retention is None else read_names(zero_retention),
        ),
        options=options,
        capture=keeping,
        binding=None
        if bind_signatures == "off"
        else Binding(opened.key, to=Bound[bind_signatures.upper()], strictly=strict_signatures),
        guard=extras.guard(),
        marking=extras.marking(workspace),
        sampling=extras.sampling(workspace, behind),
    )
    listen = Listen(
        host=host,
        port=port,
        admin_host=admin_host,
        admin_port=admin_port,
        tls_cert=None if tls_cert is None else str(tls_cert),
        tls_key=None if tls_key is None else str(tls_key),
        client_ca=None if client_ca is None else str(client_ca),
        drain_seconds=drain_seconds,
    )
    log_to(sys.stderr)
    admin = Admin(served.metrics, keeping, pathway=pathway, age=age, safeguards=served.safeguards)

    def listening(taken: int, pages: int | None) -> None:
        print(
            f"Listening on {host}:{taken}, before {upstream}. Pages of the operator on {admin_host}:{pages}.",
            flush=True,
        )

    _run(serve(served, admin, listen, started=listening, refresh=refresh))


def _gate(
    policy: Path | None, standing: Path, *, beside: int, valkey: str | None, key: bytes
) -> tuple[Gate, Callable[[], object] | None, Callable[[], float | None]]:
    """The gate, what makes it follow its files, and how old its standing is."""
    from stillwatch.gateway.observe import UnsafeObserveOnly
    from stillwatch.policy import connect, fetch_standing, open_gate

    if policy is None:
        return UnsafeObserveOnly(), None, lambda: None
    fetch = None
    if valkey is not None:
        client = connect(valkey)

        def fetch(known: bytes | None) -> bytes | None:
            return fetch_standing(client, standing, key, known=known)

    watched = open_gate(policy, standing, workers=beside, fetch=fetch)
    return watched.gate, watched.refresh, lambda: watched.gate.health(time.time()).age


def _run(serving: Coroutine[Any, Any, None]) -> None:
    """Run the worker on uvloop."""
    import uvloop

    uvloop.run(serving)
