"""How the command line fails and where it prints."""

from __future__ import annotations

import os
import sys

from cyclopts import CycloptsError

from stillwatch.cli.alerts import alerts_app
from stillwatch.cli.app import app
from stillwatch.cli.audit import audit_app
from stillwatch.cli.backup import backup, restore
from stillwatch.cli.case import case_app
from stillwatch.cli.case_bystanders import case_bystanders
from stillwatch.cli.case_exhibit import exhibit_app
from stillwatch.cli.case_file import case_verify
from stillwatch.cli.case_journal import case_journal
from stillwatch.cli.case_proposals import case_proposals
from stillwatch.cli.case_purposes import purposes_app
from stillwatch.cli.case_recompute import case_recompute
from stillwatch.cli.case_report import case_report
from stillwatch.cli.console import console_app
from stillwatch.cli.demo import demo
from stillwatch.cli.doctor import doctor
from stillwatch.cli.expand import expand
from stillwatch.cli.explain import explain, names
from stillwatch.cli.forum import forum_app
from stillwatch.cli.forum_ask import forum_ask
from stillwatch.cli.forum_boards import tags_gather
from stillwatch.cli.forum_carried import tags_wrap
from stillwatch.cli.forum_custodian import custodian_app
from stillwatch.cli.forum_demo import forum_demo
from stillwatch.cli.forum_heard import forum_take
from stillwatch.cli.forum_hub import forum_hub
from stillwatch.cli.forum_lanes import forum_package
from stillwatch.cli.forum_overlap import overlap_app
from stillwatch.cli.forum_seek import forum_seek
from stillwatch.cli.forum_server import forum_serve
from stillwatch.cli.forum_tags import tags_app
from stillwatch.cli.gateway import gateway
from stillwatch.cli.gateway_captures import gateway_receive, gateway_send
from stillwatch.cli.gateway_sync import gateway_sync
from stillwatch.cli.gateway_webhook import gateway_webhook
from stillwatch.cli.keys import keys_app
from stillwatch.cli.policy import policy_app
from stillwatch.cli.range import range_app
from stillwatch.cli.scan import scan
from stillwatch.cli.tidy import tidy
from stillwatch.cli.watch import watch
from stillwatch.core import Error, SettingsError

__all__ = ["COMMANDS", "main"]

COMMANDS = (
    scan,
    watch,
    explain,
    expand,
    names,
    case_app,
    case_journal,
    case_verify,
    case_bystanders,
    case_proposals,
    exhibit_app,
    purposes_app,
    case_report,
    case_recompute,
    alerts_app,
    audit_app,
    console_app,
    policy_app,
    gateway,
    gateway_webhook,
    gateway_sync,
    gateway_send,
    gateway_receive,
    forum_app,
    forum_take,
    forum_seek,
    forum_ask,
    forum_package,
    forum_hub,
    forum_serve,
    tags_app,
    tags_gather,
    tags_wrap,
    overlap_app,
    custodian_app,
    doctor,
    tidy,
    backup,
    restore,
    keys_app,
    forum_demo,
    demo,
    range_app,
)
"""Every command, in the order of the help page; each registered itself with `app`."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells expect (128 + SIGINT)."""

_IN_EXTRAS = frozenset(
    {
        "aiohttp",
        "argon2",
        "cel_expr_python",
        "httptools",
        "nacl",
        "pg8000",
        "redis",
        "reportlab",
        "starlette",
        "uvicorn",
        "uvloop",
        "voprf",
    }
)

WRONG = 2
"""Exit status when the input, the settings or the workspace cannot be used."""


def main() -> None:
    """Run the command line and leave with its exit status: 0, 2 for what the user can mend, 130 after Ctrl-C."""
    try:
        try:
            app(sys.argv[1:], exit_on_error=False, print_error=True)
        finally:
            sys.stdout.flush()
    except CycloptsError:
        sys.exit(WRONG)
    except SettingsError as error:
        print(f"stillwatch: {error.what} cannot be used:\n{error}", file=sys.stderr)
        sys.exit(WRONG)
    except Error as error:
        print(f"stillwatch: {error}", file=sys.stderr)
        sys.exit(WRONG)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _IN_EXTRAS:
            raise
        print(
            f"stillwatch: {error.name} is not installed. It comes with an extra: stillwatch[console], [gateway], [forum], [pdf], "
            "[postgres] or [valkey]; docs/operate.md says under Extras how to install one",
            file=sys.stderr,
        )
        sys.exit(WRONG)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        print(f"stillwatch: {error.filename or 'the system'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(WRONG)
    except KeyboardInterrupt:
        print(
            "stillwatch: interrupted; everything committed is whole, run the same command again to go on",
            file=sys.stderr,
        )
        sys.exit(INTERRUPTED)
