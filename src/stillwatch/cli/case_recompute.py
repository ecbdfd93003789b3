"""`stillwatch case features` and `recompute`: an auditor computes the statistics of a case anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from stillwatch.cli.case import By, case_app, desk_in, me
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["case_features", "case_recompute"]


@case_app.command(name="features")
def case_features(case: str, to: Path, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Write the features that the case's statistics rest on, for an auditor: numbers and pseudonyms, no text. Do it before seal.

    Args:
        case: Id of the case (C-...), about a finding of the last scan.
        to: File to write.
        why: Whom they are for.
        workspace: Folder of the scan.
    """
    from stillwatch.core import CaseError
    from stillwatch.pipeline import last_view, seal_features

    desk = desk_in(workspace)
    found, last = desk.case(case), last_view(desk.workspace).run.run
    if last not in {opening.run for opening in found.openings}:
        raise CaseError(
            f"{case}: rests on scan {found.openings[0].run}, and the features here are now those of scan {last}"
        )
    digest = seal_features(desk.workspace, to)
    desk.features_sealed(case, digest, by=me(by), why=why)
    print(f"{to}: SHA-256 {digest}; stillwatch case seal {case} names it in the sealed file")


@case_app.command(name="recompute")
def case_recompute(
    file: Path, features: Path, /, *, public_key: Annotated[list[Path] | None, Parameter(negative=())] = None
) -> None:
    """Check a sealed file, compute its statistics anew from the features sealed beside it, and compare every number. Works offline.

    Args:
        file: The sealed file.
        features: The file of features.
        public_key: A public key as PEM; say it once for each key.
    """
    from stillwatch.cases import read_public, verified
    from stillwatch.core import TamperingFound
    from stillwatch.pipeline import recompute

    told = recompute(verified(file.read_bytes(), [read_public(path) for path in public_key or ()]), features)
    if told.versions[0] != told.versions[1]:
        print(f"note: sealed by version {told.versions[0]}, computed by version {told.versions[1]}")
    if told.differing:
        raise TamperingFound(
            [f"{one.test}, {one.what}: sealed {one.sealed}, anew {one.anew}" for one in told.differing]
        )
    print(f"case {told.case} about {told.handle}: all {len(told.numbers)} numbers are the same")
