"""`stillwatch gateway`: stand in front of a model API and carry the policy out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from stillwatch.cli.app import app
from stillwatch.cli.gateway_start import Ways, follow, serve_until_ended

__all__ = ["gateway"]

_WAYS = Ways()


@app.command
def gateway(
    *,
    upstream: str,
    ways: Ways = _WAYS,
    port: int = 8080,
    admin_port: int = 9464,
    server: Literal["uvicorn", "granian"] = "uvicorn",
    upstream_ca: Path | None = None,
    account_since_header: str | None = None,
    trust_forwarded: Annotated[bool, Parameter(negative=())] = False,
    zero_retention: Path | None = None,
    capture: bool = True,
    otlp: Annotated[str | None, Parameter(env_var="STILLWATCH_OTLP")] = None,
    roll_seconds: float = 60.0,
    pathway: str = "gateway",
    bind_signatures: Literal["off", "org", "model", "prefix"] = "off",
    strict_signatures: Annotated[bool, Parameter(negative=())] = False,
    keep_engine_fields: Annotated[bool, Parameter(negative=())] = False,
    protected_text: Annotated[list[Path] | None, Parameter(negative=())] = None,
    translator: str | None = None,
    marks_key: Path | None = None,
    sibling_credential: Path | None = None,
    sibling_calls: int = 2000,
    record_days: int = 400,
    max_body_mb: int = 32,
    max_held_mb: int = 512,
    silence_seconds: float = 600.0,
    kept_seconds: float = 4.0,
    drain_seconds: float = 30.0,
    traces: Annotated[str | None, Parameter(env_var="STILLWATCH_TRACES")] = None,
    traces_share: float = 0.01,
) -> None:
    """Stand in front of a model API: pass requests on, carry the policy out, keep exchanges for the next scan.

    Args:
        upstream: URL of the model API; paths are appended.
        port: Port to listen on.
        admin_port: Port of the operator's pages.
        server: What listens on the port; granian has an extra of its own.
        upstream_ca: Certificates that are trusted of the upstream instead of the system's.
        account_since_header: Header in which a trusted front says since when the account exists, a date or seconds since 1970.
        trust_forwarded: A trusted front sets X-Forwarded-For.
        zero_retention: File of accounts and organisations whose text is never kept, one a line.
        capture: Keep exchanges in the workspace's inbox for the next scan.
        otlp: Where exchanges go as OpenTelemetry GenAI spans instead of the inbox: a collector such as http://localhost:4318, or a folder.
        roll_seconds: How long a capture file stays open.
        pathway: What the capture calls this way in.
        bind_signatures: Bind reasoning signatures to the organisation, also to the model, also to the conversation so far.
        strict_signatures: Refuse signatures without a seal too: without this, taking the seal off lets one through.
        keep_engine_fields: Let fields through that reach into the serving engine, such as opting out of a watermark.
        protected_text: File of text that no answer on hold may say, passages parted by blank lines; give it once for each.
        translator: Function of the operator's, module:name, that translates answers on hold and reasoning into one language.
        marks_key: Master key from which marks are drawn, as stillwatch audit keys writes it.
        sibling_credential: File of headers, one a line, that calls for siblings carry in the place of the customer's key.
        sibling_calls: Calls for siblings a day (UTC), over all accounts.
        record_days: Days for which siblings and drawn marks are kept.
        max_body_mb: Largest request body.
        max_held_mb: Request bodies that are held at once, all together; beyond that 503.
        silence_seconds: How long the upstream may be silent.
        kept_seconds: How long a connection without work is kept; less than the upstream keeps it (uvicorn, vLLM and Node: 5).
        drain_seconds: How long requests under way may take when the gateway ends.
        traces: Collector that OpenTelemetry traces go to, such as http://localhost:4318; without it there are none.
        traces_share: Share of requests that are traced; those of callers who trace theirs count alike.
    """
    from stillwatch.core import Error, get_extra
    from stillwatch.engine import Workspace

    try:
        from stillwatch.gateway.serving import Admin
    except ImportError as error:
        raise Error(f"the gateway: {error.name} is not installed; {get_extra('gateway')}") from error
    from stillwatch.gateway.capture import Capture, checked_url
    from stillwatch.gateway.choosing import granian_server
    from stillwatch.gateway.extras import Extras
    from stillwatch.gateway.relay import Gateway
    from stillwatch.gateway.signatures import Binding, Bound
    from stillwatch.gateway.upstream import Upstream
    from stillwatch.gateway.who import Identities, read_names

    ways.checked()
    if otlp is not None and not capture:
        raise Error("--otlp says where the capture goes: leave out --no-capture")
    if otlp is not None and "://" in otlp:
        checked_url(otlp)
    if server == "granian":
        granian_server()
    tracing = None
    if traces is not None:
        try:
            from stillwatch.gateway.tracing import Tracing
        except ImportError as error:
            raise Error(f"--traces: {error.name} is not installed; {get_extra('traces')}") from error
        tracing = Tracing(traces, share=traces_share)
    opened = Workspace(ways.workspace)
    options = ways.options(
        max_body=max_body_mb << 20,
        max_held=max_held_mb << 20,
        silence_seconds=silence_seconds,
        pathway=pathway,
        forwarded=trust_forwarded,
        strip=not keep_engine_fields,
    )
    following = follow(ways, opened)
    extras = Extras(
        protected=tuple(protected_text or ()),
        translator=translator,
        marks_key=marks_key,
        credential=sibling_credential,
        calls_a_day=sibling_calls,
        days=record_days,
    )
    extras.fit(following.gate, binds=bind_signatures != "off", knows_age=account_since_header is not None)
    behind = partial(
        Upstream,
        upstream,
        connect_seconds=options.connect_seconds,
        silence_seconds=silence_seconds,
        ca=None if upstream_ca is None else str(upstream_ca),
        kept_seconds=kept_seconds,
    )
    keeping = Capture(ways.workspace / "inbox", otlp=otlp, roll_seconds=roll_seconds) if capture else None
    served = Gateway(
        behind(),
        following.gate,
        Identities(
            opened.names,
            account_header=ways.account_header,
            org_header=ways.org_header,
            since_header=account_since_header,
            zero=frozenset() if zero_retention is None else read_names(zero_retention),
        ),
        options=options,
        capture=keeping,
        binding=None
        if bind_signatures == "off"
        else Binding(opened.key, to=Bound[bind_signatures.upper()], strictly=strict_signatures),
        guard=extras.guard(),
        marking=extras.marking(ways.workspace),
        sampling=extras.sampling(ways.workspace, behind),
        tracing=tracing,
    )
    listen = ways.listen(port, admin_port, drain_seconds=drain_seconds)
    admin = Admin(served.metrics, keeping, pathway=pathway, age=following.age, safeguards=served.safeguards)
    serve_until_ended(served, admin, listen, following, said=f", before {upstream}", server=server)
