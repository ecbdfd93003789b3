"""`stillwatch gateway send` and `receive`: captures from the machine of a gateway to the one where scans are run."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

from cyclopts import Parameter

from stillwatch.cli.app import app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["gateway_receive", "gateway_send"]

Server = Annotated[str, Parameter(env_var="STILLWATCH_VALKEY")]


@app["gateway"].command(name="send")
def gateway_send(
    *,
    valkey: Server,
    workspace: Path = DEFAULT_WORKSPACE,
    every: float = 5.0,
    once: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Send what a gateway has captured through Valkey or Redis, and delete what the server has taken.

    Args:
        valkey: Server that takes it, such as rediss://host:6379/0; better in STILLWATCH_VALKEY.
        workspace: Folder whose inbox is sent and whose key vouches for it.
        every: Seconds between looks.
        once: Send what is there, and end.
    """
    from stillwatch.engine import Workspace
    from stillwatch.gateway.shipping import send
    from stillwatch.policy import connect

    opened, server = Workspace(workspace), cast(Any, connect(valkey))
    _again(lambda: f"Sent {send(server, workspace / 'inbox', opened.key):,} files.", every=every, once=once)


@app["gateway"].command(name="receive")
def gateway_receive(
    *,
    valkey: Server,
    workspace: Path = DEFAULT_WORKSPACE,
    reader: str | None = None,
    every: float = 5.0,
    once: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Take captures of gateways on other machines into the inbox, where stillwatch scan and watch read them.

    Args:
        valkey: Server to which gateways send, such as rediss://host:6379/0; better in STILLWATCH_VALKEY.
        workspace: Folder whose inbox takes them and with whose key they must have been written.
        reader: Name of this machine among those that receive side by side; its host name by default.
        every: Seconds between looks.
        once: Take what is there, and end.
    """
    from stillwatch.engine import Workspace
    from stillwatch.gateway.shipping import take_in
    from stillwatch.policy import connect

    opened, server = Workspace(workspace), cast(Any, connect(valkey))
    me = reader or platform.node() or "scan"

    def look() -> str:
        taken, refused = take_in(server, workspace / "inbox", opened.key, reader=me)
        return f"Took in {taken:,} files." + (f" Refused {refused:,} of another key." if refused else "")

    _again(look, every=every, once=once)


def _again(look: Callable[[], str], *, every: float, once: bool) -> None:
    """Look until interrupted; a server that is away is said, and asked again."""
    from stillwatch.core import Error

    last = ""
    while True:
        try:
            said = look()
        except Error as error:
            if once:
                raise
            said = str(error)
        if once or (said != last and " 0 " not in said):
            print(said, flush=True)
        last = said
        if once:
            return
        time.sleep(every)
