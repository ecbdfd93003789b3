"""What is in deploy/ fits the code: commands and options exist, units verify, every metric that is shown or watched is told."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stillwatch.cli import app
from stillwatch.cli.door import COMMANDS  # registers every command
from stillwatch.pipeline import Pulse, metric_lines

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
METRIC = re.compile(r"\bstillwatch_[a-z_]+")


def told() -> set[str]:
    """Names of every metric that the gateway and a watch tell."""
    pulse = Pulse(at=dt.datetime.now(dt.UTC), state="watching", lag_seconds=1.0, found_seconds=1.0, detect_seconds=1.0)
    watch = {line.split()[2] for line in metric_lines(pulse) if line.startswith("# TYPE")}
    pytest.importorskip("uvicorn", reason="the gateway's metrics need its extra")
    from stillwatch.gateway.metrics import Metrics
    from stillwatch.gateway.serving import Admin

    metrics = Metrics()
    lines = [*metrics.lines(1.0), *Admin(metrics, _Capture(), pathway="gateway")._captured()]  # type: ignore[arg-type]
    names = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    return watch | names | {f"{name}_bucket" for name in names}


class _Capture:
    written = dropped = waiting = 0


@pytest.mark.parametrize("file", ["grafana/stillwatch.json", "prometheus-rules.yml"])
def test_every_metric_that_is_shown_or_watched_is_told_by_the_code(file: str) -> None:
    text = (DEPLOY / file).read_text()
    asked = "\n".join(re.findall(r'"?expr"?: (.*)', text))
    named = set(METRIC.findall(asked))
    assert len(named) >= 5
    assert named <= told()


def test_the_dashboard_is_whole() -> None:
    board = json.loads((DEPLOY / "grafana/stillwatch.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(ids) == len(set(ids)) == len(set(places))
    for panel in board["panels"]:
        assert panel["targets"], panel["title"]
        assert panel["datasource"]["uid"] == "${source}"


def command_lines() -> list[tuple[str, list[str]]]:
    found = [
        (unit.name, line.split()[1:])
        for unit in UNITS
        for line in re.findall(r"^ExecStart=(.*)$", unit.read_text(), flags=re.MULTILINE)
    ]
    text = (DEPLOY / "compose.yaml").read_text()
    blocks = re.findall(r"command:\n((?: +- .*\n)+)", text)
    found += [("compose.yaml", [line.strip()[2:] for line in block.splitlines()]) for block in blocks]
    return found + [("compose.yaml", line.split(", ")) for line in re.findall(r"command: \[(.*)\]", text)]


def test_commands_and_options_of_units_and_containers_exist() -> None:
    lines = command_lines()
    assert len(lines) == len(UNITS) + 3
    for where, words in lines:
        assert words[0] in list(app), f"{where}: no command {words[0]}"
        told_options = {name for one in app[words[0]].assemble_argument_collection() for name in one.names}
        for option in (word.partition("=")[0] for word in words if word.startswith("--")):
            assert option in told_options, f"{where}: {words[0]} has no {option}"
    assert COMMANDS


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_hardened(unit: Path) -> None:
    text = unit.read_text()
    for line in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "UMask=0077",
        "CapabilityBoundingSet=\n",
        "User=stillwatch",
    ):
        assert line in text


def test_units_verify(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    for path in [*UNITS, *(DEPLOY / "systemd").glob("*.timer")]:
        text = path.read_text().replace("/opt/stillwatch/bin/stillwatch", "/bin/true")
        (tmp_path / path.name).write_text(text)
    asked = ["systemd-analyze", "verify", *map(str, sorted(tmp_path.glob("stillwatch-*")))]
    verified = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in verified.stderr.splitlines() if "stillwatch-" in line]
    assert ours == []
