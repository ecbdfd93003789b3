"""`forum.toml`: under which legal basis, for how long, by which profile and markings this house shares. Without it nothing leaves.

A legal basis is a dated input that can be switched off, never an assumption of the code: where none is on and in force on the day of
sending, sharing fails closed.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.core.errors import Fault, SettingsError
from stillwatch.forum.words import ACTIONS, Lane, Pap, Switches, Tlp

__all__ = ["Basis", "Policy", "Profile", "policy_from", "read_policy"]

_KEY = re.compile(r"[a-z][a-z0-9-]{0,30}")
_CODE = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Basis:
    """One legal basis: the law or agreement, the lanes that it carries, the days between which counsel confirmed it, and a switch."""

    law: str
    lanes: tuple[Lane, ...]
    starts: dt.date
    ends: dt.date
    confirmed_by: str
    on: bool = True

    def carries(self, lane: Lane, day: dt.date) -> bool:
        """Whether it is on, in force on that day, and for that lane."""
        return self.on and lane in self.lanes and self.starts <= day <= self.ends


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What the sanitiser takes out for one jurisdiction, beyond what always stays home.

    `subnets` may leave where addresses of networks are not held to be personal data; `user_agents` likewise. `most_days` caps how long
    an indicator may be valid.
    """

    jurisdiction: str
    subnets: bool = False
    user_agents: bool = False
    most_days: int = 90


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The sharing policy of one house. `member` is its code in the forum: eight hex digits, no name."""

    member: str
    basis: str
    profile: str
    bases: dict[str, Basis]
    profiles: dict[str, Profile]
    tlp: Tlp = Tlp.AMBER_STRICT
    pap: Pap = Pap.AMBER
    switches: Switches = field(default_factory=Switches)
    public_models: tuple[str, ...] = ()
    objects_a_day: int = 2_000
    objects_a_batch: int = 500
    recipients: tuple[str, ...] = ()


def read_policy(path: Path) -> Policy:
    """Read a sharing policy.

    Raises:
        SettingsError: when there is none, or with every fault of it.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(
            [Fault(path=str(path), message="is not there: without a sharing policy nothing leaves")]
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(path=str(path), message=f"not TOML: {error}")]) from error
    return policy_from(raw)


def policy_from(raw: dict[str, Any]) -> Policy:
    """A sharing policy from a parsed TOML document.

    Raises:
        SettingsError: with every fault at once.
    """
    faults: list[Fault] = []
    known = set(Policy.__dataclass_fields__)
    faults += [Fault(path=key, message=f"unknown; known are {', '.join(sorted(known))}") for key in raw.keys() - known]
    parts: dict[str, Any] = {}
    for name in raw.keys() & known:
        if name in ("bases", "profiles"):
            parts[name] = _each(raw[name], Basis if name == "bases" else Profile, name, faults)
        else:
            parts[name] = _one(raw[name], _TYPES[name], name, faults)
    needed = ("member", "basis", "profile", "bases", "profiles")
    faults += [Fault(path=name, message="is missing") for name in needed if name not in raw]
    if not faults:
        made = Policy(**parts)
        faults = _faults(made)
    if faults:
        raise SettingsError(sorted(faults, key=lambda one: one.path))
    return made


_TYPES: dict[str, Any] = {
    "member": str,
    "basis": str,
    "profile": str,
    "tlp": Tlp,
    "pap": Pap,
    "switches": Switches,
    "public_models": tuple[str, ...],
    "objects_a_day": int,
    "objects_a_batch": int,
    "recipients": tuple[str, ...],
}


def _each(raw: Any, kind: type, path: str, faults: list[Fault]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        faults.append(Fault(path=path, message=f"expected tables such as [{path}.us-peer]"))
        return {}
    odd = [key for key in raw if not _KEY.fullmatch(key)]
    faults += [Fault(path=f"{path}.{key}", message="expected small letters, digits and hyphens") for key in odd]
    return {key: _one(one, kind, f"{path}.{key}", faults) for key, one in raw.items()}


def _one(raw: Any, kind: Any, path: str, faults: list[Fault]) -> Any:
    fields = getattr(kind, "__dataclass_fields__", None)
    if fields is not None and isinstance(raw, dict):
        unknown = sorted(raw.keys() - fields.keys())
        faults += [Fault(path=f"{path}.{key}", message=f"unknown; known are {', '.join(fields)}") for key in unknown]
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        told = str(error).replace("`", "").replace("Object", "it")
        where = re.search(r" - at \$\.?([\w.\[\]]+)$", told)
        place = f"{path}.{where[1]}" if where else path
        faults.append(Fault(path=place, message=told.partition(" - at ")[0]))
        return None


def _faults(made: Policy) -> list[Fault]:
    faults = []
    if not _CODE.fullmatch(made.member):
        faults.append(
            Fault(path="member", message="expected eight hex digits, the house's code in the forum, never its name")
        )
    if made.basis not in made.bases:
        faults.append(Fault(path="basis", message=f"names none of {', '.join(made.bases) or 'no basis'}"))
    if made.profile not in made.profiles:
        faults.append(Fault(path="profile", message=f"names none of {', '.join(made.profiles) or 'no profile'}"))
    for key, basis in made.bases.items():
        if basis.ends < basis.starts:
            faults.append(Fault(path=f"bases.{key}.ends", message="is before it starts"))
        if (basis.ends - basis.starts).days > 366:
            faults.append(
                Fault(path=f"bases.{key}.ends", message="is more than a year on: counsel confirms a basis once a year")
            )
    if made.switches.permitted_actions not in ACTIONS:
        faults.append(Fault(path="switches.permitted_actions", message=f"expected one of {', '.join(ACTIONS)}"))
    for name, words in _SWITCH_WORDS.items():
        if getattr(made.switches, name) not in words:
            faults.append(Fault(path=f"switches.{name}", message=f"expected one of {', '.join(words)}"))
    return faults


_SWITCH_WORDS = {
    "affected_party_notifications": ("may", "must-not"),
    "provider_attribution": ("may", "must", "must-not"),
    "unmodified_resale": ("may", "must-not"),
    "encrypt_in_transit": ("must", "may"),
}
