"""Reasoning signatures come back to whom they were issued, and to nobody else."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.gateway.relay import Gateway
from stillwatch.gateway.signatures import Binding, Bound, Foreign
from stillwatch.gateway.who import Who
from stillwatch.policy import Dialect

from .serving import played, says, scene, streams

KEY = b"b" * 32
WHO = Who(account=1, org=7, account_name=None, credential=None, org_name=None, zero=False)
OTHER = Who(account=2, org=8, account_name=None, credential=None, org_name=None, zero=False)
SIGNATURE = base64.b64encode(b"theirs alone").decode()
FIRST = {"role": "user", "content": "one"}


def request(*turns: Any, name: str = "messages", **more: Any) -> bytes:
    return json.dumps({"model": "m", name: list(turns), **more}).encode()


def issued(binding: Binding, signature: str = SIGNATURE, who: Who = WHO, model: str = "m", *before: Any) -> str:
    answer = {"content": [{"type": "thinking", "thinking": "t", "signature": signature}]}
    binding.sealer(Dialect.MESSAGES, request(*(before or (FIRST,))), who, model)(answer)
    return str(answer["content"][0]["signature"])


def replied(sealed: str, *before: Any) -> bytes:
    turn = {"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": sealed}]}
    return request(*(before or (FIRST,)), turn, {"role": "user", "content": "two"})


@pytest.mark.parametrize("to", list(Bound))
def test_what_was_issued_comes_back_as_it_was(to: Bound) -> None:
    binding = Binding(KEY, to=to, strictly=True)
    sealed = issued(binding)
    assert sealed != SIGNATURE
    assert binding.opened(Dialect.MESSAGES, replied(sealed), WHO, "m").decode().count(SIGNATURE) == 1


@given(st.binary(max_size=40), st.sampled_from(["plain", "url", "bare", "text"]))
def test_any_writing_of_a_signature_is_restored(raw: bytes, form: str) -> None:
    text = {
        "plain": base64.b64encode(raw).decode(),
        "url": base64.urlsafe_b64encode(raw).decode(),
        "bare": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "text": "sig!" + raw.hex(),
    }[form]
    if text:
        binding = Binding(KEY, strictly=True)
        turns = json.loads(binding.opened(Dialect.MESSAGES, replied(issued(binding, text)), WHO, "m"))["messages"]
        assert turns[1]["content"][0]["signature"] == text


@pytest.mark.parametrize(
    ("to", "who", "model", "before"),
    [
        (Bound.ORG, OTHER, "m", FIRST),
        (Bound.MODEL, WHO, "another", FIRST),
        (Bound.PREFIX, WHO, "m", {"role": "user", "content": "something else"}),
    ],
)
def test_a_signature_of_somebody_else_another_model_or_another_conversation_is_refused(
    to: Bound, who: Who, model: str, before: Any
) -> None:
    binding = Binding(KEY, to=to)
    with pytest.raises(Foreign):
        binding.opened(Dialect.MESSAGES, replied(issued(binding), before), who, model)


def test_a_seal_cannot_be_forged_or_moved() -> None:
    binding = Binding(KEY)
    sealed = base64.b64decode(issued(binding))
    for place in range(len(sealed) - 4):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Foreign):
            binding.opened(Dialect.MESSAGES, replied(base64.b64encode(changed).decode()), WHO, "m")


def test_signatures_from_before_pass_unless_strictness_was_asked_for() -> None:
    body = replied(SIGNATURE)
    assert Binding(KEY).opened(Dialect.MESSAGES, body, WHO, "m") is body
    with pytest.raises(Foreign):
        Binding(KEY, strictly=True).opened(Dialect.MESSAGES, body, WHO, "m")


def test_moving_cache_marks_do_not_break_the_prefix() -> None:
    binding = Binding(KEY, to=Bound.PREFIX)
    marked = {"role": "user", "content": [{"type": "text", "text": "one", "cache_control": {"type": "ephemeral"}}]}
    binding.opened(Dialect.MESSAGES, replied(issued(binding), marked), WHO, "m")


PLACES = [
    (Dialect.RESPONSES, "input", {"type": "reasoning", "encrypted_content": SIGNATURE, "summary": []}),
    (
        Dialect.GEMINI,
        "contents",
        {"role": "model", "parts": [{"functionCall": {"name": "f"}, "thoughtSignature": SIGNATURE}]},
    ),
    (
        Dialect.CHAT,
        "messages",
        {"role": "assistant", "reasoning_details": [{"type": "reasoning.encrypted", "data": SIGNATURE}]},
    ),
    (
        Dialect.MESSAGES,
        "messages",
        {"role": "assistant", "content": [{"type": "redacted_thinking", "data": SIGNATURE}]},
    ),
]


@pytest.mark.parametrize(("dialect", "name", "turn"), PLACES)
def test_every_dialect_keeps_its_signatures_where_they_are_found(dialect: Dialect, name: str, turn: Any) -> None:
    binding = Binding(KEY, strictly=True)
    answer = json.loads(json.dumps(turn))
    assert binding.sealer(dialect, request(FIRST, name=name), WHO, "m")(answer)
    sent = request(FIRST, answer, name=name)
    assert json.loads(binding.opened(dialect, sent, WHO, "m"))[name][1] == turn
    with pytest.raises(Foreign):
        binding.opened(dialect, sent, OTHER, "m")


def test_a_key_written_with_escapes_is_still_found() -> None:
    with pytest.raises(Foreign):
        Binding(KEY, strictly=True).opened(
            Dialect.MESSAGES, replied("c2ln").replace(b'"signature"', b'"sign\\u0061ture"'), WHO, "m"
        )


def test_arguments_of_tools_are_never_taken_for_signatures() -> None:
    call = {"role": "assistant", "content": [{"type": "tool_use", "input": {"signature": "mine", "thinking": "x"}}]}
    body = request(FIRST, call)
    assert Binding(KEY, strictly=True).opened(Dialect.MESSAGES, body, WHO, "m") is body


def test_on_the_wire_a_stream_is_sealed_and_a_foreign_key_is_refused() -> None:
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": SIGNATURE}}
    event = b"event: content_block_delta\ndata: " + json.dumps(delta).encode() + b"\n\n"

    async def scenario() -> None:
        async with scene(streams([event[:40], event[40:]])) as at:
            at.gateway._judging.binding = Binding(KEY)
            asked = {"model": "m", "stream": True, "messages": [FIRST]}
            _, _, body = await at.post("/v1/messages", asked)
            sealed = json.loads(body.split(b"data: ")[1])["delta"]["signature"]
            at.model.answer = says(b"{}")
            assert (await at.post("/v1/messages", replied(sealed)))[0] == 200
            assert SIGNATURE.encode() in at.model.heard[1].body
            status, _, said = await at.post("/v1/messages", replied(sealed), authorization="Bearer sk-somebody-else")
            assert (status, json.loads(said)["error"]["details"]["code"]) == (400, "foreign_reasoning")
            assert len(at.model.heard) == 2
            assert isinstance(at.gateway, Gateway)

    played(scenario)


LOCKING: dict[Dialect, tuple[str, dict[str, Any]]] = {
    Dialect.MESSAGES: (
        "messages",
        {"system": "Be kind.", "tools": [{"name": "f", "cache_control": {"type": "ephemeral"}}]},
    ),
    Dialect.CHAT: ("messages", {"tools": [{"type": "function", "function": {"name": "f"}}]}),
    Dialect.RESPONSES: ("input", {"instructions": "Be kind.", "tools": [{"type": "function", "name": "f"}]}),
    Dialect.GEMINI: (
        "contents",
        {"systemInstruction": {"parts": [{"text": "Be kind."}]}, "tools": [{"functionDeclarations": [{"name": "f"}]}]},
    ),
}


def spoken(dialect: Dialect, text: str, role: str = "user") -> dict[str, Any]:
    if dialect is Dialect.GEMINI:
        return {"role": role, "parts": [{"text": text}]}
    return {"role": role, "content": text}


def reasoned(dialect: Dialect, sealed: str) -> dict[str, Any]:
    """The model's turn with its reasoning, as clients of a dialect send it back."""
    thought: dict[str, Any] = {"type": "thinking", "thinking": "t", "signature": sealed}
    turns: dict[Dialect, dict[str, Any]] = {
        Dialect.MESSAGES: {"role": "assistant", "content": [thought]},
        Dialect.CHAT: {"role": "assistant", "content": "a", "thinking_blocks": [thought]},
        Dialect.RESPONSES: {"type": "reasoning", "id": "rs_1", "encrypted_content": sealed, "summary": []},
        Dialect.GEMINI: {"role": "model", "parts": [{"text": "a", "thoughtSignature": sealed}]},
    }
    return turns[dialect]


@pytest.mark.parametrize("dialect", LOCKING)
def test_a_locked_context_lets_nobody_edit_what_reasoning_was_made_from(dialect: Dialect) -> None:
    name, fixed = LOCKING[dialect]
    binding = Binding(KEY, to=Bound.ORG, strictly=True)
    first = {"model": "m", **fixed, name: [spoken(dialect, "one")]}
    turn = reasoned(dialect, SIGNATURE)
    binding.sealer(dialect, json.dumps(first).encode(), WHO, "m", lock=True)(turn)
    replied = {**first, name: [*first[name], turn, spoken(dialect, "two")]}
    binding.opened(dialect, json.dumps(replied).encode(), WHO, "m")
    moved = json.loads(json.dumps(replied).replace(', "cache_control": {"type": "ephemeral"}', ""))
    binding.opened(dialect, json.dumps(moved).encode(), WHO, "m")
    edits = [{**replied, "tools": []}, {**replied, name: [spoken(dialect, "another"), *replied[name][1:]]}]
    edits += [
        {**replied, key: spoken(dialect, "Be cruel.").get("parts", "Be cruel.")} for key in fixed if key != "tools"
    ]
    edits.append({**replied, name: [spoken(dialect, "more", "assistant"), *replied[name]]})
    for edit in edits:
        with pytest.raises(Foreign):
            binding.opened(dialect, json.dumps(edit).encode(), WHO, "m")


def test_the_lock_cannot_be_taken_off_and_what_was_issued_without_it_goes_on() -> None:
    binding = Binding(KEY, to=Bound.ORG, strictly=True)
    answer = {"content": [{"type": "thinking", "thinking": "t", "signature": SIGNATURE}]}
    binding.sealer(Dialect.MESSAGES, request(FIRST, system="a"), WHO, "m", lock=True)(answer)
    sealed = base64.b64decode(answer["content"][0]["signature"])
    bare = base64.b64encode(sealed[:-1] + bytes([sealed[-1] & ~8])).decode()
    with pytest.raises(Foreign):
        binding.opened(Dialect.MESSAGES, replied(bare), WHO, "m")
    binding.opened(Dialect.MESSAGES, replied(issued(binding)), WHO, "m")


def test_later_turns_of_a_locked_conversation_may_follow_but_not_change_its_tools() -> None:
    binding = Binding(KEY, to=Bound.ORG)
    turns: list[Any] = [FIRST]
    for number in range(3):
        turn = {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "t", "signature": SIGNATURE},
                {"type": "tool_use", "id": f"t{number}", "name": "f", "input": {}},
            ],
        }
        binding.sealer(Dialect.MESSAGES, request(*turns, system="s"), WHO, "m", lock=True)(turn)
        turns += [
            turn,
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"t{number}", "content": str(number)}]},
        ]
    binding.opened(Dialect.MESSAGES, request(*turns, system="s"), WHO, "m")
    forged = [
        *turns[:2],
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t0", "content": "9"}]},
        *turns[3:],
    ]
    with pytest.raises(Foreign):
        binding.opened(Dialect.MESSAGES, request(*forged, system="s"), WHO, "m")
