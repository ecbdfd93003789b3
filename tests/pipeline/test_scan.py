"""A scan reads mixed logs once, keeps its contracts, says what it left out, and keeps texts and names to itself."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core import Error, FormatError, Settings, WorkspaceError, handle, settings_from
from stillwatch.engine import TABLES, Workspace, check
from stillwatch.pipeline import Inputs, Scanned, last_view, raw_names

from .logs import (
    OWNER,
    SECRET,
    SMALL,
    Day,
    Rows,
    asked,
    capture,
    hashes,
    run,
    traffic,
    workspace,
    write_captures,
    write_day,
    write_spend_logs,
    write_table,
)

Done = tuple[Workspace, Scanned]
TEXTS = ("system", "prompt", "messages", "output", "reasoning")


def some(count: int, *, first: int = 0, account: str = "someone") -> Rows:
    """A few exchanges of one account."""
    return [asked(first + i, account, f"what is the {first + i}th thing") for i in range(count)]


def test_every_exchange_of_every_format_is_in(day: Day, scanned: Done) -> None:
    space, done = scanned
    rows = space.store.read("exchanges", ["exchange_id", "format", "prompt"])
    assert rows.num_rows == day.exchanges == done.read.exchanges == done.view.run.exchanges
    assert len(set(rows.column("exchange_id").to_pylist())) == day.exchanges
    assert set(rows.column("prompt").to_pylist()) == {row["prompt"] for row in traffic()}
    assert set(rows.column("format").to_pylist()) == {"openai_chat", "litellm_spendlogs", "columns"}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_table_keeps_its_contract_and_its_key(scanned: Done, name: str) -> None:
    store = scanned[0].store
    for path in store.files(name):
        check(pq.ParquetFile(path).read(), TABLES[name])
    rows = store.read(name, TABLES[name].key)
    keys = list(zip(*(rows.column(column).to_pylist() for column in TABLES[name].key), strict=True))
    assert len(keys) == len(set(keys))


def test_the_small_day_fills_the_tables_that_matter(scanned: Done) -> None:
    space, done = scanned
    for name in ("families", "links", "actors", "actor_members", "account_evidence", "calibration", "runs"):
        assert space.store.manifest(name).rows, name
    (actor,) = done.view.for_review
    members = [raw for _, raw in raw_names(space, [actor.handle])]
    assert members
    assert all(raw.startswith("worker-") for raw in members)


def test_features_stand_beside_their_exchanges(scanned: Done) -> None:
    store = scanned[0].store
    shared = ["exchange_id", "at", "account", "ip", "model", "output_tokens"]
    assert store.read("features", shared).equals(store.read("exchanges", shared))
    assert [p.made_from for p in store.manifest("features").parts] == [
        p.made_from for p in store.manifest("exchanges").parts
    ]


def test_the_same_scan_again_changes_no_file(day: Day, scanned: Done, tmp_path: Path) -> None:
    space, first = scanned
    before = hashes(space.root, "tables", "reports", "vault", "keys")
    again = run(Workspace(space.root), day.inputs())
    assert again.unchanged
    assert again.view == first.view
    assert again.read.fresh == 0
    assert hashes(space.root, "tables", "reports", "vault", "keys") == before


@pytest.mark.slow
def test_two_workers_give_the_same_tables_as_one(day: Day, scanned: Done, space: Workspace) -> None:
    two = settings_from({**_raw(SMALL), "run": {"workers": 2, "memory_mb": 400}})
    done = run(space, day.inputs(), two)
    assert hashes(space.root, "tables", "vault") == hashes(scanned[0].root, "tables", "vault")
    assert done.view.actors == scanned[1].view.actors
    assert done.view.accounts == scanned[1].view.accounts


def _raw(settings: Settings) -> dict[str, dict[str, object]]:
    raw: dict[str, dict[str, object]] = {}
    for path, value in settings.changed().items():
        room, _, name = path.partition(".")
        raw.setdefault(room, {})[name] = value
    return raw


@pytest.mark.slow
def test_two_halves_scanned_one_after_the_other_hold_the_same_exchanges(
    day: Day, scanned: Done, space: Workspace
) -> None:
    for names in (("house.parquet", "api-2.jsonl", "api-0.jsonl"), ("api-1.jsonl", "proxy-4.jsonl", "proxy-3.jsonl")):
        run(space, Inputs(logs=[day.logs / name for name in names], mapping=day.mapping))
    whole = scanned[0].store
    for name in ("actors", "families", "actor_members", "account_evidence", "calibration", "links"):
        assert space.store.read(name).equals(whole.read(name)), name


def test_one_exchange_in_three_files_and_formats_counts_once(tmp_path: Path, space: Workspace) -> None:
    rows = some(30)
    logs = [
        write_captures(tmp_path / "a.jsonl", rows),
        write_spend_logs(tmp_path / "b.jsonl", rows[:20]),
        write_captures(tmp_path / "c.jsonl", [*rows[10:], *some(5, first=30), *some(2, first=33)]),
    ]
    done = run(space, logs)
    assert space.store.manifest("exchanges").rows == space.store.manifest("features").rows == 35
    assert (done.read.exchanges, done.read.duplicates) == (35, 42)
    assert done.view.run.duplicates == 42
    assert set(space.store.read("exchanges", ["format"]).column("format").to_pylist()) == {"openai_chat"}


def test_the_same_file_under_two_names_is_read_once(tmp_path: Path, space: Workspace) -> None:
    write_captures(tmp_path / "logs" / "a.jsonl", some(5))
    write_captures(tmp_path / "logs" / "b.jsonl", some(5))
    done = run(space, [tmp_path / "logs"])
    assert done.read.exchanges == 5
    assert any("same content as" in note for note in done.notes)


def test_late_rows_are_taken_in_by_a_second_scan(tmp_path: Path, space: Workspace) -> None:
    late = [{**row, "at": row["at"] - dt.timedelta(days=3)} for row in some(4, first=50)]
    write_captures(tmp_path / "logs" / "monday.jsonl", some(10))
    first = run(space, [tmp_path / "logs"])
    write_captures(tmp_path / "logs" / "late.jsonl", [*late, *some(3)])
    second = run(space, [tmp_path / "logs"])
    assert (first.read.fresh, second.read.fresh, second.read.duplicates) == (10, 4, 3)
    assert not second.unchanged
    assert second.view.run.exchanges == 14
    assert {part.path.split("/")[0] for part in space.store.manifest("exchanges").parts} == {"2026-07-24", "2026-07-21"}


def test_rejects_carry_place_and_reason_and_never_text(tmp_path: Path, space: Workspace) -> None:
    bad_time, negative = (json.loads(json.dumps(capture(row))) for row in some(2, first=90))
    bad_time["started_at"] = f"{SECRET} o'clock"
    negative["response"]["body"]["usage"]["prompt_tokens"] = -3
    path = write_captures(tmp_path / "a.jsonl", some(4))
    with path.open("a") as file:
        for line in (json.dumps(bad_time), json.dumps(negative), f'{{"half": "{SECRET}', json.dumps([SECRET])):
            file.write(line + "\n")
    done = run(space, [path])
    rejects = space.store.read("rejects").to_pylist()
    assert done.read.rejects == done.view.run.rejects == len(rejects) == 4
    assert [row["line"] for row in rejects] == [5, 6, 7, 8]
    assert [row["field"] for row in rejects][:2] == ["started_at", "usage.prompt_tokens"]
    assert rejects[1]["reason"] == "got -3, expected a whole number >= 0"
    assert {row["path"] for row in rejects} == {str(path)}
    assert all(row["reason"] and row["format"] == "openai_chat" for row in rejects)
    assert SECRET not in str(rejects)
    assert sum(reject.count for reject in done.view.rejects) == 4


def test_text_of_zero_retention_is_never_on_disk(tmp_path: Path, space: Workspace) -> None:
    zero = "Coelacanth"
    rows = [asked(i, "quiet", f"{zero} {i}", output=zero, retention="zero", system=True) for i in range(10)]
    rows += some(10, first=20)
    (tmp_path / "mapping.toml").write_text((write_day(tmp_path / "day", traffic(each=1)).mapping).read_text())
    logs = [write_captures(tmp_path / "a.jsonl", rows[::2]), write_table(tmp_path / "b.parquet", rows[1::2])]
    run(space, Inputs(logs=logs, mapping=tmp_path / "mapping.toml"))
    kept = space.store.read("exchanges").to_pylist()
    silent = [row for row in kept if row["retention_class"] == "zero"]
    assert len(silent) == 10
    assert all(row[column] is None for row in silent for column in TEXTS)
    assert all(row["prompt"] for row in kept if row["retention_class"] == "standard")
    features = [row for row in space.store.read("features").to_pylist() if row["retention_class"] == "zero"]
    assert all(row["prompt_hash"] is not None and row["prompt_words"] for row in features)
    found = [path for path in space.root.rglob("*") if path.is_file() and contains(path, zero)]
    assert found == []


def test_no_earlier_turn_and_no_reasoning_of_zero_retention_is_on_disk(tmp_path: Path, space: Workspace) -> None:
    zero = "Coelacanth"
    captures = [
        *(capture(asked(i, "quiet", f"{zero} {i}", output=zero, retention="zero", system=True)) for i in range(5)),
        *(capture({**row, "system": True}) for row in some(5, first=20)),
    ]
    for i, one in enumerate(captures):
        word = zero if i < 5 else "Bristlemouth"
        earlier = [{"role": "user", "content": f"{word} before"}, {"role": "assistant", "content": f"{word} said"}]
        one["request"]["body"]["messages"][1:1] = earlier
        one["response"]["body"]["choices"][0]["message"]["reasoning_content"] = f"{word} weighed"
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in captures))
    run(space, [path])
    texts = space.store.read("exchanges", ["retention_class", *TEXTS]).to_pylist()
    assert {kept["retention_class"] for kept in texts if not any(kept[column] for column in TEXTS)} == {"zero"}
    assert {kept["retention_class"] for kept in texts if all(kept[column] for column in TEXTS)} == {"standard"}
    assert len(texts) == 10
    assert [path for path in space.root.rglob("*") if path.is_file() and contains(path, zero)] == []


def contains(path: Path, word: str) -> bool:
    """Whether a file holds a word, in its bytes or, for Parquet, in any value or in its schema."""
    if word.encode() in path.read_bytes():
        return True
    if path.suffix != ".parquet":
        return False
    file = pq.ParquetFile(path)
    columns = file.read().to_pydict()
    return word in str(columns) or word in str(file.schema_arrow.metadata)


def test_the_search_for_a_word_sees_through_compression(scanned: Done) -> None:
    path = scanned[0].store.files("exchanges")[0]
    assert SECRET.encode() not in path.read_bytes()
    assert contains(path, SECRET)


@pytest.mark.slow
def test_prompts_stand_in_exchanges_alone_and_names_in_the_vault_alone(scanned: Done) -> None:
    root = scanned[0].root
    texts = {str(p.relative_to(root)).split("/")[1] for p in root.rglob("*") if p.is_file() and contains(p, SECRET)}
    assert texts == {"exchanges"}
    named = {str(p.relative_to(root)).split("/")[0] for p in root.rglob("*") if p.is_file() and contains(p, OWNER)}
    assert named == {"vault"}
    assert {p.stat().st_mode & 0o777 for p in (root / "vault").iterdir()} == {0o600}


def test_telemetry_accounts_and_releases_join(tmp_path: Path, space: Workspace) -> None:
    claimed = {"agent": "claude-cli/2.0.1 (external)"}
    rows = [asked(i, "genuine", f"a {i}", **claimed) for i in range(3)]
    rows += [asked(i, "pretender", f"b {i}", **claimed) for i in range(3, 6)]
    (tmp_path / "telemetry.csv").write_text("account,client\ngenuine,claude-cli\nother,other\n,claude-cli\n")
    (tmp_path / "accounts.csv").write_text(
        "account,created,plan,entitlement,payment\ngenuine,2026-01-05T00:00:00Z,team,500,card-1\nmissing,2026-01-05,free,x,card-2\n"
    )
    (tmp_path / "releases.csv").write_text("model,at\nm-2,2026-07-25T00:00:00Z\nm-1,2026-07-24T21:00:00Z\nm-3,soon\n")
    inputs = Inputs(
        logs=[write_captures(tmp_path / "a.jsonl", rows)],
        accounts=tmp_path / "accounts.csv",
        telemetry=tmp_path / "telemetry.csv",
        releases=tmp_path / "releases.csv",
    )
    done = run(space, inputs)
    name = space.names.name("account", "genuine")
    seen = {row["account"]: row["client_telemetry"] for row in space.store.read("features").to_pylist()}
    assert seen == {name: True, space.names.name("account", "pretender"): False}
    (fact,) = space.store.read("account_facts").to_pylist()
    assert (fact["account"], fact["plan"], fact["entitlement"]) == (name, "team", 500)
    assert fact["payment"] == space.names.name("payment", "card-1")
    assert space.store.read("releases").column("model").to_pylist() == ["m-1", "m-2"]
    assert f"{inputs.accounts}: facts known for 1 of 2 accounts" in done.notes
    left_out = [note for note in done.notes if "facts known" not in note]
    assert sorted(note.split(": ")[0] for note in left_out) == sorted(
        str(path) for path in (inputs.accounts, inputs.releases, inputs.telemetry)
    )
    assert all("1 rows were left out" in note for note in left_out)
    again = run(Workspace(space.root), inputs)
    assert again.unchanged
    assert space.store.manifest("rejects").rows == 3


def test_account_facts_that_match_nobody_are_a_warning(tmp_path: Path, space: Workspace) -> None:
    facts = tmp_path / "accounts.csv"
    facts.write_text("account,plan\nSOMEONE@EXAMPLE,team\n")
    nobody = [{**row, "account": None} for row in some(2, first=20)]
    inputs = Inputs(logs=[write_captures(tmp_path / "a.jsonl", [*some(4), *nobody])], accounts=facts)
    (note,) = run(space, inputs).notes
    assert note.startswith(f"warning: {facts}: facts known for 0 of 1 accounts; no account in it is written as")
    facts.write_text("account,plan\nsomeone,team\n")
    assert run(Workspace(space.root), inputs).notes == (f"{facts}: facts known for 1 of 1 accounts",)


def test_cleared_accounts_calibrate_the_others_and_unknown_names_are_counted(tmp_path: Path, space: Workspace) -> None:
    rows = [asked(20 * a + i, f"customer-{a}", f"question {a} {i}") for a in range(30) for i in range(20)]
    logs = write_captures(tmp_path / "a.jsonl", rows)
    before = run(space, [logs])
    cleared = tmp_path / "cleared.csv"
    names = [f"customer-{a}" for a in range(25)]
    cleared.write_text("account,by,reason\n" + "".join(f"{one},kim,known\n" for one in [*names, "stranger"]))
    inputs = Inputs(logs=[logs], cleared=cleared)
    done = run(Workspace(space.root), inputs)
    assert not done.unchanged, "the same logs are judged anew"
    assert f"{cleared}: 26 cleared accounts, 25 of them in the logs; 1 unknown here" in done.notes
    assert {row["by"] for row in Workspace(space.root).store.read("labels").to_pylist()} == {"kim"}
    combined = [
        row for row in Workspace(space.root).store.read("account_evidence").to_pylist() if row["signal"] == "combined"
    ]
    calibrating = {space.names.name("account", one) for one in names}
    assert all(("cleared by an analyst" in row["reason"]) == (row["account"] in calibrating) for row in combined)
    assert all("analysts cleared" in row["null"] for row in combined)
    assert any("25 accounts that analysts cleared" in one for one in done.view.guarantees)
    assert not any("analysts cleared" in one for one in before.view.guarantees)
    assert run(Workspace(space.root), inputs).unchanged
    kept = run(Workspace(space.root), [logs])
    assert kept.unchanged, "who was cleared stays cleared"


def test_a_list_of_cleared_accounts_that_match_nobody_is_a_warning(tmp_path: Path, space: Workspace) -> None:
    (tmp_path / "cleared.txt").write_text("SOMEONE@EXAMPLE\n")
    inputs = Inputs(logs=[write_captures(tmp_path / "a.jsonl", some(4))], cleared=tmp_path / "cleared.txt")
    (note,) = run(space, inputs).notes
    assert note.startswith("warning: ")
    assert note.endswith(
        "1 cleared accounts, 0 of them in the logs; no name in it is written as in the logs, so nobody is cleared"
    )


def test_an_unknown_account_is_kept_and_counted_once(tmp_path: Path, space: Workspace) -> None:
    nobody = [{**row, "account": None} for row in some(6)]
    logs = [
        write_captures(tmp_path / "a.jsonl", [*nobody, *some(4, first=10)]),
        write_captures(tmp_path / "b.jsonl", nobody),
    ]
    done = run(space, logs)
    assert done.view.run.exchanges == 10
    assert done.view.run.unattributed == done.read.unattributed == 6
    assert done.view.run.accounts == 1
    assert space.store.read("exchanges", ["account"]).column("account").null_count == 6


def test_what_readers_passed_over_is_counted_over_all_files_and_told_again(tmp_path: Path, space: Workspace) -> None:
    logs = []
    for name, count in (("a", 2), ("b", 3)):
        others = [json.loads(json.dumps(capture(row))) for row in some(count, first=ord(name))]
        for other in others:
            other["request"]["path"] = "/v1/embeddings"
        logs.append(write_captures(tmp_path / f"{name}.jsonl", some(4, first=10 * count)))
        with logs[-1].open("a") as file:
            file.writelines(json.dumps(other) + "\n" for other in others)
    done = run(space, logs)
    assert done.notes == ("5 requests that ask for no model's answer, passed over",)
    assert run(Workspace(space.root), logs).notes == done.notes
    assert run(Workspace(space.root), logs[:1]).notes == ("2 requests that ask for no model's answer, passed over",)


def test_a_default_account_takes_in_what_names_nobody(tmp_path: Path, space: Workspace) -> None:
    nobody = [{**row, "account": None} for row in some(3)]
    settings = settings_from({"ingest": {"default_account": "house"}, "run": {"workers": 1}})
    done = run(space, [write_captures(tmp_path / "a.jsonl", nobody)], settings)
    assert done.read.unattributed == 0
    assert set(space.store.read("exchanges", ["account"]).column("account").to_pylist()) == {
        space.names.name("account", "house")
    }


def test_a_folder_of_all_sorts_is_read_as_far_as_it_is_understood(tmp_path: Path, space: Workspace) -> None:
    logs = tmp_path / "logs"
    write_captures(logs / "deep" / "a.jsonl", some(3))
    write_spend_logs(logs / "b.jsonl", some(3, first=10))
    (logs / "README.md").write_text("# Logs\n")
    (logs / "empty.jsonl").write_text("")
    (logs / ".hidden").write_text("x")
    done = run(space, [logs])
    assert done.view.run.exchanges == 6
    assert any(note.startswith("left out: ") and "README.md" in note for note in done.notes)
    assert any(note.endswith("empty.jsonl: empty") for note in done.notes)
    assert not any(".hidden" in note for note in done.notes)


@pytest.mark.parametrize("what", ["empty folder", "empty file", "prose", "absent"])
def test_nothing_to_read_is_a_clear_error(tmp_path: Path, space: Workspace, what: str) -> None:
    path = tmp_path / "log.txt"
    if what == "empty folder":
        path.mkdir()
    elif what != "absent":
        path.write_text("" if what == "empty file" else "once upon a time\n")
    with pytest.raises(FormatError) as caught:
        run(space, [path])
    told = str(caught.value)
    assert ("the log format cannot be told" if what == "prose" else "no ") in told
    assert "log.txt" in told or what == "empty folder"


def test_a_log_of_rejects_alone_is_an_error_that_counts_them(tmp_path: Path, space: Workspace) -> None:
    rows = [{**capture(row), "started_at": "1999-01-01T00:00:00Z"} for row in some(3)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(FormatError, match=r"no exchange could be read from .*; 3 rows were rejected"):
        run(space, [path])
    assert space.store.manifest("rejects").rows == 3


def test_a_time_in_the_future_is_rejected_as_far_ahead_as_the_settings_say(tmp_path: Path, space: Workspace) -> None:
    ahead = [{**row, "at": dt.datetime(2026, 7, 26, 5, tzinfo=dt.UTC)} for row in some(2, first=10)]
    path = write_captures(tmp_path / "a.jsonl", [*some(2), *ahead])
    strict = settings_from({"ingest": {"future_hours": 1}, "run": {"workers": 1}})
    assert run(space, [path], strict).read.rejects == 2
    assert run(workspace(tmp_path / "lenient"), [path]).read.rejects == 0


def test_the_last_view_is_kept_for_explaining(scanned: Done, tmp_path: Path) -> None:
    space, done = scanned
    assert last_view(Workspace(space.root)) == done.view
    assert done.report.exists()
    with pytest.raises(FormatError, match="nothing was scanned here yet"):
        last_view(Workspace(tmp_path / "fresh"))


def test_raw_names_are_looked_up_by_handle_and_by_actor(scanned: Done) -> None:
    space, done = scanned
    owner = handle("account", space.names.name("account", OWNER))
    assert list(raw_names(space, [owner])) == [(owner, OWNER)]
    actor = done.view.for_review[0]
    assert [shown for shown, _ in raw_names(space, [actor.handle])] == sorted(m.handle for m in actor.members)


def test_a_file_name_that_utf_8_cannot_write_ends_no_scan(tmp_path: Path, space: Workspace) -> None:
    logs = tmp_path / os.fsdecode(b"logs-\xff")
    write_captures(logs / "a.jsonl", some(4))
    (logs / "empty.jsonl").write_text("")
    done = run(space, [logs])
    assert [one.path for one in done.view.run.inputs] == [f"{tmp_path}/logs-\ufffd/a.jsonl"]
    assert f"{tmp_path}/logs-\ufffd/empty.jsonl: empty" in done.notes
    assert last_view(Workspace(space.root)) == done.view


def test_a_name_that_utf_8_cannot_write_ends_no_scan(tmp_path: Path, space: Workspace) -> None:
    rows = some(4)
    rows[1]["account"] = "half \ud83d a character"
    done = run(space, [write_captures(tmp_path / "a.jsonl", rows)])
    assert (done.read.exchanges, done.view.run.accounts) == (4, 2)
    odd = handle("account", space.names.name("account", rows[1]["account"]))
    assert list(raw_names(space, [odd])) == [(odd, "half \ufffd a character")]


@pytest.mark.parametrize(
    ("asked_for", "message"),
    [
        ("nonsense", "expected a handle such as"),
        ("X-0000000000001", "no such actor in this workspace"),
        ("A-0000000000001", "not in the vault of this workspace"),
        ("F-0000000000001", "names a family, expected an account"),
    ],
)
def test_an_unknown_handle_has_no_raw_name(scanned: Done, asked_for: str, message: str) -> None:
    with pytest.raises(Error, match=message):
        list(raw_names(scanned[0], [asked_for]))


def test_a_second_scan_waits_for_nobody_but_is_refused_while_one_writes(day: Day, space: Workspace) -> None:
    with Workspace(space.root).writing(), pytest.raises(WorkspaceError, match="is writing here"):
        run(space, day.inputs())
    assert space.store.manifest("exchanges").rows == 0


def test_rows_are_split_by_day_on_disk(tmp_path: Path, space: Workspace) -> None:
    rows = [{**row, "at": row["at"] + dt.timedelta(hours=4 * i)} for i, row in enumerate(some(6))]
    run(space, [write_captures(tmp_path / "a.jsonl", rows)])
    days = [part.path.split("/")[0] for part in space.store.manifest("exchanges").parts]
    assert days == ["2026-07-24", "2026-07-25"]
    for part in space.store.manifest("exchanges").parts:
        at = pq.read_table(space.store.folder("exchanges") / part.path, columns=["at"]).column("at")
        assert {one.date().isoformat() for one in at.to_pylist()} == {part.path.split("/")[0]}
        assert at.type == pa.timestamp("us", tz="UTC")
