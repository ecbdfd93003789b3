"""Pages of figures say what their JSON says: they are drawn by `bench/`, never by hand."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit.tier0 import NullDraws

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    there = set(sys.modules)
    yield
    for name in set(sys.modules) - there:
        if str(ROOT / "bench") in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.parametrize(
    ("name", "module"),
    [
        *((name, f"{name}_page") for name in ("scan", "range", "audit", "gateway")),
        ("gateway-loop", "gateway_loop_page"),
        ("gateway-soak", "gateway_soak"),
        ("policy", "policy"),
    ],
)
def test_a_page_and_its_plots_are_drawn_from_its_figures(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, module, raising=False)  # a folder of tests has the name of one
    folder = ROOT / "docs" / "benchmarks"
    found = json.loads((folder / f"{name}.json").read_text("utf-8"))
    drawn = importlib.import_module(module).files(found)
    assert f"{name}.md" in drawn
    for file, text in drawn.items():
        assert (folder / file).read_text("utf-8") == text, (
            f"out of date; run: python bench/{module.removesuffix('_page')}.py page"
        )


@pytest.mark.parametrize("together", [True, False])
def test_how_often_a_test_of_a_suspect_errs_is_told_by_world(together: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "audit", raising=False)
    audit, page = (importlib.import_module(name) for name in ("audit", "audit_page"))
    p = np.where(np.arange(1000) < 100, 0.04, 0.5)
    drawn = p if together else p.reshape(50, 20).T.ravel()
    found = NullDraws(p=drawn, e=np.full(1000, np.nan), world=np.arange(1000) // 50)
    monkeypatch.setattr(audit, "null_draws", lambda name, nulls, rng: found)
    bars, raw = audit.tier0("betting", 1000, 1)
    assert (raw["worlds"], raw["rows"][0]["rate"], bars[0]["holds"]) == (20, 0.1, together)
    assert (raw["rows"][0]["low"] < 0.02) is together
    kept = json.loads((ROOT / "docs" / "benchmarks" / "audit.json").read_text("utf-8"))
    kept |= {"bars": bars, "raw": {"tier0 betting": raw}}
    assert "as if none shared one" not in page.page(kept)
    del raw["worlds"]
    assert "may be too short: betting." in page.page(kept)


def test_every_plot_that_a_page_shows_is_there() -> None:
    for page in (ROOT / "docs" / "benchmarks").glob("*.md"):
        for plot in page.read_text("utf-8").split("](")[1:]:
            target = plot.partition(")")[0]
            assert "://" in target or (page.parent / target).is_file(), f"{page.name}: {target}"
