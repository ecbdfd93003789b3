"""`stillwatch console`: the analysts' pages over a workspace, and who may log in to them."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from stillwatch.cli.app import app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.console import House

__all__ = ["console_app"]

console_app = App(name="console", help="Pages on which analysts look at findings and decide cases.")
app.command(console_app)
user_app = App(name="user", help="Who may log in to the console.")
console_app.command(user_app)

_Flag = Annotated[bool, Parameter(negative=())]


@console_app.default
def console(
    workspace: Path = DEFAULT_WORKSPACE,
    /,
    *,
    port: int = 8700,
    bind: str = "127.0.0.1",
    host: Annotated[list[str] | None, Parameter(negative=())] = None,
    proxy: Annotated[list[str] | None, Parameter(negative=())] = None,
    https: _Flag = False,
    open: _Flag = False,  # noqa: A002 - the option is called so
) -> None:
    """Serve the console until it is stopped. Nobody gets in without a log-in: see `stillwatch console user add`.

    Args:
        workspace: Folder of the scan.
        port: Port to listen on.
        bind: Address to listen on; this machine alone by default.
        host: Further names under which people reach it, such as desk.example.
        proxy: Address of a proxy in front whose X-Forwarded-For is believed, so that tries to log in are counted by visitor.
        https: People reach it by HTTPS, by a proxy in front: cookies are then sent that way only.
        open: Open it in a browser.
    """
    import webbrowser

    from stillwatch.console import serve
    from stillwatch.core import Error

    house = _house(workspace, secure=https)
    if house.provider is None and not any(one.active for one in house.people.everybody()):
        raise Error(f"nobody may log in yet: stillwatch console user add NAME --role analyst --workspace {workspace}")
    address = f"http://{'127.0.0.1' if bind in ('0.0.0.0', '::') else bind}:{port}/"  # noqa: S104 - compared with
    print(f"Console of {workspace} at {address}; Ctrl-C ends it", flush=True)
    if open:
        webbrowser.open(address)
    serve(house, bound=bind, port=port, hosts=host or [], proxies=proxy or [])


@user_app.command(name="add")
def user_add(name: str, /, *, role: str = "analyst", workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Let somebody log in. The password is asked for, or read from standard input; they choose their own at first log-in.

    Args:
        name: Name to log in with: small letters, digits, dots, dashes.
        role: viewer, analyst, approver, auditor or admin.
        workspace: Folder of the scan.
    """
    from stillwatch.cli.case import word
    from stillwatch.console import Role

    house = _house(workspace)
    made = house.people.add(name, word(Role, role, "role"), _password(), at=house.clock().isoformat())
    print(f"{made.name} may log in as {made.role}")


@user_app.command(name="list")
def user_list(*, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """List who may log in.

    Args:
        workspace: Folder of the scan.
    """
    for one in _house(workspace).people.everybody():
        print("\t".join((one.name, one.role, "on" if one.active else "off", one.made[:10])))


@user_app.command(name="password")
def user_password(name: str, /, *, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Set a new password; the person's sessions end, and they choose their own at the next log-in.

    Args:
        name: Whose.
        workspace: Folder of the scan.
    """
    _house(workspace).people.give_password(name, _password())
    print(f"{name}: password set, sessions ended")


def _house(workspace: Path, *, secure: bool = False) -> House:
    from stillwatch.console import House
    from stillwatch.engine import Workspace

    return House(Workspace(workspace, make=False), secure=secure)


def _password() -> str:
    """A password from a person, or from standard input without its line end."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass.getpass("Password: ")
