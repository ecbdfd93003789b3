"""Write the tables that a data engineer would bring along: `python tables.py EXAMPLES_FOLDER`. Needs pyarrow.

`columns/` holds the same rows as Parquet, CSV and JSON lines under column names of a made-up house; beside them the mapping. `accounts/`,
`telemetry/` and `releases/` are what `--accounts`, `--telemetry` and `--releases` read.
"""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from scenes import CALLERS, SCENES, count_tokens

START = datetime(2026, 10, 7, 6, 30, 0, tzinfo=UTC)
MAPPING = """# Which of this house's columns is which of ours.
[columns]
at = "wall_clock"
account = "customer_no"
credential = "key_ref"
end_user = "behalf_of"
ip = "peer"
user_agent = "agent_string"
model = "engine"
http_status = "code"
system = "house_rules"
prompt = "asked"
output = "answered"
input_tokens = "units_in"
output_tokens = "units_out"
max_tokens = "cap"
temperature = "heat"
stream = "live"
stop_reason = "why_ended"
conversation = "thread_ref"
request = "ticket"

[constants]
pathway = "api"
"""
HEADER = [
    "account",
    "org",
    "created",
    "plan",
    "entitlement",
    "product_type",
    "signup_path",
    "payment",
    "registration",
    "device",
]
HEADER += ["declared_programme", "contract_region", "verification", "mail_kind", "card_kind"]


def rows() -> list[dict[str, Any]]:
    """The exchanges under the house's own names; what is not known is None."""
    out = []
    for number, scene in enumerate(SCENES, start=1):
        who = CALLERS[scene.caller]
        ok = scene.status == 200 and not scene.cut_after
        answer = scene.answer or scene.refuses or ""
        out.append(
            {
                "ticket": f"T{number:05d}",
                "wall_clock": START + timedelta(seconds=71 * number, milliseconds=250 * (number % 4)),
                "customer_no": f"K-{who.name}",
                "key_ref": f"key-{who.name}-1",
                "behalf_of": scene.user,
                "peer": who.ip,
                "agent_string": who.user_agent,
                "engine": "large-2" if scene.reasoning else "small-2",
                "code": scene.status,
                "house_rules": scene.system,
                "asked": scene.ask.replace("\x00", ""),
                "answered": answer if ok else None,
                "units_in": count_tokens(scene.ask) if ok else None,
                "units_out": count_tokens(answer) if ok else None,
                "cap": scene.settings.get("max_tokens"),
                "heat": scene.settings.get("temperature"),
                "live": scene.stream,
                "why_ended": ("length" if scene.name == "short_limit" else "stop") if ok else None,
                "thread_ref": "th-88" if scene.before else None,
            }
        )
    return out


def columns(folder: Path) -> None:
    """The three files and the mapping."""
    folder.mkdir(exist_ok=True)
    data = rows()
    pq.write_table(pa.Table.from_pylist(data), folder / "house.parquet", compression="zstd")
    plain = [row | {"wall_clock": row["wall_clock"].isoformat()} for row in data]
    with (folder / "house.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fieldnames=list(plain[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {k: {True: "true", False: "false"}.get(v, v) if isinstance(v, bool) else v for k, v in row.items()}
            for row in plain
        )
    (folder / "house.jsonl").write_text(
        "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in plain), encoding="utf-8"
    )
    (folder / "mapping.toml").write_text(MAPPING, encoding="utf-8")


def fact(number: int, account: str) -> dict[str, Any]:
    """What the provider knows about one account of the caller `number`."""
    mail = "mail.example/aaaa99"
    return {
        "account": account,
        "org": list(CALLERS.values())[number].org,
        "created": f"2026-0{3 + number}-1{number}T08:00:00Z",
        "plan": ["free", "pay-as-you-go", "team", "enterprise"][number],
        "entitlement": [200, 2000, 20000, None][number],
        "product_type": ["chat", "batch", "agent", None][number],
        "signup_path": ["web", "web", "sales", "reseller"][number],
        "payment": [None, "card-fp-7001", "invoice-cedar", "card-fp-7001"][number],
        "registration": [mail, mail, "cedar.example/first.last", None][number],
        "device": [None, "dev-31", "dev-32", "dev-31"][number],
        "declared_programme": [None, None, None, "evaluation"][number],
        "contract_region": [None, None, "EEA", None][number],
        "verification": ["email", "payment", "organisation", "phone"][number],
        "mail_kind": ["public", "public", "organisation", None][number],
        "card_kind": ["none", "credit", None, "credit"][number],
    }


def accounts(folder: Path) -> None:
    """Account facts: CSV under our names, JSON lines under names that other systems use."""
    facts = [
        fact(number, account)
        for number, who in enumerate(CALLERS.values())
        for account in (f"sk-...{who.key[-4:]}", f"user-{who.name}", f"K-{who.name}")
    ]
    folder.mkdir(exist_ok=True)
    with (folder / "accounts.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fieldnames=HEADER, lineterminator="\n")
        writer.writeheader()
        writer.writerows(facts)
    other = {"account": "account_id", "org": "organization_id", "created": "created_at"}
    renamed = [{other.get(k, k): v for k, v in fact.items() if v is not None} for fact in facts]
    (folder / "accounts.jsonl").write_text("".join(json.dumps(r) + "\n" for r in renamed), encoding="utf-8")


def telemetry(folder: Path) -> None:
    """Events of the product's own client: what an honest `cedar-agent` sends beside its API calls."""
    events = []
    for number in range(24):
        who = ("user-cedar", "K-cedar", "sk-...e5f6")[number % 3]
        moment = START + timedelta(minutes=7 * number)
        kind = ("session_start", "file_opened", "suggestion_shown", "suggestion_accepted")[number % 4]
        events.append({"account": who, "client": "cedar-agent", "at": moment.isoformat(), "event": kind})
    folder.mkdir(exist_ok=True)
    (folder / "telemetry.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events), encoding="utf-8")
    with (folder / "telemetry.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fieldnames=list(events[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(events)


def releases(folder: Path) -> None:
    """Launches of the models that the samples name; the dates are made up."""
    launches = {
        "gpt-4.1-mini": "2025-04-14",
        "o4-mini": "2025-04-16",
        "gpt-5": "2025-08-07",
        "claude-haiku-4-5": "2025-10-01",
        "small-2": "2026-09-30",
    }
    folder.mkdir(exist_ok=True)
    with (folder / "releases.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["model", "at"])
        writer.writerows((model, f"{day}T17:00:00Z") for model, day in launches.items())


def main() -> None:
    """Write all four folders."""
    target = Path(sys.argv[1])
    for make in (columns, accounts, telemetry, releases):
        make(target / make.__name__)


if __name__ == "__main__":
    main()
