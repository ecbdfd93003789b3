"""An audit's outcome becomes statements of a case, sealed with it, with what speaks against them and without anybody's name."""

from __future__ import annotations

import json
import tarfile
import tomllib
from pathlib import Path

import pytest

from stillwatch.audit import Recorded, Served, carry_out, draw_up, write_outcome
from stillwatch.cli.audit_exhibit import exhibit
from stillwatch.core import Part, settings_from
from stillwatch.engine import Workspace
from stillwatch.pipeline import Inputs, last_view, scan

from .calling import call
from .day import SMALL, day, key

SERVED = tuple(
    Served(item=f"{name}{at}", account=name, prompt=f"{name} {at}", response=f"answer {at}", siblings=(f"other {at}",))
    for name in ("Acme-1", "Acme-2")
    for at in range(12)
)
SUSPECT = Recorded(
    name="student",
    answers={one.prompt: one.candidates[at % 2 if one.account == "Acme-2" else 0] for at, one in enumerate(SERVED)},
    likelihoods={},
)
OUTCOME = carry_out(draw_up(SERVED, suspect="student"), SERVED, SUSPECT)


def test_each_test_is_stated_with_its_null_and_followed_by_what_speaks_against_it() -> None:
    found, against = exhibit(OUTCOME)
    assert (found.part, against.part) == (Part.OBSERVED, Part.EXCULPATORY)
    assert "1 accounts may be named" in found.sentence
    assert "least p 0.000244" in found.sentence
    assert "never trained on the responses served to this account" in found.sentence
    assert "what was served was published" in against.sentence
    assert "siblings were drawn as the served response was" in against.sentence
    assert all(OUTCOME.sha256 in one.ground and "Acme" not in one.sentence for one in (found, against))


def test_the_sealed_case_holds_the_audit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workspace = Workspace(key(tmp_path / "w"))
    scan(workspace, Inputs(logs=[day(tmp_path / "day.jsonl")]), settings_from(tomllib.loads(SMALL)))
    at = ("--by", "mary", "--workspace", tmp_path / "w")
    case = call(capsys, monkeypatch, "case", "open", last_view(workspace).for_review[0].handle, *at)[1].partition(":")[
        0
    ]
    write_outcome(tmp_path / "audit.json", OUTCOME)
    code, out, err = call(capsys, monkeypatch, "audit", "exhibit", tmp_path / "audit.json", case, *at)
    assert (code, err, "2 statements" in out) == (0, "", True)
    sealed = call(capsys, monkeypatch, "case", "seal", case, "--why", "counsel", *at)[1].strip()
    with tarfile.open(sealed) as held:
        items = [
            json.load(one) for name in held.getnames() if name.startswith("items/") and (one := held.extractfile(name))
        ]
    kinds = [one["kind"] for one in items if OUTCOME.sha256 in json.dumps(one["content"])]
    assert {"statement", "exculpatory"} <= set(kinds)
    changed = json.loads((tmp_path / "audit.json").read_text())
    (tmp_path / "audit.json").write_text(json.dumps({**changed, "named": ["Acme-2"]}))
    code, _, err = call(capsys, monkeypatch, "audit", "exhibit", tmp_path / "audit.json", case, *at)
    assert (code, "changed after its hash was taken" in err) == (2, True)
