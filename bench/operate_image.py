"""What the container image is and does: its size, what it may write, and the services of deploy/compose.yaml in front of a mock.

    python bench/operate.py image [--podman podman] [--compose podman-compose] [--image stillwatch]

`make image` builds it first. Every service runs as deploy/compose.yaml says, but in one network namespace that has nothing beside its own
loopback, with the mock of bench/gateway_mock.py as upstream: nothing is published, and nothing goes out. Its system calls are those that the
units of deploy/systemd allow, others are refused as there; systemd-analyze says which they are. Podman's settings are taken
from the environment (`CONTAINERS_CONF`, `CONTAINERS_STORAGE_CONF`). Containers and volumes of the run are removed when it ends.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figures import ROOT, Figures, bar

PATIENCE = 240.0
ASKED = 20
"""Requests before the gateway is stopped, and as many after it is back."""
SERVICES = ("gateway", "watch", "console")
HELD = ("/opt/stillwatch/written", "/etc/written", "/usr/written", "/var/written", "/written")
FREE = ("/data/written", "/cache/written", "/tmp/written")
ALONE = """\
services:
  net:
    image: {image}
    entrypoint: [python, /bench/gateway_mock.py, "9001"]
    network_mode: none
    read_only: true
    volumes: ["{bench}:/bench:ro"]
"""
ONE = """\
  {name}:
    image: {image}
    network_mode: "service:net"
    ports: !reset []
    security_opt: ["seccomp={calls}"]
    depends_on: [net]
"""
ASK = """\
import json, urllib.request as u
for i in range({first}, {last}):
    body = json.dumps({{"model": "m-1", "messages": [{{"role": "user", "content": f"Name {{i}} rivers."}}]}}).encode()
    head = {{"content-type": "application/json", "authorization": "Bearer sk-1", "x-mock-id": f"answer-{{i}}"}}
    print(u.urlopen(u.Request("http://127.0.0.1:8080/v1/chat/completions", body, head), timeout=30).status)
"""


def image(folder: Path, *, podman: str, compose: str, name: str) -> Figures:
    """Run what was built, and say what it is."""
    stack = Stack(folder, podman, compose, name)
    told = json.loads(stack.podman("image", "inspect", name))[0]
    try:
        stack.up()
        touches = f"for one in {' '.join(HELD)}; do touch $one 2> /dev/null && echo $one; done; true"
        written = [place for one in SERVICES for place in stack.run(one, touches, "--user", "0").split()]
        room = stack.run("gateway", f"touch {' '.join(FREE)} && echo all; true")
        process = dict(line.split(":\t", 1) for line in stack.run("gateway", "cat /proc/1/status").splitlines())
        well = stack.health()
        answered = stack.ask(0, ASKED)
        doctor = stack.code("gateway", "stillwatch", "doctor", "/data")
        stopped = stack.stop("gateway")
        stack.podman("start", stack.container("gateway"))
        stack.wait(lambda: all(stack.health()), "the gateway came back")
        answered += stack.ask(ASKED, 2 * ASKED)
        left = [stopped, *(stack.stop(one) for one in SERVICES)]
        came = stack.count()
        system = stack.run("net", ". /etc/os-release; echo $PRETTY_NAME, $(python --version)").strip()
    finally:
        stack.down()
    size, tried = int(told["Size"]), len(HELD) * len(SERVICES)
    bars = [
        bar("container image, unpacked", round(size / 1e6), "MB", "no bar", None),
        bar("user of the container", int(process["Uid"].split()[0]), "", "not 0", process["Uid"].split()[0] != "0"),
        bar("capabilities of the container", int(process["CapEff"], 16), "", "0", int(process["CapEff"], 16) == 0),
        bar("places outside its volumes that even root can write", len(written), f"of {tried}", "0", not written),
        bar("services of the compose file that say they are well", sum(well), "of 3", "3", all(well)),
        bar("requests through the gateway of the compose file", answered, "", str(2 * ASKED), answered == 2 * ASKED),
        bar("of them in the watch's workspace, once each, after a stop", came, "", str(2 * ASKED), came == 2 * ASKED),
        bar("services that end well when told to", left.count(0), f"of {len(left)}", "all", not any(left)),
        bar("the doctor in the container", doctor, "status", "0", doctor == 0),
    ]
    if room.strip() != "all":
        sys.exit(f"the container cannot write to its volumes: {room}")
    return bars, {"base": system, "layers": len(told["RootFS"]["Layers"]), "left": left, "podman": stack.version()}


class Stack:
    """The services of the compose file under a name of their own, alone in a network namespace."""

    def __init__(self, folder: Path, podman: str, compose: str, name: str) -> None:
        if shutil.which(shlex.split(podman)[0]) is None or shutil.which(shlex.split(compose)[0]) is None:
            sys.exit(f"image: needs {podman} and {compose}: apt-get install podman, pip install podman-compose")
        self.engine, self.project = shlex.split(podman), f"stillwatch-{secrets.token_hex(3)}"
        shutil.copytree(ROOT / "deploy", folder / "deploy")
        policy = self.podman("run", "--rm", "--network", "none", name, "policy", "default")
        (folder / "deploy/policy.toml").write_text(policy)
        calls = folder / "calls.json"
        calls.write_text(json.dumps(profile((ROOT / "deploy/systemd/stillwatch-gateway.service").read_text())))
        alone = ALONE.format(image=name, bench=ROOT / "bench")
        (folder / "alone.yaml").write_text(
            alone + "".join(ONE.format(name=one, image=name, calls=calls) for one in SERVICES)
        )
        files = ["-f", str(folder / "deploy/compose.yaml"), "-f", str(folder / "alone.yaml")]
        self.composed = [*shlex.split(compose), "-p", self.project, *files]

    def up(self) -> None:
        """Start the gateway and the watch, let Mary log in, start the console, and wait until all are well."""
        who = ["console", "user", "add", "mary", "--role", "analyst", "--workspace", "/data"]
        self.compose("up", "-d", "--no-build", "net", "gateway", "watch")
        self.wait(lambda: all(self.health()[:2]), "gateway and watch were well")
        self.compose("run", "--rm", "-T", "console", *who, told="a password for today\n")
        self.compose("up", "-d", "--no-build", "console")
        self.wait(lambda: all(self.health()), "all were well")

    def health(self) -> list[bool]:
        """Whether each service's own check says so."""
        return [self.tries("healthcheck", "run", self.container(one)) == 0 for one in SERVICES]

    def ask(self, first: int, last: int) -> int:
        """How many requests of a client were answered."""
        return self.run("net", f"python -c {shlex.quote(ASK.format(first=first, last=last))}").split().count("200")

    def count(self) -> int:
        """Exchanges of the workspace, each once, after the watch has read what the gateway left."""
        self.compose("run", "--rm", "-T", "watch", "watch", "/data/inbox", "--workspace=/data", "--once")
        script = (
            "from pathlib import Path; from stillwatch.engine import Store; "
            "print(*Store(Path('/data')).read('exchanges').column('exchange_id').to_pylist())"
        )
        ids = self.compose("run", "--rm", "-T", "--entrypoint", "python", "watch", "-c", script).split()
        return len(ids) if len(ids) == len(set(ids)) else -1

    def stop(self, service: str) -> int:
        """The status with which a service leaves."""
        self.podman("stop", "-t", "40", self.container(service))
        return int(json.loads(self.podman("inspect", self.container(service)))[0]["State"]["ExitCode"])

    def down(self) -> None:
        """Nothing stays."""
        self.compose("down", "-v", "-t", "5")

    def container(self, service: str) -> str:
        """Its name."""
        return f"{self.project}_{service}_1"

    def run(self, service: str, line: str, *options: str) -> str:
        """What a shell says within."""
        return self.podman("exec", *options, self.container(service), "sh", "-c", line)

    def code(self, service: str, *words: str) -> int:
        """The status of a command within."""
        return self.tries("exec", self.container(service), *words)

    def tries(self, *words: str) -> int:
        """The status of a command of the engine."""
        return subprocess.run([*self.engine, *words], capture_output=True, check=False).returncode

    def version(self) -> str:
        """Of the engine."""
        return self.podman("--version").strip()

    def podman(self, *words: str) -> str:
        """What the engine says to a command that must succeed."""
        return said([*self.engine, *words])

    def compose(self, *words: str, told: str = "") -> str:
        """The same of the compose file."""
        return said([*self.composed, *words], told=told)

    def wait(self, there: Callable[[], bool], what: str) -> None:
        """Until something is so."""
        late = time.monotonic() + PATIENCE
        while not there():
            if time.monotonic() > late:
                logs = [said([*self.engine, "logs", self.container(one)], also=True)[-500:] for one in SERVICES]
                sys.exit("\n".join([f"not within {PATIENCE:.0f} s: {what}", *logs]))
            time.sleep(1)


def profile(unit: str) -> dict[str, Any]:
    """The system calls that a unit allows, in the form that container engines read; like systemd, those of @default in any case."""
    allowed: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.+)$", unit, flags=re.MULTILINE):
        for group in line.lstrip("~").split():
            allowed = allowed - calls_of(group) if line.startswith("~") else allowed | calls_of(group)
    refused = "SCMP_ACT_ERRNO" if "SystemCallErrorNumber=EPERM" in unit else "SCMP_ACT_KILL_PROCESS"
    allowed |= calls_of("@default")
    return {"defaultAction": refused, "syscalls": [{"names": sorted(allowed), "action": "SCMP_ACT_ALLOW"}]}


def calls_of(group: str) -> set[str]:
    """The system calls of a group of systemd's, groups within it included."""
    told = [line.strip() for line in said(["systemd-analyze", "syscall-filter", group]).splitlines()[1:]]
    named = [one for one in told if one and not one.startswith("#")]
    return {call for one in named for call in (calls_of(one) if one.startswith("@") else {one})}


def said(words: list[str], *, told: str = "", also: bool = False) -> str:
    """Standard output of a command; errors as well where asked."""
    done = subprocess.run(
        words,
        input=told,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"UPSTREAM": "http://127.0.0.1:9001"},
    )
    if done.returncode:
        sys.exit(f"{' '.join(words[-8:])}\nended with {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout + (done.stderr if also else "")


def lines(told: dict[str, Any]) -> list[str]:
    """The page's section."""
    text = (
        f"deploy/Containerfile on {told['base']}, and the services of deploy/compose.yaml as they stand there ({told['podman']}), in a network "
        "namespace without a way out, before a mock, under the system calls that the units allow. The gateway is stopped between the two halves of the requests; health is what each "
        "service's own check says."
    )
    return ["", "## A container", "", text]
