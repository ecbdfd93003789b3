"""`stillwatch policy`: check a policy, run the tests beside its rules, play past traffic through it, see what it makes of an account."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.text import Text

from stillwatch.cli.app import app
from stillwatch.cli.case import Flag
from stillwatch.cli.listing import listing, show_list
from stillwatch.cli.policy_parity import policy_parity
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.pipeline import Replayed
    from stillwatch.policy import Policy

__all__ = ["policy_app", "policy_check", "policy_default", "policy_push", "policy_replay", "policy_show", "policy_test"]

policy_app = App(name="policy", help="Check, test and try out the rules that a gateway carries out.")
app.command(policy_app)
policy_app.command(policy_parity, name="parity")

_FAILED = 1
_ACCOUNTS_SHOWN = 20

File = Annotated[Path | None, Parameter(help="The policy; the one that ships with Stillwatch where none is named.")]


@policy_app.command(name="default")
def policy_default() -> None:
    """Print the file of the policy that ships, to begin one of your own with."""
    from stillwatch.policy import default_policy

    print(default_policy().decode("utf-8"), end="")


@policy_app.command(name="check")
def policy_check(file: File = None, /) -> None:
    """Read a policy and say every fault of it at once, with its place; exit status 2 where there is one."""
    from stillwatch.policy import read_policy

    policy = read_policy(file)
    shadows = sum(rule.shadow for rule in policy.rules)
    print(f"{policy.id}: {len(policy.rules)} rules ({shadows} of them shadows), {len(policy.tests)} tests; no fault")


@policy_app.command(name="test")
def policy_test(file: File = None, /) -> None:
    """Run the tests that stand beside the rules; exit status 1 where one fails."""
    from stillwatch.policy import read_policy, run_tests

    policy = read_policy(file)
    outcomes = run_tests(policy)
    failed = [one for one in outcomes if one.differs]
    for one in failed:
        print(f"{one.path}: {one.says}")
        for line in one.differs:
            print(f"    {line}")
    print(f"{policy.id}: {len(outcomes) - len(failed)} of {len(outcomes)} tests hold")
    if failed:
        sys.exit(_FAILED)


@policy_app.command(name="replay")
def policy_replay(
    workspace: Path = DEFAULT_WORKSPACE, /, *, policy: Path | None = None, days: int = 7, json: Flag = False
) -> None:
    """Play past traffic through a policy: who would have been touched, before it goes live.

    Args:
        workspace: Folder of the scan.
        policy: The policy; the one that ships with Stillwatch where none is named.
        days: Days up to the last one of the logs; 0 for all.
        json: Write everything as JSON, every account included.
    """
    import msgspec

    from stillwatch.engine import Workspace
    from stillwatch.pipeline import replay_policy
    from stillwatch.policy import read_policy

    told = replay_policy(Workspace(workspace, make=False), read_policy(policy), days=days)
    if json:
        print(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
    else:
        _show_replay(told)


@policy_app.command(name="show")
def policy_show(
    account: str | None = None, /, *, policy: Path | None = None, workspace: Path = DEFAULT_WORKSPACE
) -> None:
    """Show the rules of a policy in order, or what an account's standing comes to under it this moment.

    Args:
        account: Handle of an account (A-...), or of an appeal against the machine's step (S-...); none for the rules.
        policy: The policy; the one that ships with Stillwatch where none is named.
        workspace: Folder of the scan.
    """
    from stillwatch.policy import read_policy

    read = read_policy(policy)
    if account is None:
        _show_rules(read)
    else:
        _show_account(read, account, workspace)


@policy_app.command(name="push")
def policy_push(
    url: Annotated[str, Parameter(env_var="STILLWATCH_VALKEY")], /, *, workspace: Path = DEFAULT_WORKSPACE
) -> None:
    """Push the standing into Valkey or Redis, for gateways on other machines. Scans and decisions do so where STILLWATCH_VALKEY is set.

    Args:
        url: Address such as rediss://host:6379/0; better in STILLWATCH_VALKEY, where no list of processes shows it.
        workspace: Folder of the scan.
    """
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import standing_file
    from stillwatch.policy import connect, push_standing

    space = Workspace(workspace, make=False)
    serial = push_standing(connect(url), standing_file(space), space.key)
    print(f"standing {serial} pushed")


def _show_rules(policy: Policy) -> None:
    table = listing("rule", "step", "for whom", "for which requests", "lasts")
    for rule in policy.rules:
        whom = "everybody" if rule.when is None else rule.when.text
        if rule.entry.evidence:
            whom += f" and evidence from {rule.entry.evidence}"
        which = "all" if rule.match is None else ", ".join(f"{key} {_words(value)}" for key, value in rule.match.words)
        step = rule.step.name.lower() + (" (shadow)" if rule.shadow else "")
        table.add_row(
            rule.name, step, Text(whom), Text(which), "" if rule.ttl is None else f"{rule.ttl / 86400:g} days"
        )
    Console(highlight=False).print(Text(policy.id, style="bold"))
    show_list(table)


def _show_account(policy: Policy, name: str, workspace: Path) -> None:
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import standing_of
    from stillwatch.policy import Asked, Dialect, Gatekeeper, read_standing

    row, path = standing_of(Workspace(workspace, make=False), name)
    now = time.time()
    gate = Gatekeeper(policy, read_standing(path))
    ruling = gate.decide(Asked(at=now, account=row["account"], dialect=Dialect.OTHER, reasoning=True))
    health = gate.health(now)
    lines = [
        f"{key}: {_words(value)}"
        for key, value in row.items()
        if key not in ("account", "ticket") and value not in (None, [])
    ]
    age = "is missing" if health.age is None else f"is {health.age / 3600:.1f} hours old"
    trusted = "" if health.trusted else ", too old to act on"
    print("\n".join(lines))
    print(f"the standing (serial {health.serial}) {age}{trusted}")
    print(
        f"a request would get: {ruling.step.name.lower()} ({ruling.code}), by {ruling.rule or 'no rule'} of {ruling.policy}"
    )
    if ruling.appeal is not None:
        print(f"contested by naming {ruling.appeal}")
    if ruling.link:
        print(f"the caller is sent to {ruling.link}")


def _show_replay(told: Replayed) -> None:
    console = Console(highlight=False)
    total = told.total
    console.print(
        f"{told.policy} over {told.first} to {told.last}: {total.requests:,} requests of {total.accounts:,} accounts; "
        f"standing {told.standing_serial} names {told.standing_accounts:,}."
    )
    console.print(
        f"Touched: {total.touched_requests:,} requests of {total.touched_accounts:,} accounts; "
        f"{total.refused_requests:,} of them refused."
    )
    rules = listing("rule", "accounts", "requests", "refused")
    for rule in told.rules:
        name = f"{rule.rule} (shadow)" if rule.shadow else rule.rule
        rules.add_row(name, f"{rule.accounts:,}", f"{rule.requests:,}", f"{rule.refused:,}")
    show_list(rules, console)
    for title, crowds in (("product type", told.products), ("innocent explanation of those touched", told.lookalikes)):
        table = listing(title, "accounts", "touched", "requests", "touched", "refused")
        for one in crowds:
            counts = (one.accounts, one.touched_accounts, one.requests, one.touched_requests, one.refused_requests)
            table.add_row(one.name, *(f"{count:,}" for count in counts))
        show_list(table, console)
    most = sorted(told.accounts, key=lambda one: (-one.touched, one.account))[:_ACCOUNTS_SHOWN]
    if most:
        table = listing("account", "product", "fits", "step", "rule", "requests", "touched", "refused")
        for each in most:
            numbers = (f"{each.requests:,}", f"{each.touched:,}", f"{each.refused:,}")
            table.add_row(each.account, each.product, each.lookalike, each.step, each.rule, *numbers)
        show_list(table, console)
    for line in told.not_replayed:
        console.print(f"Not replayed: {line}.")


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
