"""An auditor computes a case's statistics anew from the features sealed beside it: the same numbers, or a list of those that differ.

    C-...-features.tar      basis.json, then the Parquet parts of every table that detection reads

No text is in it, and no key: pseudonyms of accounts, numbers, and the one 64-bit salt that names families and actors. What an auditor
cannot check with it is how the features were made of the logs.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stillwatch.cases import Verified
from stillwatch.core import handle, settings_from, unhandle
from stillwatch.core.errors import CaseError, FormatError, TamperingFound
from stillwatch.engine import Store, Workspace
from stillwatch.pipeline.detect import detect

__all__ = ["Compared", "Recomputed", "recompute", "seal_features"]

FORM = "urn:stillwatch:case-features:1"
READ = ("features", "account_facts", "releases", "labels", "purposes", "actor_looks", "histories", "looks")
"""The tables that detection reads. Logs' texts (`exchanges`) are none of them."""

_BASIS = "basis.json"
_NAME = re.compile(
    rf"tables/(?:{'|'.join(READ)})/(?:manifest\.json|(?:all|\d{{4}}-\d{{2}}-\d{{2}})/[A-Za-z0-9._-]{{1,80}}\.parquet)"
)
_MOST_FILES = 200_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One number of the sealed case beside the same number computed anew."""

    test: str
    what: str
    sealed: float | None
    anew: float | None

    @property
    def same(self) -> bool:
        """Whether the two are the same double, or both unknown."""
        return self.sealed == self.anew


@dataclass(frozen=True, kw_only=True, slots=True)
class Recomputed:
    """What came of computing a case anew. `versions` are those of the sealed scan and of this installation."""

    case: str
    handle: str
    numbers: tuple[Compared, ...]
    versions: tuple[str, str]

    @property
    def differing(self) -> tuple[Compared, ...]:
        """The numbers that are not the same."""
        return tuple(one for one in self.numbers if not one.same)


def seal_features(workspace: Workspace, to: Path) -> str:
    """Write what the last scan's statistics rest on into a file; its SHA-256. The same tables give the same bytes.

    Raises:
        CaseError: when nothing was scanned, or something lies at `to`.
    """
    store = workspace.store
    runs = store.read("runs").to_pylist()
    if not runs:
        raise CaseError(f"{workspace.root}: nothing was scanned here yet")
    last = runs[-1]
    basis = {
        "form": FORM,
        "run": f"{last['run'] & 0xFFFF_FFFF_FFFF_FFFF:016x}",
        "version": last["version"],
        "settings": json.loads(last["settings"]),
        "salt": f"{workspace.names.salt('actors'):016x}",
    }
    try:
        with to.open("xb") as out, tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            to.chmod(0o600)
            _add(archive, _BASIS, json.dumps(basis, sort_keys=True).encode())
            for name in READ:
                folder = store.folder(name)
                if (folder / "manifest.json").exists():
                    for path in sorted([folder / "manifest.json", *store.files(name)]):
                        _add(archive, f"tables/{name}/{path.relative_to(folder)}", path.read_bytes())
    except FileExistsError as error:
        raise CaseError(f"{to}: is there already; name another file") from error
    return _digest(to)


def recompute(sealed: Verified, features: Path) -> Recomputed:
    """Compute the statistics of a sealed case from the features sealed beside it.

    Raises:
        TamperingFound: when the features are not those that the sealed file names.
        CaseError: when the sealed file names none, or rests on another scan than they.
        FormatError: when the file of features is none.
    """
    digest = _digest(features)
    notes = [
        str(item.content.get("note", ""))
        for item in sealed.items
        if item.kind == "event" and item.content["what"] == "features_sealed"
    ]
    if not notes:
        raise CaseError(
            f"case {sealed.case}: no features were sealed for it before this file was; see stillwatch case features"
        )
    if not any(digest in note for note in notes):
        raise TamperingFound([f"{features}: SHA-256 {digest} is not that of the features that the sealed case names"])
    finding = next(item.content for item in sealed.items if item.kind == "finding")
    with tempfile.TemporaryDirectory(prefix="stillwatch-recompute-") as folder:
        root = Path(folder) / "workspace"
        workspace = Workspace(root)
        basis = _unpacked(features, root)
        if basis["run"] != finding["run"]:
            raise CaseError(f"case {sealed.case} rests on scan {finding['run']}, these features on scan {basis['run']}")
        workspace.store.reload()
        detect(workspace, settings_from(_nested(basis["settings"])), salt=int(basis["salt"], 16))
        numbers = tuple(
            _compared(workspace.store, finding, [item.content for item in sealed.items if item.kind == "test"])
        )
    return Recomputed(
        case=sealed.case,
        handle=finding["handle"],
        numbers=numbers,
        versions=(str(basis["version"]), version("stillwatch")),
    )


def _compared(store: Store, finding: Mapping[str, Any], tests: Sequence[Mapping[str, Any]]) -> Iterator[Compared]:
    """Every number of the sealed tests, and of the finding as a whole, beside the one computed anew."""
    kind, number = unhandle(finding["handle"])
    table, by, name = (
        ("actor_evidence", "actor", "test") if kind == "actor" else ("account_evidence", "account", "signal")
    )
    anew = {row[name]: row for row in store.read(table).to_pylist() if row[by] == number}
    for test in tests:
        row = anew.get(test["name"], {})
        for what in ("n", "value", "p_value", "e_value"):
            yield Compared(test=test["name"], what=what, sealed=test[what], anew=_finite(row.get(what)))
    if kind == "actor":
        actor: Mapping[str, Any] = next(
            (row for row in store.read("actors").to_pylist() if handle("actor", row["actor"]) == finding["handle"]), {}
        )
        whole = {"evidence": finding["e_value"], "threshold": finding["threshold"]}
    else:
        actor = anew.get("combined", {})
        whole = {"p_value": finding["p_value"], "e_value": finding["e_value"]}
    for what, value in whole.items():
        yield Compared(test="the finding", what=what, sealed=value, anew=_finite(actor.get(what)))


def _finite(value: float | None) -> float | None:
    """A number as a case keeps it: JSON knows no infinity."""
    if value is None or value != value:
        return None
    return max(-1.7976931348623157e308, min(1.7976931348623157e308, value))


def _unpacked(path: Path, root: Path) -> Mapping[str, Any]:
    """Put the tables where a workspace has them; the basis.

    Raises:
        FormatError: when it holds anything else.
    """
    basis: Mapping[str, Any] | None = None
    try:
        with tarfile.open(path, mode="r:") as archive:
            for place, member in enumerate(archive):
                content = archive.extractfile(member) if member.isreg() else None
                if (
                    content is None
                    or place > _MOST_FILES
                    or not (member.name == _BASIS or _NAME.fullmatch(member.name))
                ):
                    raise FormatError(f"{path}: holds something else than sealed features do")
                if member.name == _BASIS:
                    basis = json.loads(content.read())
                    continue
                to = root / member.name
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(content.read())
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise FormatError(f"{path}: no file of sealed features, or a damaged one") from error
    if basis is None or basis.get("form") != FORM:
        raise FormatError(f"{path}: no file of sealed features (form {FORM})")
    return basis


def _nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by path as the tables that a settings file has."""
    made: dict[str, Any] = {}
    for path, value in settings.items():
        *groups, last = path.split(".")
        place = made
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return made


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o444
    archive.addfile(member, io.BytesIO(data))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
