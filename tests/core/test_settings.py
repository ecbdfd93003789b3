"""Settings are read once, and everything wrong with them is said at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core import Fault, Settings, SettingsError, read_settings, settings_from


def faults_of(raw: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        settings_from(raw)
    return {fault.path: fault.message for fault in caught.value.faults}


def test_nothing_given_means_the_defaults(tmp_path: Path) -> None:
    assert settings_from({}) == Settings()
    assert read_settings(None) == Settings()
    assert read_settings(tmp_path / "absent.toml") == Settings()
    assert Settings().changed() == {}


def test_given_values_are_kept_and_told_apart_from_defaults(tmp_path: Path) -> None:
    file = tmp_path / "stillwatch.toml"
    file.write_text(
        "[detect]\ncontamination = 0.2\nleast_stratum = 300\n[detect.budgets]\nblock = 0.0001\n"
        "[run]\nseed = 5\n[ingest]\ndefault_account = 'x'\n"
    )
    settings = read_settings(file)
    assert settings.detect.contamination == 0.2
    assert settings.detect.budgets.block == 0.0001
    assert settings.detect.least_stratum == 300
    assert settings.changed() == {
        "detect.budgets.block": 0.0001,
        "detect.contamination": 0.2,
        "detect.least_stratum": 300,
        "run.seed": 5,
        "ingest.default_account": "x",
    }
    assert settings.actors == Settings().actors


def test_every_fault_is_reported_at_once_with_its_path() -> None:
    faults = faults_of(
        {
            "detect": {"contaminaton": 0.1, "budgets": {"bloc": 0.1}, "least_stratum": "many", "contamination": 0.9},
            "actor": {},
            "run": {"workers": -1, "memory_mb": True},
            "ingest": 5,
        }
    )
    assert faults == {
        "detect.contaminaton": "unknown; did you mean contamination?",
        "detect.budgets.bloc": "unknown; did you mean block?",
        "detect.least_stratum": 'got "many", expected a whole number >= 20',
        "detect.contamination": "got 0.9, expected a number >= 0 and <= 0.4",
        "actor": "unknown; did you mean actors?",
        "run.workers": "got -1, expected a whole number >= 0 and <= 256",
        "run.memory_mb": "got True, expected a whole number >= 200",
        "ingest": "got 5, expected a table such as [ingest]",
    }


def test_the_message_has_one_line_a_fault() -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from({"run": {"sede": 1, "workers": 1.5}})
    assert str(caught.value) == (
        "run.sede: unknown; did you mean seed?\nrun.workers: got 1.5, expected a whole number >= 0 and <= 256"
    )


def test_a_name_near_nothing_lists_what_is_known() -> None:
    faults = faults_of({"zzzz": {}})
    assert faults["zzzz"] == "unknown; known are ingest, detect, actors, run, keep, cases"


def test_a_whole_number_serves_where_a_number_is_wanted() -> None:
    share = settings_from({"actors": {"hub_share": 1}}).actors.hub_share
    assert share == 1.0
    assert isinstance(share, float)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_fits_no_bounds(bad: float) -> None:
    assert "detect.contamination" in faults_of({"detect": {"contamination": bad}})


def test_a_harder_action_may_not_be_wrong_more_often_than_a_milder_one() -> None:
    faults = faults_of({"detect": {"budgets": {"verify": 0.001, "throttle": 0.01, "block": 0.001}}})
    assert faults == {"detect.budgets.throttle": "got 0.01, expected no more than detect.budgets.verify (0.001)"}


@pytest.mark.parametrize("content", [b"[detect", b"\xff\xfe", b"x = 1\nx = 2\n"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"broken\.toml: not TOML: "):
        read_settings(file)


def test_every_setting_says_what_it_means_and_its_default_keeps_its_bounds() -> None:
    def hold(group: Any, wrap: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        for one in dataclasses.fields(group):
            inner = getattr(group, one.name)
            if dataclasses.is_dataclass(inner):
                hold(inner, lambda told, name=one.name: wrap({name: told}))  # type: ignore[misc]
            else:
                assert one.metadata["meaning"], one.name
                settings_from(wrap({one.name: one.default}))

    hold(Settings(), lambda told: told)


values = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
)
words = st.sampled_from(["detect", "run", "least_stratum", "seed", "budgets", "block", "workers"]) | st.text(max_size=6)


@given(st.dictionaries(words, values | st.dictionaries(words, values, max_size=4), max_size=4))
def test_any_document_gives_settings_or_named_faults(raw: dict[str, Any]) -> None:
    faults: tuple[Fault, ...] = ()
    try:
        assert isinstance(settings_from(raw), Settings)
    except SettingsError as error:
        faults = error.faults
        told = str(error).split(": ")[0]
    assert not faults or told == faults[0].path
    assert all(fault.message.startswith(("unknown; ", "got ")) for fault in faults)


def test_a_day_from_which_to_watch_must_be_a_day() -> None:
    assert settings_from({}).detect.begins is None
    assert settings_from({"detect": {"watch_from": "2026-08-01"}}).detect.begins == dt.date(2026, 8, 1)
    with pytest.raises(SettingsError, match=r'detect.watch_from: got "last week", expected a day such as "2026-08-01"'):
        settings_from({"detect": {"watch_from": "last week"}})
