"""Siblings: asked off the hot path in the house's name, never served, and written as the audit reads them."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.audit import Recorded, collected, read_served, sibling_overlap, write_served
from stillwatch.core import Error
from stillwatch.gateway.extras import Extras, read_headers
from stillwatch.gateway.records import Records
from stillwatch.gateway.sampling import Sampling, asked_again, drawn_by_chance
from stillwatch.gateway.upstream import Upstream
from stillwatch.policy import Dialect, Hide, Ruling, Siblings, Step

from .serving import Answer, Heard, Model, listening, played, scene, streams
from .test_holding import PATHS, told

RULING = Ruling(step=Step.OBSERVE, siblings=Siblings(k=3, one_in=1))
HOUSE = [("authorization", "Bearer house")]


def talks(rng: random.Random) -> Answer:
    """A model that says something else each time, streamed where it is asked to."""

    async def answer(heard: Heard, send: Any) -> None:
        text = " ".join(
            rng.choice(["alder", "birch", "cedar", "damson", "elder", "fir", "gorse", "hazel"]) for _ in range(12)
        )
        if heard.json.get("stream"):
            await streams([told(Dialect.CHAT, "hm", text)])(heard, send)
            return
        body = json.dumps({"model": "m", "choices": [{"message": {"role": "assistant", "content": text}}]}).encode()
        kind = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        await send({"type": "http.response.body", "body": body})

    return answer


async def served(
    tmp_path: Path, asked: list[Any], *, ruling: Ruling = RULING, calls: int = 1000, **more: Any
) -> tuple[Any, Sampling, list[bytes]]:
    """The requests through a gateway that draws siblings: (model, sampling, what was served)."""
    model = Model(talks(random.Random(1)))  # noqa: S311 - a test
    async with listening(model) as behind:
        upstream = Upstream(f"http://127.0.0.1:{behind}", connect_seconds=2.0, silence_seconds=5.0)
        records = Records(tmp_path / "siblings", "siblings", days=30)
        sampling = Sampling(upstream, records, credential=HOUSE, calls_a_day=calls, rng=random.Random(2))  # noqa: S311 - a test
        async with scene(model.answer, ruling=ruling, application=model, parts={"sampling": sampling}, **more) as here:
            got = [(await here.post(PATHS[Dialect.CHAT], one))[2] for one in asked]
            for _ in range(200):
                await asyncio.sleep(0.01)
                if sampling._running is None or sampling._running.done():
                    break
    return model, sampling, got


def chat(number: int, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": f"question number {number}"}], **more}


def test_siblings_are_the_same_request_in_the_houses_name_and_whoever_learned_what_was_served_is_found(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        asked = [chat(n, stream=n % 2 == 0) for n in range(12)]
        model, sampling, got = await served(tmp_path, asked)
        assert (sampling.drawn, sampling.failed) == (36, 0)
        house = [one for one in model.heard if one.headers["authorization"] == "Bearer house"]
        assert len(house) == 36
        assert all(
            not one.json.get("stream") and one.json["messages"][0]["content"].startswith("question") for one in house
        )
        write_served(tmp_path / "served.jsonl", collected(tmp_path / "siblings"))
        items = read_served(tmp_path / "served.jsonl")
        assert [one.prompt for one in items] == [f"question number {n}" for n in range(12)]
        assert all(len(one.siblings) == 3 and one.as_sampled and one.same_sampling for one in items)
        for item, answer in zip(items, got, strict=True):
            text = item.response
            assert text in answer.decode() or "".join(json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
                for line in answer.decode().split("\n") if line.startswith("data: {")) == text  # fmt: skip
            assert not any(one in answer.decode() for one in item.siblings)
        student = Recorded(name="s", answers={one.prompt: one.response for one in items}, likelihoods={})
        assert (sibling_overlap(items, student).evidence.p_value or 1.0) <= 0.25**11
        rng = np.random.default_rng(1)
        stranger = {one.prompt: one.candidates[int(rng.integers(4))] for one in items}
        found = sibling_overlap(items, Recorded(name="o", answers=stranger, likelihoods={}))
        assert (found.evidence.p_value or 1.0) > 0.01

    played(scenario)


def test_the_customers_key_goes_nowhere_and_no_text_of_zero_retention_is_kept(tmp_path: Path) -> None:
    async def scenario() -> None:
        _, sampling, _ = await served(tmp_path, [chat(1)], account_header="x-account", zero=frozenset(["acme"]))
        assert sampling.drawn == 3
        kept = b"".join(path.read_bytes() for path in (tmp_path / "siblings").iterdir())
        assert b"sk-test" not in kept

    async def zero() -> None:
        from stillwatch.gateway.who import stand_in

        names = frozenset([stand_in("sk-test-0123456789abcdef")])
        _, sampling, _ = await served(tmp_path / "zero", [chat(1)], zero=names)
        assert sampling.drawn == 0
        assert not (tmp_path / "zero" / "siblings").exists()

    played(scenario)
    played(zero)


def test_what_is_fixed_or_beyond_the_budget_is_not_drawn(tmp_path: Path) -> None:
    async def scenario() -> None:
        asked = [chat(1, temperature=0), chat(2, seed=7), chat(3, n=2), chat(4), chat(5), chat(6)]
        _, sampling, _ = await served(tmp_path, asked, calls=7)
        assert (sampling.drawn, sampling.passed_over) == (6, 1)

    played(scenario)


def test_the_sample_is_as_large_as_was_said(tmp_path: Path) -> None:
    async def scenario() -> None:
        ruling = Ruling(step=Step.OBSERVE, siblings=Siblings(k=1, one_in=3))
        _, sampling, _ = await served(tmp_path, [chat(n) for n in range(45)], ruling=ruling)
        assert 6 <= sampling.drawn + sampling.passed_over <= 24

    played(scenario)


def test_a_sibling_is_asked_whole_and_not_stored() -> None:
    body = b'{"stream": true, "stream_options": {}, "store": true, "temperature": 0.70, "input": "x"}'
    assert json.loads(asked_again(Dialect.RESPONSES, body)) == {"store": False, "temperature": 0.7, "input": "x"}
    assert not drawn_by_chance(Dialect.GEMINI, b'{"generationConfig": {"temperature": 0}}')
    assert not drawn_by_chance(Dialect.CHAT, b"\xff")


def test_reasoning_that_is_hidden_from_the_customer_is_in_no_record(tmp_path: Path) -> None:
    async def scenario() -> None:
        ruling = Ruling(step=Step.HIDE_REASONING, hide=Hide.REMOVE, siblings=Siblings(k=1, one_in=1))
        await served(tmp_path, [chat(1, stream=True)], ruling=ruling)
        (item,) = collected(tmp_path / "siblings")
        assert "hm" not in item.response.split()

    played(scenario)


def test_the_houses_headers_are_read_and_never_told(tmp_path: Path) -> None:
    path = tmp_path / "headers"
    path.write_text("Authorization: Bearer abc\n\nx-org: 1\n")
    assert read_headers(path) == [("authorization", "Bearer abc"), ("x-org", "1")]
    path.write_text("Bearer secret without a name")
    with pytest.raises(Error, match=r":1: not a header") as caught:
        read_headers(path)
    assert "secret" not in str(caught.value)
    with pytest.raises(Error, match="cannot be read"):
        Extras(credential=tmp_path / "none").sampling(
            tmp_path, lambda: Upstream("http://h", connect_seconds=1, silence_seconds=1)
        )


def test_old_records_go_and_a_damaged_one_is_named_by_its_place(tmp_path: Path) -> None:
    async def write() -> None:
        folder = tmp_path / "r"
        folder.mkdir()
        (folder / "siblings-2020-01-01-1.jsonl").write_text("{}\n")
        records = Records(folder, "siblings", days=30, most=2)
        for n in range(4):
            records.keep({"n": n})
        await records.stop()
        assert (records.written, records.dropped) == (2, 2)
        assert len(list(folder.iterdir())) == 1

    asyncio.run(write())
    with pytest.raises(Error, match=r"siblings-.*:1: not a record"):
        collected(tmp_path / "r")
