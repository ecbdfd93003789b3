"""Decisions pushed into LiteLLM's limits: only tightened, told before they are done, and taken back whole."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from stillwatch.engine import table
from stillwatch.gateway.adapters.control import FIELDS, MARK, Change, Key, changes
from stillwatch.gateway.adapters.hosts import Hosts
from stillwatch.gateway.adapters.litellm_admin import Admin, Unanswered
from stillwatch.gateway.adapters.wanted import Wishes
from stillwatch.policy import Policy, Standing, read_policy

from .asking import NAMES

pytest.importorskip("cel_expr_python", reason="the extra `gateway` is not installed")

NOW = 1_800_000_000.0
RULES = """
name = "control"
[people]
throttle = [{ requests = 30, tokens = 60_000, window = "1m" }, { concurrent = 4 }]
[[rules]]
name = "budget"
when = 'proposed == "throttle"'
ttl = "14d"
step = "throttle"
throttle = [
  { requests = 60, window = "1m" },
  { per = "actor", tokens = 14_400_000, reasoning_tokens = 100_000, window = "1d" },
]
[[rules]]
name = "everybody"
match = { logprobs = true }
step = "clamp"
clamp = { n = 1 }
[[tests]]
says = "a throttle"
standing = { proposed = "throttle" }
asked = {}
expect = { step = "throttle" }
"""


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    path = tmp_path_factory.mktemp("policy") / "policy.toml"
    path.write_text(RULES)
    return read_policy(path)


def standing(*rows: dict[str, Any]) -> Standing:
    """A standing of accounts by name."""
    seen = dt.datetime.fromtimestamp(NOW - 3600, dt.UTC)
    whole = [
        {"proposed": "allow", "reasons": [], "kinds": 1, "purposes": [], "ticket": 7, "seen": seen, **row}
        | {"account": NAMES.name("account", row["account"])}
        for row in rows
    ]
    return Standing(rows=pa.Table.from_pylist(whole, schema=table("standing").schema), serial=1, made=NOW - 60)


def planned(policy: Policy, keys: list[Key], *rows: dict[str, Any]) -> list[Change]:
    return changes(keys, Wishes(policy, standing(*rows)), Hosts(NAMES), at=NOW)


def done(key: Key, change: Change) -> Key:
    """The key after a change, as LiteLLM would have it."""
    after = msgspec.structs.replace(key, **change.update)
    return after if change.block is None else msgspec.structs.replace(after, blocked=change.block)


def test_nobody_without_standing_is_touched(policy: Policy) -> None:
    assert planned(policy, [Key(token="a" * 64, user_id="quiet")]) == []
    assert (
        planned(policy, [Key(token="a" * 64, user_id="watched")], {"account": "watched", "proposed": "observe"}) == []
    )


def test_a_person_s_block_blocks_every_key_of_the_account_and_says_why(policy: Policy) -> None:
    keys = [Key(token=one * 64, user_id="bad") for one in "ab"] + [Key(token="c" * 64, user_id="good")]
    found = planned(policy, keys, {"account": "bad", "decided": "block", "appeal": "C-9/1"})
    assert [(one.token[0], one.block, one.code, one.appeal) for one in found] == [
        ("a", True, "account_blocked", "C-9/1"),
        ("b", True, "account_blocked", "C-9/1"),
    ]
    assert found[0].update["metadata"][MARK]["before"]["blocked"] is False


def test_who_must_be_verified_first_is_blocked_until_then(policy: Policy) -> None:
    (found,) = planned(policy, [Key(token="a" * 64, user_id="bad")], {"account": "bad", "decided": "verify"})
    assert (found.block, found.code) == (True, "verification_required")


def test_limits_are_shared_by_the_keys_of_an_account_and_only_tightened(policy: Policy) -> None:
    keys = [Key(token="a" * 64, user_id="slow", rpm_limit=5), Key(token="b" * 64, user_id="slow", tpm_limit=10**9)]
    first, second = planned(policy, keys, {"account": "slow", "decided": "throttle"})
    told = {name: first.update.get(name) for name in FIELDS}
    assert told == {"rpm_limit": None, "tpm_limit": 30_000, "max_parallel_requests": 2}, "5 a minute was stricter"
    assert (second.update["rpm_limit"], second.update["tpm_limit"]) == (15, 30_000)


def test_an_actor_s_budget_is_shared_by_all_its_keys_and_what_is_lost_is_said(policy: Policy) -> None:
    keys = [Key(token=one * 64, user_id=one) for one in "abcd"]
    rows = [{"account": one, "proposed": "throttle", "actor": 5, "actor_accounts": 4} for one in "abcd"]
    first, *_ = planned(policy, keys, *rows)
    assert (first.update["rpm_limit"], first.update["tpm_limit"]) == (60, 2_500)
    assert first.lost == (
        "14400000 tokens per actor in 86400 s: as an average by minute",
        "100000 reasoning_tokens per actor: not carried out",
    )


@pytest.mark.parametrize("decided", ["block", "throttle", "verify"])
@pytest.mark.parametrize("blocked", [None, True])
def test_when_a_decision_ends_everything_is_as_it_was(policy: Policy, decided: str, blocked: bool | None) -> None:
    key = Key(token="a" * 64, user_id="u", rpm_limit=100, blocked=blocked, metadata={"team": "x"})
    (change,) = planned(policy, [key], {"account": "u", "decided": decided})
    after = done(key, change)
    assert planned(policy, [after], {"account": "u", "decided": decided}) == [], "the same again changes nothing"
    (back,) = planned(policy, [after])
    again = done(after, back)
    assert {name: getattr(again, name) for name in FIELDS} == {name: getattr(key, name) for name in FIELDS}
    assert (again.metadata, bool(again.blocked)) == (key.metadata, bool(key.blocked))
    assert planned(policy, [again]) == []


def test_a_throttle_that_becomes_a_block_and_back_remembers_the_first_limits(policy: Policy) -> None:
    key = Key(token="a" * 64, user_id="u", rpm_limit=100)
    for decided in ("throttle", "block", "throttle"):
        (change,) = planned(policy, [key], {"account": "u", "decided": decided})
        key = done(key, change)
    assert (key.rpm_limit, key.blocked) == (30, False)
    (back,) = planned(policy, [key])
    assert done(key, back).rpm_limit == 100


def test_a_limit_that_an_operator_sets_meanwhile_is_kept(policy: Policy) -> None:
    key = Key(token="a" * 64, user_id="u", rpm_limit=100)
    (change,) = planned(policy, [key], {"account": "u", "decided": "throttle"})
    by_hand = msgspec.structs.replace(done(key, change), rpm_limit=7)
    (noted,) = planned(policy, [by_hand], {"account": "u", "decided": "throttle"})
    assert "rpm_limit" not in noted.update
    (back,) = planned(policy, [done(by_hand, noted)])
    assert done(by_hand, back).rpm_limit == 7


def test_a_key_without_a_user_is_its_own_account(policy: Policy) -> None:
    (found,) = planned(policy, [Key(token="d" * 64)], {"account": "d" * 64, "decided": "block"})
    assert found.token == "d" * 64


class _Proxy(BaseHTTPRequestHandler):
    keys: dict[str, dict[str, Any]]
    asked: list[tuple[str, Any]]
    failing: str | None

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        if self.headers["authorization"] != "Bearer sk-master":
            return self._answer(401, {"error": "SECRET"})
        page = int(self.path.partition("page=")[2].partition("&")[0])
        rows = list(self.keys.values())
        return self._answer(
            200, {"keys": rows[(page - 1) * 2 : page * 2], "total_pages": (len(rows) + 1) // 2, "total_count": 3}
        )

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append((self.path, told))
        if self.path == self.failing:
            return self._answer(500, {"error": "SECRET"})
        key = self.keys[told.pop("key")]
        key.update(told if self.path == "/key/update" else {"blocked": self.path == "/key/block"})
        return self._answer(200, {})

    def _answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def proxy() -> Iterator[tuple[type[_Proxy], str]]:
    made: list[dict[str, Any]] = [
        {"token": one * 64, "user_id": one, "blocked": None, "metadata": {}, "spend": 0.1} for one in "abc"
    ]
    kind = type("Proxy", (_Proxy,), {"keys": {one["token"]: one for one in made}, "asked": [], "failing": None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield kind, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    serving.join()


def test_changes_reach_the_proxy_page_by_page_and_the_same_run_again_goes_on(
    policy: Policy, proxy: tuple[type[_Proxy], str]
) -> None:
    kind, url = proxy
    admin = Admin(url, "sk-master")
    assert [key.user_id for key in admin.listed()] == ["a", "b", "c"]
    kind.failing = "/key/block"
    (change,) = planned(policy, admin.listed(), {"account": "c", "decided": "block"})
    with pytest.raises(Unanswered, match="/key/block: answered with status 500") as fault:
        admin.carry_out(change)
    assert "SECRET" not in str(fault.value)
    kind.failing = None
    (change,) = planned(policy, admin.listed(), {"account": "c", "decided": "block"})
    admin.carry_out(change)
    assert kind.keys["c" * 64]["blocked"] is True
    assert planned(policy, admin.listed(), {"account": "c", "decided": "block"}) == []
    (back,) = planned(policy, admin.listed())
    admin.carry_out(back)
    assert (kind.keys["c" * 64]["blocked"], kind.keys["c" * 64]["metadata"]) == (False, {})


def test_a_wrong_key_and_a_proxy_that_is_gone_are_told(proxy: tuple[type[_Proxy], str]) -> None:
    with pytest.raises(Unanswered, match="status 401; STILLWATCH_LITELLM_KEY must be the master key"):
        Admin(proxy[1], "sk-wrong").listed()
    with pytest.raises(Unanswered, match="/key/list: ConnectionRefusedError"):
        Admin("http://127.0.0.1:9", "sk-wrong").listed()


def test_a_standing_that_is_missing_lets_nobody_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stillwatch.cli.gateway_sync import gateway_sync
    from stillwatch.core import Error
    from stillwatch.engine import Workspace

    Workspace(tmp_path / "ws")
    monkeypatch.setenv("STILLWATCH_LITELLM_KEY", "sk-master")
    with pytest.raises(Error, match="no standing; without one every key would be let go"):
        gateway_sync(litellm="http://127.0.0.1:9", workspace=tmp_path / "ws")
    monkeypatch.delenv("STILLWATCH_LITELLM_KEY")
    with pytest.raises(Error, match="set STILLWATCH_LITELLM_KEY"):
        gateway_sync(litellm="http://127.0.0.1:9", workspace=tmp_path / "ws")
