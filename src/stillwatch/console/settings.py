"""The console's own settings, `console.toml` in the workspace: where it keeps people and sessions, and who vouches for people.

Secrets do not stand in it: each is in a file of its own that it names, readable by its owner alone. Unknown keys are errors.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec

from stillwatch.console.roles import Role
from stillwatch.core.errors import Fault, SettingsError

__all__ = ["BACK", "ConsoleSettings", "ProviderSettings", "read_console", "secret_in", "secure_address"]

BACK = "/login/back"
"""Where a provider sends people back to."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log-in provider that speaks OpenID Connect.

    `address` is where people reach the console; the provider has to know `<address>/login/back`. `roles` gives the role for each value of
    `role_claim` (`realm_access.roles` is a claim within a claim); where a person has several, the first that is listed counts. Without
    `secret_file` the console is a public client, which PKCE protects. `skew` is how many seconds the two clocks may differ.
    """

    issuer: str
    client_id: str
    address: str
    roles: dict[str, Role]
    title: str = "your organisation"
    secret_file: str = ""
    role_claim: str = "roles"
    name_claim: str = "preferred_username"
    scopes: str = "openid profile"
    skew: int = 60
    timeout: float = 10.0


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set. `database` is a file or postgresql://user@host:port/name, whose password stands in `password_file`.

    With `passwords = false` nobody logs in but by the provider.
    """

    database: str = "desk/console.sqlite"
    password_file: str = ""
    passwords: bool = True
    provider: ProviderSettings | None = None


def read_console(root: Path) -> ConsoleSettings:
    """The settings of a workspace's console, paths made whole and the database's password put in; the defaults where there are none.

    Raises:
        SettingsError: with what is wrong.
    """
    path = root / "console.toml"
    try:
        settings = msgspec.convert(tomllib.loads(path.read_text("utf-8")), ConsoleSettings)
    except FileNotFoundError:
        settings = ConsoleSettings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(path=str(path), message=f"not TOML: {error}")]) from error
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        raise SettingsError([Fault(path=where.strip("`").removeprefix("$.") or str(path), message=what)]) from error
    if faults := list(_faults(settings)):
        raise SettingsError(faults)
    return msgspec.structs.replace(settings, database=_database(root, settings), provider=_provider(root, settings))


def secret_in(path: str, what: str) -> str:
    """What stands in a file that only its owner may read.

    Raises:
        SettingsError: when others may read it too, or it is not there.
    """
    file = Path(path)
    try:
        if file.stat().st_mode & 0o077:
            raise SettingsError([Fault(path=what, message=f"{file}: others may read it; chmod 600 first")])
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(path=what, message=f"{file}: cannot be read")]) from error


def secure_address(address: str) -> bool:
    """Whether an address is HTTPS, or on this machine.

    >>> secure_address("https://id.example/x"), secure_address("http://127.0.0.1:9/x"), secure_address("http://id.example")
    (True, True, False)
    """
    try:
        told = urlsplit(address)
    except ValueError:
        return False
    return bool(told.hostname) and (told.scheme == "https" or (told.scheme == "http" and told.hostname in _LOOPBACK))


def _faults(settings: ConsoleSettings) -> Iterator[Fault]:
    if "://" in settings.database and urlsplit(settings.database).password is not None:
        yield Fault(path="database", message="holds a password; put it into a file and name that as password_file")
    if settings.provider is None:
        if not settings.passwords:
            yield Fault(path="passwords", message="got false, but no provider is set: nobody could log in")
        return
    for name in ("issuer", "address"):
        if not secure_address(getattr(settings.provider, name)):
            yield Fault(path=f"provider.{name}", message="expected an https:// address")
    if settings.provider.address.rstrip("/") != settings.provider.address:
        yield Fault(path="provider.address", message="expected no / at its end")
    if not settings.provider.roles:
        yield Fault(path="provider.roles", message='expected at least one, such as "desk-analysts" = "analyst"')
    if "openid" not in settings.provider.scopes.split():
        yield Fault(path="provider.scopes", message="expected openid among them")
    if not 0 <= settings.provider.skew <= 600:
        yield Fault(path="provider.skew", message=f"got {settings.provider.skew}, expected 0 to 600 seconds")


def _database(root: Path, settings: ConsoleSettings) -> str:
    if "://" not in settings.database:
        return str(root / settings.database)
    if not settings.password_file:
        return settings.database
    password = quote(secret_in(str(root / settings.password_file), "password_file"), safe="")
    told = urlsplit(settings.database)
    user, _, place = told.netloc.rpartition("@")
    return told._replace(netloc=f"{user or 'stillwatch'}:{password}@{place}").geturl()


def _provider(root: Path, settings: ConsoleSettings) -> ProviderSettings | None:
    provider = settings.provider
    if provider is None or not provider.secret_file:
        return provider
    return msgspec.structs.replace(provider, secret_file=str(root / provider.secret_file))
