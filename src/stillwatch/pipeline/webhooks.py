"""Who is told of alerts by webhook: `alerts.toml` in the workspace, read as a whole with every fault at once, and what the console adds.

[[webhook]]
name = "soc"
url = "https://soc.example.com/stillwatch"
kinds = ["finding.actor", "case.withdrawn"]     # all by default
form = "ocsf"                                   # flat by default

The console keeps its own in `desk/webhooks.json`. What lowers protection (private networks, no encryption) or reads this machine's
environment is for `alerts.toml` alone: a log-in to a web page is not enough for it.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.core.errors import Error, Fault, SettingsError
from stillwatch.engine import Workspace, durable_write
from stillwatch.pipeline.posting import Network, Refused, Target, checked_address, target
from stillwatch.report.alerts import FORMS, KINDS, new_secret

__all__ = ["Webhook", "add_webhook", "make_secret", "read_webhooks", "remove_webhook"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,40}")
_MADE = ("target", "secrets", "managed")
"""What is made of a webhook's settings, and is none."""
_KEPT = 2
"""Secrets of one endpoint that sign at once: the one in use and the one before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """One endpoint. `key_env` names the variable of the environment whose value goes into the header `key_header`.

    `bare` sends the form itself as the body, for receivers such as Coop whose API is not of our making. `unsafe_networks` are private
    networks that it may reach; `unsafe_plain_http` sends without encryption. `managed` is one that the console keeps.
    """

    name: str
    url: str
    target: Target
    kinds: tuple[str, ...] = KINDS
    form: str = "flat"
    bare: bool = False
    key_env: str = ""
    key_header: str = "X-API-KEY"
    unsafe_networks: tuple[Network, ...] = ()
    unsafe_plain_http: bool = False
    secrets: tuple[str, ...] = field(default=(), repr=False)
    managed: bool = False

    def headers(self) -> dict[str, str]:
        """The header that lets in, where the endpoint asks for one.

        Raises:
            Error: when the variable that holds it is not set.
        """
        if not self.key_env:
            return {}
        value = os.environ.get(self.key_env, "")
        if not value or not value.isascii() or not value.isprintable():
            raise Error(f"webhook {self.name}: the variable {self.key_env} of the environment holds no key")
        return {self.key_header: value}


def read_webhooks(workspace: Workspace) -> tuple[Webhook, ...]:
    """The webhooks of a workspace; none when there is no `alerts.toml`.

    Raises:
        SettingsError: with every fault of the file.
    """
    faults: list[Fault] = []
    found = [_read(f"webhook[{n}]", row, workspace, faults) for n, row in enumerate(_by_hand(workspace, faults))]
    kept = [_read(f"console's webhook[{n}]", row, workspace, faults) for n, row in enumerate(_managed(workspace))]
    found += [None if one is None else dataclasses.replace(one, managed=True) for one in kept]
    names = [one.name for one in found if one is not None]
    faults += [
        Fault(path=f"webhook {name}", message="is there twice") for name in sorted(set(names)) if names.count(name) > 1
    ]
    if faults:
        raise SettingsError(faults)
    return tuple(one for one in found if one is not None)


def add_webhook(
    workspace: Workspace,
    *,
    name: str,
    url: str,
    kinds: Sequence[str],
    form: str = "flat",
    bare: bool = False,
    recorded: Callable[[], None],
) -> str:
    """Keep a webhook for the console, and make its secret, which is returned once for its other end.

    Once nothing is wrong with it `recorded` puts it on record; only then is it kept.

    Raises:
        SettingsError: with everything that is wrong with it.
        Refused: when its host leads where nothing may be sent.
        Error: when there is one of this name.
    """
    row = {"name": name, "url": url, "kinds": list(kinds), "form": form, "bare": bare}
    faults = _faults("webhook", row)
    if not kinds:
        faults.append(Fault(path="webhook.kinds", message="expected at least one"))
    if faults:
        raise SettingsError(faults)
    if any(one.name == name for one in read_webhooks(workspace)):
        raise Error(f"webhook {name}: is there already; take another name")
    to = target(url)
    checked_address(to.host, to.port, ())
    recorded()
    secret = make_secret(workspace, name)
    _keep(workspace, [*_managed(workspace), row])
    return secret


def remove_webhook(workspace: Workspace, name: str, *, recorded: Callable[[], None]) -> None:
    """Remove a webhook that the console keeps, and its secrets, once that is recorded.

    Raises:
        Error: when the console keeps none of this name.
    """
    rows = _managed(workspace)
    left = [row for row in rows if row.get("name") != name]
    if len(left) == len(rows):
        raise Error(f"webhook {name}: is not kept by the console; whoever wrote alerts.toml takes it out there")
    recorded()
    _keep(workspace, left)
    _secret_file(workspace, name).unlink(missing_ok=True)


def _keep(workspace: Workspace, rows: Sequence[Mapping[str, Any]]) -> None:
    path = workspace.root / "desk" / "webhooks.json"
    path.parent.mkdir(exist_ok=True, mode=0o700)
    durable_write(path, msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n", mode=0o600)


def _managed(workspace: Workspace) -> list[dict[str, Any]]:
    """The rows that the console keeps; of each, only what it may set."""
    path = workspace.root / "desk" / "webhooks.json"
    if not path.exists():
        return []
    try:
        return [msgspec.to_builtins(row) for row in msgspec.json.decode(path.read_bytes(), type=list[_Row])]
    except msgspec.DecodeError as error:
        raise SettingsError([Fault(path=str(path), message=str(error))]) from error


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """What the console may set of a webhook."""

    name: str
    url: str
    kinds: list[str]
    form: str = "flat"
    bare: bool = False


def _by_hand(workspace: Workspace, faults: list[Fault]) -> list[Any]:
    """The tables of `alerts.toml`."""
    path = workspace.root / "alerts.toml"
    if not path.exists():
        return []
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(path=str(path), message=f"not TOML: {error}")]) from error
    faults += [Fault(path=key, message="unknown; known is webhook") for key in raw if key != "webhook"]
    rows = raw.get("webhook", [])
    if not isinstance(rows, list):
        raise SettingsError([Fault(path="webhook", message="expected tables [[webhook]]")])
    return rows


def make_secret(workspace: Workspace, name: str) -> str:
    """A fresh secret for an endpoint; the one before goes on signing beside it, so that the other end can change over.

    Raises:
        Error: when the name is none that a webhook can have.
    """
    if not _NAME.fullmatch(name):
        raise Error(f"webhook: got name {name[:40]!r}, expected lower-case letters, digits and hyphens")
    made = new_secret()
    lines = [made, *_secrets(workspace, name)][:_KEPT]
    durable_write(_secret_file(workspace, name), "".join(f"{line}\n" for line in lines).encode(), mode=0o600)
    return made


def _read(path: str, row: Any, workspace: Workspace, faults: list[Fault]) -> Webhook | None:
    if not isinstance(row, Mapping):
        faults.append(Fault(path=path, message="expected a table"))
        return None
    given = {key: value for key, value in row.items() if key not in _MADE}
    wrong = list(_faults(path, given))
    faults += wrong
    if wrong:
        return None
    try:
        to = target(given["url"], plain=given.get("unsafe_plain_http", False))
    except Refused as error:
        faults.append(Fault(path=f"{path}.url", message=str(error)))
        return None
    given["kinds"] = tuple(given.get("kinds", KINDS))
    given["unsafe_networks"] = tuple(map(ipaddress.ip_network, given.get("unsafe_networks", ())))
    secrets = _secrets(workspace, given["name"])
    if not secrets:
        faults.append(
            Fault(path=f"{path}.name", message=f"has no secret; make one with stillwatch alerts secret {given['name']}")
        )
        return None
    return Webhook(**given, target=to, secrets=secrets)


def _faults(path: str, given: Mapping[str, Any]) -> list[Fault]:
    known = {one.name: one for one in dataclasses.fields(Webhook) if one.name not in _MADE}
    found = [
        Fault(path=f"{path}.{key}", message=f"unknown; known are {', '.join(known)}")
        for key in given
        if key not in known
    ]
    texts = {"name": _NAME, "url": re.compile(r"\S{1,2000}"), "key_env": re.compile(r"\w{1,80}"), "key_header": _HEADER}
    for key, pattern in texts.items():
        value = given.get(key)
        if (value is None and key in ("name", "url")) or (
            value is not None and not (isinstance(value, str) and pattern.fullmatch(value))
        ):
            found.append(Fault(path=f"{path}.{key}", message=f"got {value!r}, expected {_WANTED[key]}"))
    if "form" in given and given["form"] not in FORMS:
        found.append(Fault(path=f"{path}.form", message=f"got {given['form']!r}, expected one of {', '.join(FORMS)}"))
    kinds = given.get("kinds", list(KINDS))
    if not isinstance(kinds, list) or not set(map(str, kinds)) <= set(KINDS):
        found.append(Fault(path=f"{path}.kinds", message=f"expected a list out of {', '.join(KINDS)}"))
    found += [
        Fault(path=f"{path}.{key}", message="expected true or false")
        for key in ("bare", "unsafe_plain_http")
        if not isinstance(given.get(key, False), bool)
    ]
    try:
        networks = given.get("unsafe_networks", [])
        if not isinstance(networks, list) or not all(isinstance(one, str) for one in networks):
            raise ValueError("not a list of texts")
        list(map(ipaddress.ip_network, networks))
    except ValueError as error:
        found.append(Fault(path=f"{path}.unsafe_networks", message=f"expected networks such as 10.1.2.0/24: {error}"))
    return found


_WANTED = {
    "name": "lower-case letters, digits and hyphens",
    "url": "an address that begins with https://",
    "key_env": "the name of a variable of the environment",
    "key_header": "the name of a header",
}


def _secrets(workspace: Workspace, name: str) -> tuple[str, ...]:
    path = _secret_file(workspace, name)
    return tuple(path.read_text().split()) if path.exists() else ()


def _secret_file(workspace: Workspace, name: str) -> Path:
    return workspace.root / "keys" / f"webhook-{name}.secret"
