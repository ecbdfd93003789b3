"""The gateway's own code between a caller and a model that answers at once, on a clock that the script sets: no sockets, no waiting.

What a request meets here is what it meets over HTTP: `Judging` reads body and credential, asks the gate and edits; `used_in` counts the
answer; `Rolling` writes the capture that a scan reads. `bench/gateway_loop_http.py` holds this door against the real one.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.engine import Workspace
from stillwatch.gateway.capture_writer import Rolling
from stillwatch.gateway.counting import used_in
from stillwatch.gateway.judging import Judging, Passing
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.options import Options
from stillwatch.gateway.refusing import ruling_headers
from stillwatch.gateway.tee import Tee
from stillwatch.gateway.who import Identities
from stillwatch.policy import Step, Used, open_gate

__all__ = ["OPTIONS", "PATH", "Call", "Door", "Met", "headers_of", "identities"]

PATH = "/v1/chat/completions"
OPTIONS = Options(forwarded=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request: when (seconds since 1970), who, from where, what, and the answer that the model would give and when it would end."""

    at: float
    account: str
    org: str
    ip: str
    agent: str
    body: bytes
    request_id: str
    status: int
    answer: bytes
    ended: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """What the caller got: the status, our headers about it, and whether the model answered; `sent` is what reached the model. `step` is the
    ruling's, which a policy may hide."""

    status: int
    said: dict[str, str]
    step: Step
    code: str
    answered: bool
    sent: bytes | None = None


def headers_of(call: Call) -> list[tuple[bytes, bytes]]:
    """The headers of a call, as a server has them behind a front that has checked the key."""
    return [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(call.body)).encode()),
        (b"authorization", f"Bearer sk-{call.account}".encode()),
        (b"x-account", call.account.encode()),
        (b"x-org", call.org.encode()),
        (b"user-agent", call.agent.encode()),
        (b"x-forwarded-for", call.ip.encode()),
    ]


def identities(workspace: Workspace) -> Identities:
    """Who is asking, by the headers of `headers_of`."""
    return Identities(workspace.names, account_header="x-account", org_header="x-org")


class Door:
    """One gateway over one workspace."""

    def __init__(self, workspace: Workspace, policy: Path, standing: Path) -> None:
        self.watched = open_gate(policy, standing)
        self._judging = Judging(self.watched.gate, identities(workspace), options=OPTIONS, metrics=Metrics())
        inbox = workspace.root / "inbox"
        inbox.mkdir(exist_ok=True)
        self._rolling = Rolling(inbox, rows=20_000, seconds=1e9)
        self._underway: list[tuple[float, int, Passing]] = []
        self._count = 0

    def serve(self, call: Call) -> Met:
        """One request; what had ended before it has been counted."""
        self._ended(call.at)
        one = Passing(
            {
                "type": "http",
                "method": "POST",
                "path": PATH,
                "raw_path": PATH.encode(),
                "query_string": b"",
                "headers": headers_of(call),
                "client": (call.ip, 0),
            }
        )
        one.at = call.at

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": call.body}

        refused = _result(self._judging.ruled(one, receive))
        self._judging.release(one)
        one.tee = Tee(OPTIONS.capture_text, stream=False)
        one.request_id = call.request_id
        if refused is None:
            one.status, said = call.status, ruling_headers(one.ruling, visible=OPTIONS.visible)
            one.tee.add(call.answer)
            self._count += 1
            heapq.heappush(self._underway, (call.ended, self._count, one))
        else:
            one.status, said = refused.status, refused.headers
            one.tee.add(refused.body)
        one.finished = True
        self._rolling.add(one.seen(OPTIONS))
        told = {name.decode(): value.decode("latin-1") for name, value in said}
        return Met(
            status=one.status,
            said=told,
            step=one.ruling.step,
            code=one.ruling.code,
            answered=refused is None and call.status == 200,
            sent=one.body if refused is None else None,
        )

    def _ended(self, at: float) -> None:
        while self._underway and self._underway[0][0] <= at:
            ended, _, one = heapq.heappop(self._underway)
            used: Used = used_in(one.tee, at=ended, finished=True)
            self._judging.count(one, used)

    def close(self) -> None:
        """Write what was captured, so that a scan can read it."""
        if not self._rolling.close():
            raise OSError("the capture could not be written")


def _result(running: Any) -> Any:
    """What a coroutine gives that never has to wait."""
    try:
        running.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("the door waited for something")
