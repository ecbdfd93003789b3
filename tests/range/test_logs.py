"""The logs parse, hold what they must, keep the truth to themselves, and are the same bytes for the same seed."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.range.contexts import TRACES
from stillwatch.range.demo import DemoPaths, write_demo
from stillwatch.range.ground import ACCOUNT_FACTS
from stillwatch.range.odds import trace_inputs

SPEND_COLUMNS = """
request_id call_type api_key spend total_tokens prompt_tokens completion_tokens startTime endTime model user
team_id organization_id end_user requester_ip_address messages response proxy_server_request metadata session_id
status
"""


def read_lines(path: Path) -> list[bytes]:
    """The lines of a log, unpacked as its name says."""
    if path.suffix == ".gz":
        data = gzip.decompress(path.read_bytes())
    elif path.suffix == ".zst":
        with pa.OSFile(str(path)) as raw, pa.CompressedInputStream(raw, "zstd") as packed:
            data = packed.read()
    else:
        data = path.read_bytes()
    return data.splitlines()


def rows(demo: DemoPaths, name: str) -> list[Any]:
    """All lines of one format, parsed."""
    return [json.loads(line) for path in sorted((demo.logs / name).iterdir()) for line in read_lines(path)]


def spans(demo: DemoPaths) -> list[dict[str, Any]]:
    """All spans with their attributes as a dictionary of plain values."""
    out = []
    for request in rows(demo, "otel"):
        for span in request["resourceSpans"][0]["scopeSpans"][0]["spans"]:
            values = {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}
            out += [span | values]
    return out


def test_every_exchange_is_in_exactly_one_log(demo: DemoPaths) -> None:
    ids = [row["response"]["headers"]["x-request-id"][4:] for row in rows(demo, "openai")]
    ids += [row["request_id"][9:] for row in rows(demo, "litellm")]
    ids += [span["traceId"][16:] for span in spans(demo)]
    world = json.loads((demo.truth / "world.json").read_text())
    assert len(set(ids)) == world["exchanges"] == 9000
    assert len(ids) == 9000 + world["repeated_lines"]


def test_captures_have_request_and_response_and_no_credential(demo: DemoPaths) -> None:
    for row in rows(demo, "openai"):
        assert set(row) == {"started_at", "ended_at", "client", "account", "org", "request", "response"}
        assert set(row["client"]) == {"ip", "user_agent", "ja4"}
        assert row["started_at"] < row["ended_at"]
        body = row["request"]["body"]
        assert body["messages"][-1]["role"] == "user"
        assert row["request"]["headers"]["authorization"].startswith("key_")
        if row["response"]["status"] == 200:
            usage = row["response"]["body"]["usage"]
            assert usage["prompt_tokens"] > 0
            assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        else:
            assert "error" in row["response"]["body"]


def test_spend_rows_have_the_columns_of_the_table(demo: DemoPaths) -> None:
    found = rows(demo, "litellm")
    assert {row["status"] for row in found} == {"success", "failure"}
    for row in found:
        assert set(SPEND_COLUMNS.split()) <= set(row)
        assert row["messages"][-1]["role"] == "user"
        assert row["total_tokens"] == row["prompt_tokens"] + row["completion_tokens"]


def test_spans_have_the_current_names_and_messages_that_parse(demo: DemoPaths) -> None:
    for span in spans(demo):
        assert int(span["startTimeUnixNano"]) < int(span["endTimeUnixNano"])
        assert {
            "gen_ai.operation.name",
            "gen_ai.request.model",
            "user.id",
            "client.address",
            "user_agent.original",
        } <= set(span)
        asked = json.loads(span["gen_ai.input.messages"])
        assert asked[-1]["role"] == "user"
        assert asked[-1]["parts"][0]["type"] == "text"
        if span["http.response.status_code"] == "200":
            assert json.loads(span["gen_ai.output.messages"])[0]["finish_reason"] in {"stop", "length"}
            assert int(span["gen_ai.usage.output_tokens"]) > 0


def test_tokens_in_are_those_of_the_text_and_of_what_came_along_without_words(demo: DemoPaths) -> None:
    longest, alone = int(np.stack([trace_inputs(name) for name in TRACES]).max()), 0
    for row in rows(demo, "openai")[:2000]:
        if row["response"]["status"] == 200 and "tools" not in row["request"]["body"]:
            chars = sum(len(message["content"]) for message in row["request"]["body"]["messages"])
            tokens = row["response"]["body"]["usage"]["prompt_tokens"]
            of_text = chars // 3 + 12 * (2 + len(row["request"]["body"]["messages"]))
            assert chars // 4 <= tokens <= max(of_text, longest)
            alone += tokens <= of_text
    assert alone > 200


def test_a_conversation_carries_its_earlier_turns_word_for_word(demo: DemoPaths) -> None:
    talks: dict[str, list[dict[str, Any]]] = {}
    for row in rows(demo, "litellm"):
        talks.setdefault(row["session_id"], []).append(row)
    checked = 0
    for talk in talks.values():
        distinct = list({row["request_id"]: row for row in talk}.values())
        for earlier, later in pairwise(distinct):
            said = [m for m in earlier["messages"] if m["role"] != "system"]
            heard = [m for m in later["messages"] if m["role"] != "system"]
            assert heard[: len(said)] == said
            if earlier["status"] == "success":
                assert heard[len(said)] == {
                    k: earlier["response"]["choices"][0]["message"][k] for k in ("role", "content")
                }
            checked += 1
    assert checked > 200


def test_lines_stand_in_order_of_time(demo: DemoPaths) -> None:
    for name, field in (("openai", "started_at"), ("litellm", "startTime")):
        times = [row[field] for row in rows(demo, name)]
        assert times == sorted(times)


def test_every_account_of_the_logs_has_its_facts(demo: DemoPaths) -> None:
    seen = {row["account"] for row in rows(demo, "openai")} | {row["user"] for row in rows(demo, "litellm")}
    seen |= {span["user.id"] for span in spans(demo)}
    with demo.accounts_file.open(encoding="utf-8") as file:
        facts = {row["account"]: row for row in csv.DictReader(file)}
    assert seen == set(facts)
    assert set(ACCOUNT_FACTS) < set(next(iter(facts.values())))
    with demo.releases_file.open(encoding="utf-8") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["atlas-4-mini", "atlas-4", "atlas-4-large", "atlas-5"]


def test_the_truth_is_never_in_logs_or_facts(demo: DemoPaths) -> None:
    assert not demo.truth.is_relative_to(demo.logs)
    assert not demo.truth.is_relative_to(demo.accounts_file.parent)
    inside = {path.name for path in demo.logs.rglob("*")} | {path.name for path in demo.accounts_file.parent.iterdir()}
    assert not inside & {path.name for path in demo.truth.iterdir()}
    assert "role" not in demo.accounts_file.read_text(encoding="utf-8").splitlines()[0]
    words = [b"lookalike", b"agent_fleet", b"template_owner", b"prompt_library", b"quick_start"]
    for path in [*demo.logs.rglob("*.*"), demo.accounts_file]:
        data = b"\n".join(read_lines(path))
        assert not [word for word in words if word in data]


def test_ids_tell_nothing_of_who_was_built_first(demo: DemoPaths) -> None:
    table = pq.read_table(demo.truth / "accounts.parquet")
    role = dict(zip(table["account"].to_pylist(), table["role"].to_pylist(), strict=True))
    found = rows(demo, "litellm")
    for field in ("session_id", "request_id"):
        ranked = sorted(found, key=lambda row: row[field])
        half = sum(role[row["user"]] == "actor" for row in ranked[: len(ranked) // 2])
        whole = sum(role[row["user"]] == "actor" for row in ranked)
        assert 0.4 < half / whole < 0.6


def test_the_sealed_truth_names_every_account_once(demo: DemoPaths) -> None:
    table = pq.read_table(demo.truth / "accounts.parquet")
    assert table.column_names == ["account", "role", "group"]
    assert table.num_rows == len(set(table["account"].to_pylist())) == 600


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name, seed in (("a", 1), ("b", 1)):
        write_demo(tmp_path / name, seed=seed, accounts=500, exchanges=7500)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        digests.append(
            [(path.relative_to(tmp_path / name), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
        )
    assert len(digests[0]) == 17
    assert digests[0] == digests[1]


@pytest.mark.parametrize(("accounts", "exchanges"), [(5, 1000), (600, 700)])
def test_impossible_sizes_are_refused(tmp_path: Path, accounts: int, exchanges: int) -> None:
    from stillwatch.core.errors import Error

    with pytest.raises(Error, match="accounts, exchanges: got"):
        write_demo(tmp_path, seed=1, accounts=accounts, exchanges=exchanges)
