"""The sample logs are whole, small, free of secrets, and say what a correct reader returns."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.engine.tables import table

EXAMPLES = Path(__file__).parents[2] / "examples"
FORMATS = (
    "anthropic_messages",
    "azure_apim_llm",
    "bedrock_invocation",
    "columns",
    "envoy_aigw",
    "gemini_generate",
    "har",
    "helicone",
    "langfuse",
    "litellm_spendlogs",
    "litellm_standard",
    "openai_batch",
    "openai_chat",
    "openai_responses",
    "openai_stored",
    "openinference",
    "otel_genai",
)
INDEX: dict[str, dict[str, int]] = json.loads((EXAMPLES / "index.json").read_text(encoding="utf-8"))
SECRETS = (
    r"sk-(?:ant-)?[A-Za-z0-9_-]{16,}",
    r"AKIA[0-9A-Z]{16}",
    r"AIza[0-9A-Za-z_-]{30,}",
    r"(?:ghp|gho|xox[bap])[_-][A-Za-z0-9]{10,}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY",
    r"Bearer (?!sk-\.\.\.)[^ \"\\]{12,}",
    r"hf_[A-Za-z]{20,}",
)
HERE = (r"/(?:tmp|root|home)/", r"\.pyenv", r"site-packages/pip")
OUTSIDE_ADDRESS = re.compile(r"(?<![\d.\w-])(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?![\d.\w])")
DOCUMENTATION_ADDRESS = re.compile(r"^(192\.0\.2|198\.51\.100|203\.0\.113|127\.0\.0|10\.\d+\.\d+)\.\d+$")


def text_files(folder: Path) -> list[Path]:
    """Every file of a folder that is text."""
    return sorted(
        p for p in folder.rglob("*") if p.is_file() and p.suffix != ".parquet" and "__pycache__" not in p.parts
    )


def documents(path: Path) -> list[Any]:
    """The JSON documents of a file: its lines, or the whole of it."""
    text = path.read_text(encoding="utf-8")
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]


def strings(tree: Any) -> Iterator[str]:
    """Every string in a document, and those within strings that are JSON themselves."""
    if isinstance(tree, dict):
        for value in tree.values():
            yield from strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from strings(value)
    elif isinstance(tree, str):
        yield tree
        if tree[:1] in "[{" and tree[1:2]:
            try:
                yield from strings(json.loads(tree))
            except json.JSONDecodeError:
                return


def expected(name: str) -> list[dict[str, Any]]:
    """What a correct reader returns for the sample `name`."""
    entries: list[dict[str, Any]] = json.loads((EXAMPLES / name / "expected.json").read_text(encoding="utf-8"))
    return entries


def exchanges(path: Path) -> int:
    """Count the exchanges of a sample by the look of its records, without any reader."""
    if path.suffix == ".parquet":
        return int(pq.read_metadata(path).num_rows)
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as lines:
            return sum(1 for _ in csv.DictReader(lines))
    count = 0
    for record in documents(path):
        if "resourceSpans" in record:
            count += sum(
                len(scope["spans"]) for resource in record["resourceSpans"] for scope in resource["scopeSpans"]
            )
        elif "log" in record:
            count += sum(entry["request"]["method"] == "POST" for entry in record["log"]["entries"])
        elif record.get("object") == "list":
            count += len(record["data"])
        elif "SequenceNumber" in record:
            count += record["SequenceNumber"] == 0
        elif "resourceLogs" not in record:
            count += record.get("type") != "SPAN"
    return count


def test_every_format_of_the_issue_has_a_folder() -> None:
    assert set(INDEX) == set(FORMATS)
    assert all((EXAMPLES / name).is_dir() for name in (*FORMATS, "accounts", "telemetry", "releases"))


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_holds_what_its_index_line_and_readme_say(name: str) -> None:
    readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    assert 3 <= len([line for line in readme.splitlines() if line.strip()]) <= 9
    for file, count in INDEX[name].items():
        path = EXAMPLES / name / file
        assert exchanges(path) == count, f"{name}/{file}"
        assert 1 <= count <= 40
    stated = {int(n) for n in re.findall(r"\*\*(\d+)(?: exchanges[^*]*)?\*\*", readme)}
    counts = list(INDEX[name].values())
    assert stated & {*counts, sum(counts), sum(counts[:2])}, "the README states how many exchanges there are"


@pytest.mark.parametrize("name", FORMATS)
def test_the_emitter_is_named_or_its_absence_admitted(name: str) -> None:
    readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    documented = "no emitter installs" in readme
    assert documented == ("Written from" in readme)
    assert "https://" in readme if documented else re.search(r"make/\w+\.py", readme)


@pytest.mark.parametrize(
    "path", [pytest.param(p, id=str(p.relative_to(EXAMPLES))) for p in sorted(EXAMPLES.rglob("*")) if p.is_file()]
)
def test_a_sample_parses_and_is_small(path: Path) -> None:
    assert 0 < path.stat().st_size < 150_000
    if path.suffix in {".json", ".jsonl", ".log", ".har"}:
        assert documents(path)
    elif path.suffix == ".toml":
        assert tomllib.loads(path.read_text(encoding="utf-8"))["columns"]
    elif path.suffix == ".parquet":
        assert pq.read_table(path).num_rows > 0


@pytest.mark.parametrize("pattern", [*SECRETS, *HERE])
def test_no_sample_holds_a_secret_or_a_path_of_the_machine_that_made_it(pattern: str) -> None:
    for path in text_files(EXAMPLES):
        found = re.search(pattern, path.read_text(encoding="utf-8"))
        assert found is None, f"{path.relative_to(EXAMPLES)}: {pattern}"


@pytest.mark.parametrize("name", FORMATS)
def test_every_address_is_one_that_is_reserved_for_documentation(name: str) -> None:
    for path in text_files(EXAMPLES / name):
        for address in OUTSIDE_ADDRESS.findall(path.read_text(encoding="utf-8")):
            assert DOCUMENTATION_ADDRESS.match(address), f"{path.name}: {address}"


@pytest.mark.parametrize("name", FORMATS)
def test_an_expectation_points_at_one_exchange_and_names_columns_of_the_contract(name: str) -> None:
    columns = {column.name: column.type for column in table("exchanges").columns}
    entries = expected(name)
    assert len(entries) >= 4
    for entry in entries:
        assert sum(key in entry for key in ("line", "request_id", "match")) == 1
        assert set(entry) <= {"file", "line", "request_id", "match", "fields"}
        assert entry["file"] in INDEX[name]
        assert entry["fields"]
        assert {*entry["fields"], *entry.get("match", {})} <= set(columns)
        if "line" in entry and (EXAMPLES / name / entry["file"]).suffix == ".jsonl":
            assert 1 <= entry["line"] <= len(documents(EXAMPLES / name / entry["file"]))


@pytest.mark.parametrize("name", FORMATS)
def test_an_expected_value_fits_its_column_before_pseudonyms(name: str) -> None:
    columns = {column.name: column.type for column in table("exchanges").columns}
    for entry in expected(name):
        for column, value in entry["fields"].items():
            kind = columns[column]
            if value is None:
                continue
            if column == "messages":
                assert [set(turn) for turn in value] == [{"role", "content"}] * len(value)
            elif pa.types.is_list(kind):
                assert value
                assert all(isinstance(v, str) for v in value)
            elif (
                column in {"asn", "turns", "n"}
                or column.endswith("tokens")
                or column in {"http_status", "top_k", "top_logprobs"}
            ):
                assert type(value) is int
                assert value >= 0
            elif pa.types.is_boolean(kind):
                assert type(value) is bool
            elif pa.types.is_floating(kind):
                assert type(value) is float
            elif pa.types.is_timestamp(kind):
                assert re.fullmatch(r"2026-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value)
            else:
                assert isinstance(value, str)
                assert value


@pytest.mark.parametrize("name", [n for n in FORMATS if n not in {"columns", "azure_apim_llm"}])
def test_expected_prompts_and_artifacts_stand_in_the_sample(name: str) -> None:
    files = {
        p.name: list(strings(documents(p)))
        for p in text_files(EXAMPLES / name)
        if p.name not in {"README.md", "expected.json"}
    }
    for entry in expected(name):
        texts = files[entry["file"].replace("output", "input").replace("errors", "input")]
        for column in ("prompt", "system"):
            wanted = entry["fields"].get(column) or entry.get("match", {}).get(column)
            if isinstance(wanted, str):
                assert wanted in texts, f"line {entry.get('line')}: {column}"
        for artifact in entry["fields"].get("reasoning_artifacts") or []:
            assert any(artifact in text for some in files.values() for text in some)


@pytest.mark.parametrize("name", FORMATS)
def test_the_expectations_show_an_error_and_more_than_one_script(name: str) -> None:
    outcomes = {entry["fields"].get("outcome") for entry in expected(name)}
    assert "ok" in outcomes or name == "columns"
    assert "error" in outcomes or name in {"openai_stored", "azure_apim_llm"}
    if name != "envoy_aigw":
        written = "".join(
            text for entry in expected(name) for text in strings([entry["fields"], entry.get("match", {})])
        )
        assert any(ord(c) > 0x2E7F for c in written), "an answer or question that is not in Latin script"


def test_the_three_house_tables_hold_the_same_rows() -> None:
    folder = EXAMPLES / "columns"
    lines = [json.loads(line) for line in (folder / "house.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = pq.read_table(folder / "house.parquet").to_pylist()
    assert [row | {"wall_clock": row["wall_clock"].isoformat()} for row in rows] == lines
    with (folder / "house.csv").open(encoding="utf-8", newline="") as text:
        written = list(csv.DictReader(text))
    assert [row["ticket"] for row in written] == [row["ticket"] for row in lines]
    assert [row["asked"] for row in written] == [row["asked"] for row in lines]
    mapping = tomllib.loads((folder / "mapping.toml").read_text(encoding="utf-8"))
    assert set(mapping["columns"].values()) <= set(lines[0])
    assert {*mapping["columns"], *mapping["constants"]} <= set(table("exchanges").names())


def test_account_facts_and_releases_carry_the_names_of_the_contract() -> None:
    with (EXAMPLES / "accounts" / "accounts.csv").open(encoding="utf-8", newline="") as text:
        accounts = list(csv.DictReader(text))
    assert list(accounts[0]) == table("account_facts").names()
    assert {"sk-...a1b2", "user-anchor", "K-anchor"} <= {row["account"] for row in accounts}
    with (EXAMPLES / "releases" / "releases.csv").open(encoding="utf-8", newline="") as text:
        assert list(next(csv.DictReader(text))) == table("releases").names()
    events = documents(EXAMPLES / "telemetry" / "telemetry.jsonl")
    assert all(set(event) == {"account", "client", "at", "event"} for event in events)


def test_the_makers_pin_exact_versions_and_name_no_address() -> None:
    files = sorted((EXAMPLES / "make").glob("requirements-*.txt"))
    assert len(files) >= 5
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        for line in text.replace("\\\n", " ").splitlines():
            if line and not line.startswith("#"):
                assert re.match(r"[A-Za-z0-9_.\[\]-]+(==[\w.+!-]+|<\d+)(\s+--hash=sha256:[0-9a-f]{64})*\s*$", line), (
                    f"{path.name}: {line}"
                )
    readme = (EXAMPLES / "make" / "README.md").read_text(encoding="utf-8")
    inner = {"litellm_callback.py"}
    assert all(path.name in readme for path in (*files, *(EXAMPLES / "make").glob("*.py")) if path.name not in inner)


def test_litellm_is_pinned_to_a_release_that_is_known_to_be_sound() -> None:
    text = (EXAMPLES / "make" / "requirements-litellm.txt").read_text(encoding="utf-8")
    assert re.search(r"^litellm==(1\.80\.16|1\.106\.2) --hash=sha256:[0-9a-f]{64}$", text, re.MULTILINE)
