"""A data set that holds what an account was served is told from one that holds other answers to the same prompts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.audit import Corpus, Recorded, Served, carry_out, corpus_copies, draw_up, read_corpus
from stillwatch.core import Error, FormatError

from .conftest import sentence


def items(rng: np.random.Generator, n: int = 30, *, account: str = "alice") -> tuple[Served, ...]:
    """Answers long enough to have runs of their own."""
    return tuple(
        Served(
            item=f"{account}-{at}",
            account=account,
            prompt=f"{account} asks {at}",
            response=sentence(rng, 25),
            siblings=tuple(sentence(rng, 25) for _ in range(4)),
        )
        for at in range(n)
    )


RNG = np.random.default_rng(7)
ALICE, BOB = items(RNG), items(RNG, account="bob")
SERVED = (*ALICE, *BOB)


def looked_for(served: tuple[Served, ...]) -> list[str]:
    return [text for one in served for text in one.candidates]


def dump(texts: list[str]) -> Corpus:
    return Corpus(name="dump", texts=texts, looked_for=looked_for(SERVED))


def test_the_account_whose_answers_are_in_the_data_set_is_found_and_no_other() -> None:
    held = dump(["something else", *(f"Q: {one.prompt} A: {one.response} and so on" for one in ALICE)])
    alice, bob = corpus_copies(ALICE, held), corpus_copies(BOB, held)
    assert alice.evidence.p_value == pytest.approx(0.2**30)
    assert alice.evidence.value == 1.0
    assert bob.evidence.p_value is None, "of an account of whose items it holds nothing, a data set says nothing"


def test_other_answers_of_our_model_make_nobody_guilty() -> None:
    """Somebody else drew answers to the same prompts: any of the candidates may be among them."""
    rng = np.random.default_rng(8)
    p_values = []
    for _ in range(40):
        theirs = [one.candidates[rng.integers(5)] for one in ALICE]
        p_values.append(corpus_copies(ALICE, dump(theirs)).evidence.p_value or 1.0)
    assert sum(p <= 0.1 for p in p_values) <= 10
    assert min(p_values) < 0.5


def test_a_few_copies_among_much_text_are_found() -> None:
    rng = np.random.default_rng(9)
    much = [sentence(rng, 25) for _ in range(2_000)]
    found = corpus_copies(ALICE, dump(much + [one.response for one in ALICE[:6]]))
    assert (found.evidence.p_value or 1) < 0.01


@pytest.mark.parametrize("kind", ["text", "lines", "gzip", "parquet", "folder"])
def test_every_shape_of_data_set_is_read(kind: str, tmp_path: Path) -> None:
    records = [
        {"messages": [{"role": "user", "content": one.prompt}, {"content": one.response}], "n": 1} for one in ALICE
    ]
    lines = "\n".join(json.dumps(one) for one in records)
    path = tmp_path / "set"
    if kind == "text":
        path.write_text("\n".join(one.response.upper() for one in ALICE))
    elif kind == "lines":
        path.write_text("{broken\n" + lines)
    elif kind == "gzip":
        path.write_bytes(gzip.compress(lines.encode()))
    elif kind == "parquet":
        pq.write_table(pa.table({"answer": [one.response for one in ALICE]}), path)
    else:
        (path / "deeper").mkdir(parents=True)
        (path / "deeper" / "one.jsonl").write_text(lines)
    held = read_corpus([path], SERVED, name="set")
    assert [held.held(one.response) for one in ALICE] == [1.0] * len(ALICE)
    assert held.held(ALICE[0].siblings[0]) < 0.2
    assert held.sha256 is not None


def test_a_text_cut_into_two_records_holds_no_run_across_them() -> None:
    one = ALICE[0].response.split()
    held = dump([" ".join(one[:12]), " ".join(one[12:])])
    assert 0 < held.held(ALICE[0].response) < 1


def test_damaged_and_missing_data_sets_are_refused_by_name(tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(sentence(RNG, 5_000).encode())[:-20])
    with pytest.raises(FormatError, match=r"cut\.gz: damaged, or cut off"):
        read_corpus([cut], SERVED, name="cut")
    with pytest.raises(FormatError, match="no data set here"):
        read_corpus([tmp_path / "nothing"], SERVED, name="none")


def test_a_plan_for_a_data_set_is_carried_out_on_one_and_on_nothing_else(tmp_path: Path) -> None:
    plan = draw_up(SERVED, suspect="dump", exposure="corpus_copies")
    outcome = carry_out(plan, SERVED, dump([one.response for one in BOB]))
    assert outcome.named == ("bob",)
    with pytest.raises(Error, match="is no data set"):
        carry_out(plan, SERVED, Recorded(name="dump", answers={"q": "a"}, likelihoods={}))
