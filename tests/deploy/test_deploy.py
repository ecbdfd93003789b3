"""What is in deploy/ fits the code: commands and options exist, units verify, every metric that is shown or watched is told."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

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
    hardened = {
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "UMask=0077",
        "CapabilityBoundingSet=",
        "User=stillwatch",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged",
        "SystemCallErrorNumber=EPERM",
        "RemoveIPC=yes",
        "PrivateMounts=yes",
    }
    assert hardened - set(unit.read_text().splitlines()) == set()


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


def read_yaml(name: str) -> Any:
    yaml = pytest.importorskip("yaml", reason="needs PyYAML")
    return yaml.safe_load((DEPLOY / name).read_text())


def test_the_compose_file_is_read_as_it_is_meant() -> None:
    told = read_yaml("compose.yaml")
    assert set(told["services"]) == {"gateway", "watch", "console"}
    volumes = set(told["volumes"])
    for name, service in told["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        for mounted in service["volumes"]:
            source = mounted.split(":")[0]
            assert source in volumes or source.startswith("./"), f"{name}: {source} is no volume"
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert all(isinstance(word, str) for word in service["command"]), name
    open_to_all = [
        port for one in told["services"].values() for port in one["ports"] if not port.startswith("127.0.0.1:")
    ]
    assert open_to_all == ["8080:8080"], "only the gateway can be reached from outside"


def test_the_health_of_each_service_is_asked_where_it_serves() -> None:
    for name, service in read_yaml("compose.yaml")["services"].items():
        asked = re.findall(r"http://127\.0\.0\.1:(\d+)/health", service["healthcheck"]["test"][-1])
        options = dict(word.split("=", 1) for word in service["command"] if word.startswith("--"))
        assert asked == [options.get("--admin-port", options["--port"])], name


def test_prometheus_files_are_read_as_they_are_meant() -> None:
    told = read_yaml("prometheus.yml")
    assert [name for name in told["rule_files"] if not (DEPLOY / name).is_file()] == []
    scraped = [each["targets"] for one in told["scrape_configs"] for each in one["static_configs"]]
    asked = {target.rpartition(":")[2] for targets in scraped for target in targets}
    served = {
        word.partition("=")[2]
        for where, words in command_lines()
        for word in words
        if where == "compose.yaml" and word.startswith(("--admin-port=", "--port=")) and words[0] != "console"
    }
    assert asked <= served, "what is scraped is served"
    names = []
    for group in read_yaml("prometheus-rules.yml")["groups"]:
        for rule in group["rules"]:
            names.append(rule["alert"])
            assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
            assert {"summary", "description"} <= set(rule["annotations"])
            assert all(rule["expr"].count(left) == rule["expr"].count(right) for left, right in ("()", "[]", "{}"))
            assert re.fullmatch(r"\d+[smhd]", rule.get("for", "0s"))
    assert len(names) == len(set(names)) >= 5


def test_prometheus_itself_takes_them() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    for asked in (["config", "prometheus.yml"], ["rules", "prometheus-rules.yml"]):
        told = subprocess.run(
            ["promtool", "check", *asked], cwd=DEPLOY, capture_output=True, text=True, check=False, timeout=60
        )
        assert told.returncode == 0, told.stderr


def test_the_containerfile_copies_what_there_is() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    sent = (DEPLOY.parent / ".dockerignore").read_text().splitlines()
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, flags=re.MULTILINE):
        for source in line.split()[:-1]:
            assert (DEPLOY.parent / source).exists(), source
            assert f"!{source}" in sent, f"{source} is kept from the builder by .dockerignore"
    extras = re.findall(r"^ARG EXTRAS=([a-z,]+)$", text, flags=re.MULTILINE)
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]
    assert extras
    assert {one for told in extras for one in told.split(",")} <= set(project["optional-dependencies"])


def test_the_image_is_made_of_what_is_asked_for_and_installs_nothing_afterwards() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    assert re.findall(r"^FROM (\S+)", text, flags=re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert '".[${EXTRAS}]"' in text
    assert "--require-hashes" in text
    assert "pip uninstall --yes --quiet pip" in text
    assert re.findall(r"^USER (\d+)$", text, flags=re.MULTILINE) == re.findall(r"--uid (\d+)", text) == ["10001"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["make", "--no-print-directory", "image", "CONTAINERS="], "neither podman nor docker is here"),
        (["deploy/debian-base"], "name the image"),
        (["deploy/debian-base", "localhost/base"], "no debootstrap here"),
    ],
    ids=["no engine", "no name", "no debootstrap"],
)
def test_an_image_that_cannot_be_made_here_is_told(tmp_path: Path, asked: list[str], told: str) -> None:
    words = [str(shutil.which(asked[0])), *asked[1:]] if asked[0] == "make" else [str(shutil.which("bash")), *asked]
    nothing = {"PATH": str(tmp_path)} if asked[0] != "make" else None
    done = subprocess.run(
        words, cwd=DEPLOY.parent, env=nothing, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode != 0
    assert told in done.stdout + done.stderr
