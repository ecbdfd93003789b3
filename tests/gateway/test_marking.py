"""Marks: drawn for the account and the epoch alone, put where they harm nothing, and found again by the audit with the same key."""

from __future__ import annotations

import asyncio
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from stillwatch.audit import Recorded, account_key, canary_variants, collected, read_served, variant_for, write_served
from stillwatch.core import Error, handle
from stillwatch.gateway.extras import Extras
from stillwatch.gateway.marking import Marking, instructed, structured, with_field
from stillwatch.gateway.records import Records
from stillwatch.gateway.who import Who
from stillwatch.policy import Dialect, Gatekeeper, Marker, Place, Ruling, Step
from stillwatch.policy.policy_file import policy_from

from .serving import played, says, scene

MASTER = b"m" * 32
AT = 1_795_000_000.0
WORDINGS = ("in short", "to sum up", "all in all", "briefly")
CLOSING = Place(
    item="closing", asks="How do you end?", wordings=WORDINGS, says=tuple(f"End with the words: {w}." for w in WORDINGS)
)
UNTIL = 4e9
MARKER = Marker(name="house", until=UNTIL, places=(CLOSING,), key=True, key_field="vllm_xargs.stillwatch_key")
RULING = Ruling(step=Step.MARK, code="marked", mark="house", marker=MARKER)
BODIES: dict[Dialect, Any] = {
    Dialect.CHAT: {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "x": 1.50},
    Dialect.RESPONSES: {"model": "m", "input": "Hi", "instructions": "Be kind."},
    Dialect.MESSAGES: {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "system": [{"type": "text", "text": "Be kind."}],
    },
    Dialect.GEMINI: {"contents": [{"parts": [{"text": "Hi"}]}], "systemInstruction": {"parts": [{"text": "Be kind."}]}},
}


def who(account: int) -> Who:
    return Who(account=account, org=None, account_name="a", credential="c", org_name=None, zero=False)


def marked(marking: Marking, account: int, body: Any = None, at: float = AT, dialect: Dialect = Dialect.CHAT) -> Any:
    return json.loads(
        marking.mark(MARKER, dialect, json.dumps(body or BODIES[dialect]).encode(), who(account), at).body
    )


@pytest.mark.parametrize("dialect", BODIES)
def test_an_instruction_stands_at_the_end_of_what_the_system_says_in_every_dialect(dialect: Dialect) -> None:
    made = json.loads(instructed(dialect, json.dumps(BODIES[dialect]).encode(), "Say so."))
    assert made == {
        Dialect.CHAT: {**BODIES[dialect], "messages": [{"role": "system", "content": "Say so."}, *BODIES[dialect].get("messages", [])]},
        Dialect.RESPONSES: {**BODIES[dialect], "instructions": "Be kind.\n\nSay so."},
        Dialect.MESSAGES: {**BODIES[dialect], "system": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Say so."}]},
        Dialect.GEMINI: {**BODIES[dialect], "systemInstruction": {"parts": [{"text": "Be kind."}, {"text": "Say so."}]}},
    }[dialect]  # fmt: skip


def test_the_system_message_that_is_there_takes_it_whatever_its_shape() -> None:
    for content, wanted in (
        ("Be kind.", "Be kind.\n\nSay so."),
        (
            [{"type": "text", "text": "Be kind."}],
            [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Say so."}],
        ),
    ):
        body = {"messages": [{"role": "developer", "content": content}, {"role": "user", "content": "Hi"}]}
        made = json.loads(instructed(Dialect.CHAT, json.dumps(body).encode(), "Say so."))
        assert made["messages"] == [{"role": "developer", "content": wanted}, {"role": "user", "content": "Hi"}]


def test_other_fields_keep_their_bytes() -> None:
    assert b'"x":1.50' in instructed(Dialect.CHAT, b'{"x": 1.50, "messages": []}', "a").replace(b": ", b":")


@pytest.mark.parametrize(
    ("dialect", "more"),
    [
        (Dialect.CHAT, {"response_format": {"type": "json_schema"}}),
        (Dialect.CHAT, {"guided_json": {}}),
        (Dialect.RESPONSES, {"text": {"format": {"type": "json_schema"}}}),
        (Dialect.MESSAGES, {"output_config": {"format": {"type": "json_schema"}}}),
        (Dialect.GEMINI, {"generationConfig": {"responseMimeType": "application/json"}}),
    ],
)
def test_nothing_is_put_in_where_data_in_a_form_are_asked_for(dialect: Dialect, more: dict[str, Any]) -> None:
    body = {**BODIES[dialect], **more}
    assert structured(dialect, json.dumps(body).encode())
    assert not structured(dialect, json.dumps(BODIES[dialect]).encode())
    assert "End with" not in json.dumps(marked(Marking(MASTER), 1, body, dialect=dialect))


def test_what_is_drawn_hangs_on_account_and_epoch_alone_and_is_what_the_audit_draws() -> None:
    drawn = {}
    for account in range(40):
        system = marked(Marking(MASTER), account)["messages"][0]["content"]
        at = variant_for(MASTER, handle("account", account), "house/closing", "2026-11", wordings=4)
        assert system == f"End with the words: {WORDINGS[at]}."
        drawn[account] = system
        assert marked(Marking(MASTER), account, at=AT + 5)["messages"][0]["content"] == system
    assert len(set(drawn.values())) == 4
    assert (
        marked(Marking(b"n" * 32), 1)["messages"][0] != marked(Marking(MASTER), 1)["messages"][0]
        or drawn[1] != drawn[2]
    )


def test_a_habit_is_told_in_some_requests_and_always_the_same_ones() -> None:
    habit = Place(item="asks-back", asks="?", wordings=("a?", "b!"), says=("Ask back.", "Offer more."), one_in=4)
    marker = Marker(name="house", until=AT + 1, places=(habit,))
    bodies = [json.dumps({"messages": [{"role": "user", "content": f"q{n}"}]}).encode() for n in range(400)]
    told = [
        [Marking(MASTER).mark(marker, Dialect.CHAT, one, who(1), AT).body != one for one in bodies] for _ in range(2)
    ]
    assert told[0] == told[1]
    assert 70 < sum(told[0]) < 130


def test_the_name_of_the_key_reaches_the_engine_and_is_no_key() -> None:
    async def scenario() -> None:
        async with scene(says(b"{}"), ruling=RULING, parts={"marking": Marking(MASTER)}) as here:
            sent = {**BODIES[Dialect.CHAT], "vllm_xargs": {"stillwatch_key": "2026-11/A-0000000000001", "other": 1}}
            await here.post("/v1/chat/completions", sent, x_stillwatch_key="2026-11/A-0000000000001")
            heard = here.model.heard[0]
            epoch, _, account = heard.headers["x-stillwatch-key"].partition("/")
            assert heard.json["vllm_xargs"] == {"stillwatch_key": f"{epoch}/{account}"}
            assert account == handle("account", here.rules.asked[0].account)
            assert f"{account_key(MASTER, account, epoch):x}" not in heard.body.decode()
            assert heard.headers["x-stillwatch-mark"] == "house"
            assert heard.json["messages"][0]["role"] == "system"

    played(scenario)


def test_clients_cannot_opt_out_nor_name_a_key() -> None:
    async def scenario() -> None:
        async with scene(says(b"{}"), ruling=Ruling(step=Step.ALLOW)) as here:
            sent = {**BODIES[Dialect.CHAT], "watermarking": False, "vllm_xargs": {"stillwatch_key": "another's"}}
            await here.post("/v1/chat/completions", sent, x_stillwatch_key="another's")
            assert here.model.heard[0].json == BODIES[Dialect.CHAT]
            assert "x-stillwatch-key" not in here.model.heard[0].headers

    played(scenario)


def test_a_mark_ends_with_its_day_and_nobody_unknown_is_marked() -> None:
    body = json.dumps(BODIES[Dialect.CHAT]).encode()
    late = Marking(MASTER).mark(MARKER, Dialect.CHAT, body, who(1), UNTIL)
    nobody = Who(account=1, org=None, account_name=None, credential=None, org_name=None, zero=False)
    unknown = Marking(MASTER).mark(MARKER, Dialect.CHAT, body, nobody, AT)
    assert late.body is unknown.body is body
    assert late.key is unknown.key is None


def test_without_a_key_requests_go_on_unmarked_and_are_counted() -> None:
    async def scenario() -> None:
        async with scene(says(b"{}"), ruling=RULING) as here:
            assert (await here.post("/v1/chat/completions", BODIES[Dialect.CHAT]))[0] == 200
            assert here.model.heard[0].json == BODIES[Dialect.CHAT]
            assert here.gateway.metrics.stages[("mark", "unsafe-open")] == 1

    played(scenario)


def test_what_was_drawn_is_written_once_and_convicts_the_student_of_that_account_alone(tmp_path: Path) -> None:
    async def serve() -> None:
        records = Records(tmp_path / "marks", "drawn", days=30)
        places = tuple(
            Place(item=f"place{n}", asks=f"question {n}", wordings=WORDINGS, says=WORDINGS) for n in range(8)
        )
        marker = Marker(name="house", until=AT + 86400, places=places)
        for _ in range(2):  # a gateway that is started again writes nothing twice
            marking = Marking(MASTER, records, known=tmp_path / "marks")
            for account in (1, 2, 1):
                marking.mark(marker, Dialect.CHAT, json.dumps(BODIES[Dialect.CHAT]).encode(), who(account), AT)
            await marking.stop()

    asyncio.run(serve())
    found = collected(tmp_path / "marks")
    assert len(found) == 16
    write_served(tmp_path / "served.jsonl", found)
    served = read_served(tmp_path / "served.jsonl")
    first = [one for one in served if one.account == handle("account", 1)]
    second = [one for one in served if one.account == handle("account", 2)]
    student = Recorded(name="s", answers={one.prompt: f"Well, {one.response}." for one in first}, likelihoods={})
    assert canary_variants(first, student).evidence.p_value == 0.25**8
    assert (canary_variants(second, student).evidence.p_value or 1.0) > 0.001
    assert collected(tmp_path / "marks", accounts=frozenset([handle("account", 2)]), epoch="2026-11") == second
    assert (next((tmp_path / "marks").glob("*.jsonl")).stat().st_mode & 0o777) == 0o600


def test_a_field_is_set_beside_what_stands_there() -> None:
    assert json.loads(with_field(b'{"vllm_xargs": {"a": 1}}', "vllm_xargs.k", "v")) == {
        "vllm_xargs": {"a": 1, "k": "v"}
    }
    assert json.loads(with_field(b'{"vllm_xargs": 3}', "vllm_xargs.k", "v")) == {"vllm_xargs": {"k": "v"}}


POLICY = """
name = "marks"
[people]
throttle = [{ requests = 2, window = "1m" }]
[[marks]]
name = "house"
until = 2026-12-31
key = true
[[marks.variants]]
item = "closing"
asks = "How do you end?"
instruction = "End with the words: {wording}."
wordings = ["in short", "to sum up"]
[[rules]]
name = "marked"
step = "mark"
mark = "house"
siblings = { k = 2, one_in = 10 }
"""


def test_a_policy_whose_marks_or_siblings_lack_what_they_need_does_not_start(tmp_path: Path) -> None:
    gate = Gatekeeper(policy_from(tomllib.loads(POLICY)))
    with pytest.raises(Error, match="--marks-key"):
        Extras().fit(gate)
    with pytest.raises(Error, match="--sibling-credential"):
        Extras(marks_key=tmp_path / "k").fit(gate)
    whole = Extras(marks_key=tmp_path / "k", credential=tmp_path / "c")
    whole.fit(gate)
    young = '[[rules]]\nname = "young"\nmatch = { account_days_at_most = 30 }\nstep = "clamp"\nlock_context = true\n'
    gate = Gatekeeper(policy_from(tomllib.loads(POLICY + young)))
    with pytest.raises(Error, match="--bind-signatures"):
        whole.fit(gate, knows_age=True)
    with pytest.raises(Error, match="--account-since-header"):
        whole.fit(gate, binds=True)
    whole.fit(gate, binds=True, knows_age=True)
