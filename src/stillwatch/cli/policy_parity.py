"""`stillwatch policy parity`: whether the same safeguards hold for every model, way in and host."""

from __future__ import annotations

import json as plain_json
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from stillwatch.cli.case import Flag
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.policy import Difference

__all__ = ["policy_parity"]

_DIFFERS = 1
_SHOWN = 3
_LONGEST = 1 << 20
Names = Annotated[list[str] | None, Parameter(negative=())]


def policy_parity(
    file: Path | None = None,
    /,
    *,
    workspace: Path = DEFAULT_WORKSPACE,
    model: Names = None,
    pathway: Names = None,
    host: Names = None,
    json: Flag = False,
) -> None:
    """Say where safeguards differ between models, ways in, dialects and hosts; exit status 1 where they do.

    Args:
        file: The policy; the one that ships with Stillwatch where none is named.
        workspace: Folder of the scan, whose logs name models and ways in.
        model: Model to compare as well; give it once for each.
        pathway: Way in to compare as well; give it once for each.
        host: Address of a gateway's operator pages, such as http://127.0.0.1:9464; give it once for each to compare them.
        json: Write everything as JSON.
    """
    import msgspec

    from stillwatch.policy import parity, places_of, read_policy

    models, pathways = set(model or ()), set(pathway or ())
    if workspace.exists():
        from stillwatch.engine import Workspace
        from stillwatch.pipeline import models_and_pathways

        found = models_and_pathways(Workspace(workspace, make=False))
        models.update(found[0])
        pathways.update(found[1])
    policy = read_policy(file)
    places = places_of(models or {"any model"}, pathways or {"gateway"})
    differences = parity(policy, places)
    hosts = {one: _safeguards(one) for one in host or ()}
    apart = _apart(hosts)
    if json:
        told = {
            "policy": policy.id,
            "places": places,
            "differences": differences,
            "hosts": hosts,
            "hosts_differ_in": apart,
        }
        print(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
    else:
        _show(policy.id, len(places), differences)
        for name, values in apart.items():
            print(f"hosts differ in {name}: " + "; ".join(f"{one} {value}" for one, value in values.items()))
        if len(hosts) > 1 and not apart:
            print(f"{len(hosts)} hosts have the same safeguards")
    if differences or apart:
        sys.exit(_DIFFERS)


def _show(policy: str, places: int, differences: tuple[Difference, ...]) -> None:
    if not differences:
        print(f"{policy}: the same safeguards in all {places} places (model, way in, dialect)")
        return
    print(f"{policy}: safeguards differ between {places} places (model, way in, dialect)")
    print(f"rules that look at the place: {', '.join(differences[0].rules)}")
    for one in differences:
        print(f"{one.standing}, request {one.request}: mostly {'; '.join(one.usual)}")
        for what, where in one.others:
            named = ", ".join(f"{place.model} / {place.pathway} / {place.dialect}" for place in where[:_SHOWN])
            more = f" and {len(where) - _SHOWN} more" if len(where) > _SHOWN else ""
            print(f"    {'; '.join(what)}: {named}{more}")


def _safeguards(host: str) -> dict[str, Any]:
    from stillwatch.core import Error

    if not host.startswith(("http://", "https://")):
        raise Error(f"{host}: expected the address of a gateway's operator pages such as http://127.0.0.1:9464")
    try:
        with urllib.request.urlopen(f"{host.rstrip('/')}/safeguards", timeout=10) as answer:  # noqa: S310 - checked above
            told = plain_json.loads(answer.read(_LONGEST))
    except (OSError, ValueError) as error:
        raise Error(f"{host}: says nothing of its safeguards ({error.__class__.__name__})") from error
    if not isinstance(told, dict):
        raise Error(f"{host}: says nothing of its safeguards")
    return told


def _apart(hosts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the hosts say differently, each with what."""
    names = sorted({name for told in hosts.values() for name in told})
    found = {name: {host: told.get(name) for host, told in hosts.items()} for name in names}
    return {
        name: values for name, values in found.items() if len({plain_json.dumps(one) for one in values.values()}) > 1
    }
