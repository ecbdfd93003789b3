"""What every command that stands in the way has in common: whose policy it carries out, who may ask, what holds when something fails."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.engine import Workspace
    from stillwatch.gateway.choosing import Server
    from stillwatch.gateway.options import Options
    from stillwatch.gateway.serving import Admin, Listen
    from stillwatch.policy import Gate

__all__ = ["Following", "Ways", "follow", "serve_until_ended"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """Options that the gateway and its webhook share.

    Attributes:
        policy: File of rules; docs/policy.md says how they look.
        standing: File of the standing that the pipeline writes; standing/standing.arrow in the workspace by default.
        unsafe_observe_only: Run without rules; everything passes.
        workspace: Folder whose key names accounts, and whose standing is read.
        host: Address to listen on.
        admin_host: Address of the operator's pages (/metrics, /health, /ready, /coverage); they have no password.
        tls_cert: Certificate chain; with it the port speaks TLS.
        tls_key: Private key of the certificate.
        client_ca: Certificates of which clients must show one.
        account_header: Header in which a trusted front names the account; else the key stands for it.
        org_header: Header in which a trusted front names the organisation; else none is known.
        beside: Processes that stand side by side; each lets an equal share of every limit through.
        valkey: Server from which the standing is fetched, such as rediss://host:6379/0; better in STILLWATCH_VALKEY.
        hide_reasons: Leave rule and step out of what callers read.
        when_policy_fails: Refuse requests (closed) or let them pass (unsafe-open) when the policy raises an error.
        when_unreadable: The same for bodies that are no JSON.
        when_not_hideable: The same for answers in which something must be hidden and nobody can.
    """

    policy: Path | None = None
    standing: Path | None = None
    unsafe_observe_only: Annotated[bool, Parameter(negative=())] = False
    workspace: Path = DEFAULT_WORKSPACE
    host: str = "127.0.0.1"
    admin_host: str = "127.0.0.1"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    account_header: str | None = None
    org_header: str | None = None
    beside: int = 1
    valkey: Annotated[str | None, Parameter(env_var="STILLWATCH_VALKEY")] = None
    hide_reasons: Annotated[bool, Parameter(negative=())] = False
    when_policy_fails: Literal["closed", "unsafe-open"] = "closed"
    when_unreadable: Literal["closed", "unsafe-open"] = "closed"
    when_not_hideable: Literal["closed", "unsafe-open"] = "closed"

    def checked(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            Error: saying which options do not go together.
        """
        from stillwatch.core import Error

        if (self.policy is None) is not self.unsafe_observe_only:
            raise Error("name the rules with --policy FILE, or say --unsafe-observe-only to run without any")
        if (self.tls_cert is None) is not (self.tls_key is None):
            raise Error("--tls-cert and --tls-key come together")
        if self.client_ca is not None and self.tls_cert is None:
            raise Error("--client-ca needs --tls-cert and --tls-key: without TLS no client can show a certificate")

    def options(self, **more: Any) -> Options:
        """What holds for every request; `more` are options of one command alone."""
        from stillwatch.gateway.options import Fail, Options

        return Options(
            decide=Fail(self.when_policy_fails),
            unreadable=Fail(self.when_unreadable),
            hide=Fail(self.when_not_hideable),
            visible=not self.hide_reasons,
            **more,
        )

    def listen(self, port: int, admin_port: int, **more: Any) -> Listen:
        """Where it listens."""
        from stillwatch.gateway.serving import Listen

        return Listen(
            host=self.host,
            port=port,
            admin_host=self.admin_host,
            admin_port=admin_port,
            tls_cert=None if self.tls_cert is None else str(self.tls_cert),
            tls_key=None if self.tls_key is None else str(self.tls_key),
            client_ca=None if self.client_ca is None else str(self.client_ca),
            **more,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Following:
    """A gate, what makes it follow its files, and how old its standing is."""

    gate: Gate
    refresh: Callable[[], object] | None
    age: Callable[[], float | None]


def follow(ways: Ways, workspace: Workspace) -> Following:
    """Open the gate that the options name.

    Raises:
        Error: when the policy cannot be used.
    """
    from stillwatch.gateway.observe import UnsafeObserveOnly
    from stillwatch.policy import connect, fetch_standing, open_gate

    if ways.policy is None:
        return Following(gate=UnsafeObserveOnly(), refresh=None, age=lambda: None)
    standing = ways.standing or ways.workspace / "standing" / "standing.arrow"
    fetch = None
    if ways.valkey is not None:
        client = connect(ways.valkey)

        def fetch(known: bytes | None) -> bytes | None:
            return fetch_standing(client, standing, workspace.key, known=known)

    watched = open_gate(ways.policy, standing, workers=ways.beside, fetch=fetch)
    return Following(gate=watched.gate, refresh=watched.refresh, age=lambda: watched.gate.health(time.time()).age)


def serve_until_ended(
    app: Any,
    admin: Admin,
    listen: Listen,
    following: Following,
    *,
    said: str,
    beside: Any = None,
    server: Server = "uvicorn",
) -> None:
    """Run the worker on uvloop and say where it listens. `beside` is an async context that is open for as long, and says what it does."""
    import contextlib

    import uvloop

    from stillwatch.gateway.logs import log_to
    from stillwatch.gateway.serving import serve

    async def serving() -> None:
        async with contextlib.nullcontext("") if beside is None else beside as more:

            def listening(taken: int, pages: int | None) -> None:
                where = f"{listen.host}:{taken}"
                print(
                    f"Listening on {where}{said}.{more} Pages of the operator on {listen.admin_host}:{pages}.",
                    flush=True,
                )

            await serve(app, admin, listen, server=server, started=listening, refresh=following.refresh)

    log_to(sys.stderr)
    uvloop.run(serving())
