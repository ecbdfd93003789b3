"""Facts beside the logs: read from any usual table, named as the logs name them."""

from __future__ import annotations

import gzip
import traceback
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core.errors import FormatError
from stillwatch.engine.tables import table
from stillwatch.ingest import facts, read_accounts, read_releases, read_telemetry

from .traffic import NAMES, capture, lines, read, row

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_samples_of_accounts_agree() -> None:
    first = read_accounts(EXAMPLES / "accounts" / "accounts.csv", NAMES)
    second = read_accounts(EXAMPLES / "accounts" / "accounts.jsonl", NAMES)
    assert first.table.schema == table("account_facts").schema
    assert first.table.num_rows > 5
    assert first.table == second.table
    assert first.rejects.num_rows == second.rejects.num_rows == 0


def test_accounts_are_named_as_the_logs_name_them_and_go_to_the_vault(tmp_path: Path) -> None:
    path = tmp_path / "accounts.parquet"
    pq.write_table(
        pa.table(
            {
                "Customer": ["a", "b"],
                "created_at": ["2025-01-01", None],
                "quota": [5, None],
                "payment": ["card", "card"],
            }
        ),
        path,
    )
    found = read_accounts(path, NAMES)
    rows = found.table.to_pylist()
    assert [one["account"] for one in rows] == [NAMES.name("account", "a"), NAMES.name("account", "b")]
    assert rows[0]["payment"] == rows[1]["payment"] == NAMES.name("payment", "card")
    assert (rows[0]["entitlement"], rows[1]["entitlement"], rows[1]["created"]) == (5, None, None)
    assert found.vault == [("account", NAMES.name("account", "a"), "a"), ("account", NAMES.name("account", "b"), "b")]


@pytest.mark.parametrize("word", ["none", "None", "no", "n/a", "N/A", "false", "0", "-", "null", " NULL ", "unknown"])
def test_a_word_for_nothing_is_unknown(tmp_path: Path, word: str) -> None:
    path = tmp_path / "accounts.csv"
    names = (
        "declared_programme",
        "signup_path",
        "product_type",
        "plan",
        "org",
        "payment",
        "registration",
        "device",
        "created",
    )
    path.write_text(f"account,{','.join(names)}\na{f',{word}' * len(names)}\n")
    found = read_accounts(path, NAMES)
    assert found.rejects.num_rows == 0
    assert {name: found.table.to_pylist()[0][name] for name in names} == dict.fromkeys(names)


def test_no_identity_check_and_norway_are_facts(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("account,verification,contract_region\na,none,NO\nb,n/a,-\n")
    rows = read_accounts(path, NAMES).table.to_pylist()
    assert [(one["verification"], one["contract_region"]) for one in rows] == [("none", "NO"), (None, None)]


@pytest.mark.parametrize(
    "account",
    ["sk-live-0123456789abcdefghij", "sk-...a1b2", "AIzaSyA-0123456789abcdefghijklmnopqrstu", "gsk_0123456789abcdefghijklm",
     "Bearer sk-live-0123456789abcdefghij", " acme ", "sketch-co-with-a-long-name", 7],
)  # fmt: skip
def test_an_account_of_the_facts_joins_the_same_account_of_any_log(tmp_path: Path, account: str | int) -> None:
    facts, single, columns, keys = (
        tmp_path / name for name in ("facts.jsonl", "log.jsonl", "log.parquet", "keys.jsonl")
    )
    facts.write_bytes(lines([{"account": account, "plan": "free"}]))
    rows = [row(0, account=account)]
    single.write_bytes(lines(rows))
    pq.write_table(pa.Table.from_pylist(rows), columns)
    found = read_accounts(facts, NAMES)
    named = found.table.column("account").to_pylist()
    assert read(single)[0][0]["account"] == read(columns)[0][0]["account"] == named[0]
    if isinstance(account, str) and "sk-live" in account:
        assert "live" not in str(found.vault)
        captured = capture()
        captured["request"]["headers"]["authorization"] = account
        keys.write_bytes(lines([captured]))
        assert read(keys)[0][0]["account"] == named[0]


def test_a_bad_fact_costs_its_row_and_a_repeated_account_keeps_the_later(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(
        "account,created,entitlement,plan\na,2025-01-01,10,free\n,2025-01-01,1,x\nb,never,1,x\nc,,-4,x\na,,20,pro\nd,,1\n"
    )
    found = read_accounts(path, NAMES)
    assert [(one["plan"], one["entitlement"]) for one in found.table.to_pylist()] == [("pro", 20)]
    assert [(one["line"], one["field"]) for one in found.rejects.to_pylist()] == [
        (3, "account"),
        (4, "created"),
        (5, "entitlement"),
        (7, "row"),
    ]
    assert found.notes["rows that repeat one account"] == 1


def test_a_file_without_accounts_says_what_it_wants(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("foo,bar\n1,2\n")
    with pytest.raises(FormatError, match="no column that names the account"):
        read_accounts(path, NAMES)


def test_telemetry_is_distinct_pairs_written_as_clients_are_claimed(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.jsonl"
    path.write_bytes(
        lines(
            [
                {"account": "a", "client": "claude-cli/2.0"},
                {"account": "a", "client": "claude-cli/2.1"},
                {"account": "b"},
            ]
        )
    )
    found = read_telemetry(path, NAMES)
    assert found.table.to_pylist() == [{"account": NAMES.name("account", "a"), "client": "claude-cli"}]
    assert [(one["line"], one["field"]) for one in found.rejects.to_pylist()] == [(3, "client")]
    assert (
        read_telemetry(EXAMPLES / "telemetry" / "telemetry.csv", NAMES).table
        == read_telemetry(EXAMPLES / "telemetry" / "telemetry.jsonl", NAMES).table
    )


def test_releases_are_read(tmp_path: Path) -> None:
    found = read_releases(EXAMPLES / "releases" / "releases.csv")
    assert found.table.schema == table("releases").schema
    assert found.table.num_rows == 5
    assert found.rejects.num_rows == 0


def test_facts_that_break_off_keep_their_whole_rows_and_say_so(tmp_path: Path) -> None:
    data = b"account,plan\n" + b"".join(b"a%d,free\n" % i for i in range(5000))
    whole = gzip.compress(data)
    path = tmp_path / "accounts.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    found = read_accounts(path, NAMES)
    assert 1000 < found.table.num_rows < 5000
    (reject,) = found.rejects.to_pylist()
    assert (reject["line"], reject["reason"]) == (
        found.table.num_rows + 2,
        "the compressed file ends early; what stood before was read",
    )
    assert found.table.num_rows == len({NAMES.name("account", f"a{i}") for i in range(found.table.num_rows)})
    known = set(found.table.column("account").to_pylist())
    assert known == {NAMES.name("account", f"a{i}") for i in range(found.table.num_rows)}
    path.write_bytes(whole[:8])
    with pytest.raises(FormatError, match="the compressed file ends before its first byte"):
        read_accounts(path, NAMES)


@pytest.mark.parametrize("damage", ["cut", "pages", "calendar", "text"])
def test_facts_in_a_damaged_parquet_file_are_said_in_a_sentence(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "accounts.parquet"
    never = pa.array([2**62], pa.timestamp("us"))
    secret = pa.array([b"my secret \xff"], pa.binary()).view(pa.string())
    table_ = {"account": secret if damage == "text" else ["a"], "created": never if damage == "calendar" else [None]}
    pq.write_table(pa.table(table_), path)
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[:-20])
    elif damage == "pages":
        path.write_bytes(data[:4] + bytes(255 - byte for byte in data[4:40]) + data[40:])
    with pytest.raises(
        FormatError, match=r"accounts\.parquet: starts as a Parquet file, but its data are damaged"
    ) as caught:
        read_accounts(path, NAMES)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_facts_that_utf_8_cannot_write_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "accounts.jsonl"
    path.write_bytes(b'{"account": "half \\ud83d", "plan": "p \\ud83d"}\n')
    found = read_accounts(path, NAMES)
    assert found.table.column("account").to_pylist() == [NAMES.name("account", "half \ud83d")]
    assert found.table.column("plan").to_pylist() == ["p \ufffd"]


def test_facts_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "accounts.csv.gz"
    path.write_bytes(gzip.compress(b"account\n" + b"a\n" * 1_000_000))
    monkeypatch.setattr(facts, "_MOST_BYTES", 1_000_000)
    with pytest.raises(FormatError, match=r"accounts\.csv\.gz: more than"):
        read_accounts(path, NAMES)
