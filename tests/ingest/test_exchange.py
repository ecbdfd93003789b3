"""Identities go in, pseudonyms come out; texts and numbers stay what they were."""

from __future__ import annotations

from stillwatch.engine.tables import table
from stillwatch.ingest.batch import to_batch
from stillwatch.ingest.exchange import Exchange, client_claimed, credential_id

from .traffic import NAMES

AT = 1_759_000_000_000_000


def test_an_empty_batch_keeps_the_contract() -> None:
    batch, vault = to_batch([], NAMES, source=1, log_format="har")
    assert (batch.num_rows, batch.schema, vault) == (0, table("exchanges").schema, [])


def test_every_column_of_the_contract_is_filled_by_something() -> None:
    fields = set(Exchange.__struct_fields__)
    derived = {"exchange_id", "subnet", "client_claimed", "client_telemetry"}
    assert set(table("exchanges").names()) - derived == fields - {"part"}


def test_identities_leave_as_pseudonyms_of_their_own_kind() -> None:
    x = Exchange(
        at=AT,
        account="same",
        org="same",
        credential="same",
        end_user="same",
        ip="203.0.113.9",
        conversation="same",
        request="same",
        user_agent="same",
        tls_fingerprint="same",
        reasoning_artifacts=["same", "same"],
        line=1,
    )
    batch, vault = to_batch([x], NAMES, source=1, log_format="har")
    row = batch.to_pylist()[0]
    kinds = ("account", "org", "credential", "end_user", "conversation", "request", "user_agent", "tls_fingerprint")
    assert {kind: row[kind] for kind in kinds} == {kind: NAMES.name(kind, "same") for kind in kinds}
    assert (row["ip"], row["subnet"]) == (NAMES.name("ip", "203.0.113.9"), NAMES.name("subnet", "203.0.113.0/24"))
    assert row["exchange_id"] == NAMES.name("exchange", "same")
    assert row["reasoning_artifacts"] == [NAMES.name("artifact", "same")]
    assert len({row[kind] for kind in kinds}) == len(kinds)
    assert sorted(vault) == [
        ("account", row["account"], "same"),
        ("org", row["org"], "same"),
        ("subnet", row["subnet"], "203.0.113.0/24"),
        ("tls_fingerprint", row["tls_fingerprint"], "same"),
        ("user_agent", row["user_agent"], "same"),
    ], "a full address is not among them"


def test_one_signature_in_two_alphabets_is_one_artifact() -> None:
    rows = [Exchange(at=AT, reasoning_artifacts=[mark]) for mark in ("ab-_cd==", "ab+/cd")]
    first, second = to_batch(rows, NAMES, source=1, log_format="har")[0].column("reasoning_artifacts").to_pylist()
    assert first == second


def test_what_is_unknown_stays_unknown() -> None:
    row = to_batch([Exchange(at=AT, line=3)], NAMES, source=9, log_format="har")[0].to_pylist()[0]
    known = {column for column, value in row.items() if value is not None}
    assert known == {"exchange_id", "at", "retention_class", "format", "source", "line"}
    elsewhere = to_batch([Exchange(at=AT, line=4)], NAMES, source=8, log_format="har")[0].to_pylist()[0]
    assert row["exchange_id"] == elsewhere["exchange_id"]


def test_a_live_key_never_stands_in_a_row_and_a_masked_one_stays() -> None:
    import hashlib

    key = "sk-live-0123456789abcdefghijklmnop"
    assert credential_id(f"Bearer {key}") == hashlib.sha256(key.encode()).hexdigest()
    assert credential_id(hashlib.sha256(key.encode()).hexdigest()) == hashlib.sha256(key.encode()).hexdigest()
    assert credential_id("Bearer sk-...a1b2") == "sk-...a1b2"


def test_a_client_is_its_first_product_token() -> None:
    agents = [
        "OpenAI/Python 1.9",
        "claude-cli/2.0.1 (external)",
        "Mozilla/5.0 (X11)",
        "python-requests/2.31",
        "x" * 90,
        "",
        "  ",
        "(odd)",
    ]
    assert [client_claimed(agent) for agent in agents] == [
        "OpenAI/Python",
        "claude-cli",
        "Mozilla",
        "python-requests",
        "x" * 40,
        None,
        None,
        None,
    ]
