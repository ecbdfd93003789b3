"""`stillwatch forum`: what this house may tell other labs, and what they told it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from stillwatch.cli.app import app
from stillwatch.cli.case import By, Flag, desk_in, me, word
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.engine import Workspace
    from stillwatch.forum import Policy, Preview, Refusal

__all__ = ["PolicyFile", "forum_app", "guard_clear", "new_file", "policy_of", "preview_of", "print_refusals"]

forum_app = App(
    name="forum", help="Warn other labs, by rules that are code. Nothing leaves that the rules have not read."
)
app.command(forum_app)

PolicyFile = Annotated[
    Path | None, Parameter(name="--policy", help="Sharing policy; forum.toml in the workspace by default.")
]


@forum_app.command(name="lint")
def forum_lint(
    file: Path,
    /,
    *,
    incoming: Flag = False,
    policy: PolicyFile = None,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Read a STIX file by the sharing rules and explain every refusal. Exit status 1 when there is one.

    Args:
        file: A bundle, a TAXII envelope, a list of objects or one object.
        incoming: Read it as what another house sent, not as what this one would send.
        json_: Print JSON.
        workspace: Folder of the scan.
    """
    import datetime as dt

    from stillwatch.forum import Setting, Way, left_before, lint, outgoing, read_objects, spare_withdrawals

    now = dt.datetime.now(dt.UTC)
    objects = read_objects(file.read_bytes())
    if incoming:
        found = lint(objects, Setting(way=Way.IN, now=now))
    else:
        space = _space(workspace)
        own = policy_of(policy, workspace)
        setting = outgoing(own, now=now, before={} if space is None else left_before(space))
        found = spare_withdrawals(objects, lint(objects, setting))
    if json_:
        _print_json({"passes": found.passes, "refusals": [_told(one) for one in found.refusals]})
    else:
        print_refusals(found.refusals)
    if not found.passes:
        sys.exit(1)


@forum_app.command(name="schemas")
def forum_schemas(folder: Path, /) -> None:
    """Write the JSON Schemas of our extensions and objects, for whoever reads or checks what we share.

    Args:
        folder: Where they are written, a file each; schemas that are there are replaced.
    """
    from stillwatch.forum.stix.extension import schemas

    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n", "utf-8")
        print(folder / name)


@forum_app.command(name="preview")
def forum_preview(
    case: str,
    /,
    *,
    sign_off: Flag = False,
    policy: PolicyFile = None,
    by: By = None,
    bytes_: Annotated[bool, Parameter(name="--bytes", negative=())] = False,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Show exactly what of a case would leave, what stays at home and why, and what the rules say. Nothing is sent.

    Args:
        case: Id of the case (C-...).
        sign_off: Read it as if you had signed off what is removed.
        bytes_: Print the bytes that would leave, and nothing else.
        json_: Print JSON.
        workspace: Folder of the scan.
    """
    told = preview_of(case, workspace, policy, by, sign_off=sign_off)
    if bytes_:
        sys.stdout.buffer.write(told.data)
    elif json_:
        _print_json(
            {
                "case": told.case,
                "sha256": told.sha256,
                "bytes": len(told.data),
                "new_or_changed": sorted(told.fresh),
                "objects": told.objects,
                "stays_home": [{"what": one.what, "why": one.why, "count": one.count} for one in told.left_out],
                "passes": told.linted.passes,
                "refusals": [_told(one) for one in told.linted.refusals],
            }
        )
    else:
        _print_preview(told)


@forum_app.command(name="export")
def forum_export(
    case: str,
    file: Path,
    /,
    *,
    to: str,
    sign_off: Flag = False,
    format_: Annotated[str, Parameter(name="--format")] = "stix",
    policy: PolicyFile = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Write what of a case may leave into a file, and record that it left. Refused while any rule says no.

    Args:
        case: Id of the case (C-...).
        file: Where to write; nothing there is written over.
        to: Who gets it, as the journal will say.
        sign_off: Sign off what was removed, as the preview shows it.
        format_: stix, misp or opencti; for the last two a report says what gets lost.
        workspace: Folder of the scan.
    """
    import datetime as dt

    from stillwatch.engine import Workspace, durable_create
    from stillwatch.forum import Form, share, written_as

    form = word(Form, format_, "format")
    new_file(file)
    told = preview_of(case, workspace, policy, by, sign_off=sign_off)
    data, losses = written_as(told.objects, form)
    share(Workspace(workspace, make=False), desk_in(workspace), told, by=me(by), to=to, now=dt.datetime.now(dt.UTC))
    durable_create(file, data, mode=0o600)
    print(f"{file}: {len(told.objects)} objects, sha256 {told.sha256}")
    for one in losses:
        print(f"  lost in {form}: {one.what}: {one.why} ({one.count})")


@forum_app.command(name="withdraw")
def forum_withdraw(
    case: str,
    file: Path,
    /,
    *,
    why: str,
    to: str,
    policy: PolicyFile = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Withdraw for good all that left of a case: writes the revoked versions into a file for those who have them.

    Args:
        case: Id of the case (C-...).
        file: Where to write; nothing there is written over.
        why: cleared, reopened, innocent or out_of_date.
        to: Who gets it, as the journal will say.
        workspace: Folder of the scan.
    """
    import datetime as dt

    from stillwatch.engine import Workspace, durable_create
    from stillwatch.forum import REASONS, ForumError, left_before, share, withdrawal

    if why not in REASONS:
        raise ForumError(f"why: got {why!r}, expected one of {', '.join(REASONS)}")
    new_file(file)
    space = Workspace(workspace, make=False)
    now = dt.datetime.now(dt.UTC)
    told = withdrawal(case, policy_of(policy, workspace), left_before(space, case), why=why, now=now)
    share(space, desk_in(workspace), told, by=me(by), to=to, now=now)
    durable_create(file, told.data, mode=0o600)
    print(f"{file}: {sum(bool(one.get('revoked')) for one in told.objects)} objects withdrawn, sha256 {told.sha256}")


def new_file(file: Path) -> Path:
    """A file that is not there yet.

    Raises:
        ForumError: when it is.
    """
    from stillwatch.forum import ForumError

    if file.exists():
        raise ForumError(f"{file}: is there already; name another file")
    return file


def policy_of(path: Path | None, workspace: Path) -> Policy:
    """The sharing policy that was named, or the workspace's own; models that were launched here are public."""
    from stillwatch.forum import read_policy, with_launched

    own, space = read_policy(path or workspace / "forum.toml"), _space(workspace)
    return own if space is None else with_launched(space, own)


def _space(folder: Path) -> Workspace | None:
    """The workspace in a folder, if there is one: files can be read by the rules anywhere."""
    from stillwatch.engine import Workspace

    return Workspace(folder, make=False) if (folder / "state").is_dir() else None


def guard_clear(host: str, certificate: Path | None, key: Path | None, *, key_option: str) -> None:
    """Whether a server may listen there: what its members send stays secret on its way.

    Raises:
        Error: when certificate and key do not come together, or there are none and others could listen in.
    """
    from stillwatch.core import Error

    if (certificate is None) != (key is None):
        raise Error(f"--certificate and {key_option} belong together")
    if certificate is None and host not in ("127.0.0.1", "::1", "localhost"):
        raise Error(
            f"--host {host}: tokens would travel in clear; give --certificate and {key_option}, or listen on 127.0.0.1"
        )


def preview_of(case: str, workspace: Path, policy: Path | None, by: str | None, *, sign_off: bool) -> Preview:
    """A case as it would leave today, by the policy that was named or the workspace's own."""
    import datetime as dt

    from stillwatch.engine import Workspace
    from stillwatch.forum import left_before, passed_on, preview
    from stillwatch.pipeline import case_facts

    space: Workspace = Workspace(workspace, make=False)
    rules = policy_of(policy, workspace)
    now = dt.datetime.now(dt.UTC)
    facts = case_facts(space, desk_in(workspace), case, by=me(by), public_models=rules.public_models)
    signer = space.names.name("reviewer", me(by)) & 0xFFFF_FFFF
    return preview(
        facts,
        rules,
        left_before(space),
        now=now,
        signed_by=f"{signer:08x}" if sign_off else None,
        passed_today=passed_on(space, now.date()),
    )


def _told(one: Refusal) -> dict[str, str]:
    return {"code": one.code, "object": one.object, "path": one.path, "why": one.why, "mend": one.mend}


def print_refusals(refusals: tuple[Refusal, ...]) -> None:
    """Each reason once, with where it stands; a reason that holds for many objects would bury the others."""
    if not refusals:
        print("no rule refuses it")
        return
    grouped: dict[tuple[str, str, str], list[Refusal]] = {}
    for one in refusals:
        grouped.setdefault((one.code, one.why, one.mend), []).append(one)
    for (code, why, mend), held in grouped.items():
        print(f"{code}  {why}")
        for one in held[:3]:
            print(f"      at {one.object or 'the whole batch'} {one.path}".rstrip())
        if len(held) > 3:
            print(f"      and {len(held) - 3} more")
        print(f"      {mend}.")


def _print_preview(told: Preview) -> None:
    print(
        f"{told.case}: {len(told.objects)} objects, {len(told.fresh)} new or changed, {len(told.data):,} bytes, sha256 {told.sha256}"
    )
    print("Would leave")
    for one in told.objects:
        if one["type"] == "indicator":
            sure = "by itself" if one["indicator_types"] == ["malicious-activity"] else "together with others"
            shown = one["pattern"] if len(one["pattern"]) <= 100 else f"{one['pattern'][:97]}..."
            print(f"  {shown}  until {one['valid_until'][:10]}, confidence {one['confidence']}, counts {sure}")
    others: dict[str, int] = {}
    for one in told.objects:
        if one["type"] != "indicator":
            others[one["type"]] = others.get(one["type"], 0) + 1
    print("  and " + ", ".join(f"{n} {kind}" for kind, n in sorted(others.items())))
    print("Stays at home")
    for left in told.left_out:
        print(f"  {left.count:,} {left.what}: {left.why}")
    print("Rules")
    print_refusals(told.linted.refusals)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
