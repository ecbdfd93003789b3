"""`stillwatch forum overlap`: do two labs look at the same actor? First how many, then by consent of both which."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from stillwatch.cli.case import By, Flag, desk_in, me
from stillwatch.cli.forum import PolicyFile, forum_app, new_file, policy_of
from stillwatch.cli.forum_carried import keys_in
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.forum.tags import House

__all__ = ["overlap_app"]

overlap_app = App(
    name="overlap",
    help="How many suspects do two labs share, and by consent of both which: between the two alone, nothing else is learned.",
)
forum_app.command(overlap_app)

_Psi = Annotated[
    Path, Parameter(env_var="STILLWATCH_PSI_PYTHON", help="Python of the environment with stillwatch[psi].")
]
_Consents = Annotated[list[Path] | None, Parameter(name="--consent", negative=())]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class _Ours:
    """Options that every step shares: whose keys are believed, and who we are.

    Attributes:
        signers: Folder of the houses' public keys, each as CODE.pub.pem.
        workspace: Folder of the scan; its keys/collector.pem signs what is written.
    """

    signers: Path
    policy: PolicyFile = None
    by: By = None
    workspace: Path = DEFAULT_WORKSPACE

    def house(self, psi: Path = Path(), *, tells: bool = False) -> House:
        """This house; one that tells something needs a legal basis that is in force today."""
        from stillwatch.forum import ForumError, Lane
        from stillwatch.forum.tags import House

        own, desk = policy_of(self.policy, self.workspace), desk_in(self.workspace)
        basis = own.bases.get(own.basis)
        if tells and (basis is None or not basis.carries(Lane.PEER, dt.datetime.now(dt.UTC).date())):
            raise ForumError(f"R13: the legal basis {own.basis!r} of forum.toml is not in force today; nothing is told")
        keys = keys_in(self.signers)
        return House(code=own.member, desk=desk, signer=desk.signer, keys=keys, by=me(self.by), python=psi)


@overlap_app.command(name="ask")
def overlap_ask(
    name: str,
    lab: str,
    out: Path,
    files: list[Path],
    /,
    *,
    psi: _Psi,
    ours: _Ours,
    which: Flag = False,
) -> None:
    """Ask a lab how many tags both have, or with --which, after the count and this house's consent, which.

    Args:
        name: What this overlap is called here; one name for all its steps.
        lab: Code of the lab that is asked.
        out: Where the question is written, to hand over; nothing there is written over.
        files: Tags as stillwatch forum tags make wrote them, of one kind; the same in every step.
        which: Ask which.
    """
    from stillwatch.forum.tags import ask_overlap

    house = ours.house(psi, tells=True)
    _write(out, lambda: ask_overlap(house, name, lab, files, reveal=which))


@overlap_app.command(name="answer")
def overlap_answer(
    name: str,
    question: Path,
    out: Path,
    files: list[Path],
    /,
    *,
    psi: _Psi,
    ours: _Ours,
    consents: _Consents = None,
) -> None:
    """Answer a lab's question: a number comes of it, or which tags once both houses consented. A lab counts four times a kind and epoch.

    Args:
        name: What this overlap is called here.
        question: What the lab sent.
        out: Where the answer is written; nothing there is written over.
        files: Tags as stillwatch forum tags make wrote them, of one kind; the same in every step.
        consents: Consent that the lab sent; this house's own is known.
    """
    from stillwatch.forum.tags import answer_overlap

    house = ours.house(psi, tells=True)
    _write(out, lambda: answer_overlap(house, name, question, files, consents or ()))


@overlap_app.command(name="count")
def overlap_count(
    name: str,
    answer: Path,
    /,
    *,
    psi: _Psi,
    ours: _Ours,
) -> None:
    """Print how many tags both houses have.

    Args:
        name: What this overlap is called here.
        answer: What the lab answered.
    """
    from stillwatch.forum.tags import count_overlap

    print(count_overlap(ours.house(psi), name, answer))


@overlap_app.command(name="consent")
def overlap_consent(
    name: str,
    out: Path,
    /,
    *,
    why: str,
    ours: _Ours,
) -> None:
    """Agree that the lab that asked learns which tags are in both lists. Who and why stay in this house's journal.

    Args:
        name: What this overlap is called here.
        out: Where the consent is written, for the other house; nothing there is written over.
        why: Why.
    """
    from stillwatch.forum.tags import consent_to_overlap

    house = ours.house(tells=True)
    _write(out, lambda: consent_to_overlap(house, name, why))


@overlap_app.command(name="which")
def overlap_which(
    name: str,
    answer: Path,
    /,
    *,
    psi: _Psi,
    ours: _Ours,
) -> None:
    """Print the tags that both houses have.

    Args:
        name: What this overlap is called here.
        answer: What the lab answered.
    """
    from stillwatch.forum.tags import which_overlap

    for tag in which_overlap(ours.house(psi), name, answer):
        print(tag)


def _write(out: Path, made: Callable[[], bytes]) -> None:
    from stillwatch.engine import durable_create

    new_file(out)
    durable_create(out, made(), mode=0o600)
    print(f"{out}: written; hand it to the other house")
