"""The function is RFC 9497's: two implementations, its vectors, and each other."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from stillwatch.forum.tags import NotProven, RequestRefused, TagError, oprf
from stillwatch.forum.tags.evaluator import SodiumEvaluator, VoprfEvaluator
from stillwatch.forum.tags.group import ORDER, is_point, plus, point_from, scalar, times, times_base
from stillwatch.forum.tags.sums import COMPILED, sum_of_multiples

RFC: dict[str, Any] = json.loads((Path(__file__).parent / "rfc9497_voprf.json").read_text())
SEED, INFO = bytes.fromhex(RFC["seed"]), bytes.fromhex(RFC["keyInfo"])
P = 2**255 - 19

NO_POINTS = {
    "the identity": bytes(32),
    "all ones": b"\xff" * 32,
    "an odd field element": b"\x01" + bytes(31),
    "p itself, another zero": P.to_bytes(32, "little"),
    "above p": (P + 2).to_bytes(32, "little"),
    "no square": bytes.fromhex("26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"),
    "too short": b"\x02" * 31,
    "too long": bytes(33),
    "nothing": b"",
}


def lists(text: str) -> list[bytes]:
    return [bytes.fromhex(part) for part in text.split(",")]


@pytest.mark.parametrize("vector", RFC["vectors"], ids=lambda v: f"batch of {v['Batch']}, {len(v['Input'])} digits")
def test_our_own_implementation_gives_every_value_of_the_rfc(vector: dict[str, Any]) -> None:
    key = oprf.derive_key(SEED, INFO)
    assert scalar(key).hex() == RFC["skSm"]
    assert times_base(scalar(key)).hex() == RFC["pkSm"]
    blinded = oprf.blind(lists(vector["Input"]), [int.from_bytes(one, "little") for one in lists(vector["Blind"])])
    assert list(blinded.elements) == lists(vector["BlindedElement"])
    evaluated = oprf.evaluate(key, blinded.elements)
    assert evaluated == lists(vector["EvaluationElement"])
    nonce = int.from_bytes(bytes.fromhex(vector["Proof"]["r"]), "little")
    proof = oprf.prove(key, blinded.elements, evaluated, nonce)
    assert proof.hex() == vector["Proof"]["proof"]
    oprf.check_proof(bytes.fromhex(RFC["pkSm"]), blinded.elements, evaluated, proof)
    assert oprf.finalise(blinded, evaluated) == lists(vector["Output"])


@pytest.mark.parametrize("vector", RFC["vectors"], ids=lambda v: f"batch of {v['Batch']}, {len(v['Input'])} digits")
def test_the_package_gives_the_same_keys_points_and_outputs(vector: dict[str, Any]) -> None:
    key = VoprfEvaluator(SEED, INFO)
    assert key.public.hex() == RFC["pkSm"]
    evaluated, proof = key.answer(lists(vector["BlindedElement"]))
    assert list(oprf.points_of(evaluated)) == lists(vector["EvaluationElement"])
    oprf.check_proof(key.public, lists(vector["BlindedElement"]), oprf.points_of(evaluated), proof)


def test_each_implementation_believes_the_other() -> None:
    from voprf import ristretto

    seed, info = secrets.token_bytes(32), b"crossed"
    theirs, ours = VoprfEvaluator(seed, info), SodiumEvaluator(seed, info)
    assert theirs.public == ours.public
    inputs = [b"email\0%d@example.org" % number for number in range(5)]
    begun = [ristretto.Client.blind(one) for one in inputs]
    points = [blinded.serialize() for _, blinded in begun]
    elements, proof = ours.answer(points)
    answer = ristretto.VerifiableBatchOutput.deserialize(proof + elements)
    public = ristretto.PublicKey.deserialize(ours.public)
    outputs = ristretto.Client.finalize_batch([client for client, _ in begun], answer, public)
    blinded = oprf.blind(inputs)
    evaluated, proof = theirs.answer(blinded.elements)
    oprf.check_proof(theirs.public, blinded.elements, oprf.points_of(evaluated), proof)
    assert oprf.finalise(blinded, oprf.points_of(evaluated)) == outputs


@pytest.mark.parametrize("bad", NO_POINTS.values(), ids=NO_POINTS)
def test_what_is_no_point_is_refused_by_both(bad: bytes) -> None:
    good = point_from(secrets.token_bytes(64))
    assert is_point(good)
    assert not is_point(bad)
    for key in (VoprfEvaluator(SEED, INFO), SodiumEvaluator(SEED, INFO)):
        with pytest.raises(RequestRefused, match=r"elements\[1\]"):
            key.answer([good, bad])


@pytest.mark.parametrize(
    "what", ["proof", "challenge", "element", "other key", "order", "one less", "none", "too large"]
)
def test_a_batch_that_is_not_what_was_proven_is_refused(what: str) -> None:
    key = SodiumEvaluator(SEED, INFO)
    points = oprf.blind([b"a", b"b", b"c"]).elements
    made, proof = key.answer(points)
    answer, public = list(oprf.points_of(made)), key.public
    oprf.check_proof(public, points, answer, proof)
    if what == "proof":
        proof = proof[:40] + bytes([proof[40] ^ 1]) + proof[41:]
    elif what == "challenge":
        proof = bytes([proof[0] ^ 1]) + proof[1:]
    elif what == "element":
        answer[1] = plus(answer[1], answer[2])
    elif what == "other key":
        public = SodiumEvaluator(SEED, b"another").public
    elif what == "order":
        answer[:2] = answer[1], answer[0]
    elif what == "one less":
        answer = answer[:2]
    elif what == "none":
        points, answer = (), []
    else:
        proof = proof[:32] + (int.from_bytes(proof[32:], "little") + ORDER).to_bytes(32, "little")
    with pytest.raises(NotProven):
        oprf.check_proof(public, points, answer, proof)


def test_compiled_sums_are_those_of_libsodium() -> None:
    points = [point_from(secrets.token_bytes(64)) for _ in range(COMPILED + 3)]
    factors = [
        0,
        1,
        2,
        127,
        128,
        129,
        255,
        256,
        ORDER - 1,
        ORDER - 128,
        2**252,
        *(secrets.randbelow(ORDER) for _ in range(40)),
    ]
    total = bytes(32)
    for point, factor in zip(points, factors, strict=True):
        total = plus(total, times(scalar(factor), point)) if factor else total
    assert sum_of_multiples(points, factors) == total
    assert sum_of_multiples(points, [1] * len(points)) == sum_of_multiples(points[::-1], [1] * len(points))
    assert sum_of_multiples([points[0]] * 64, [ORDER - 1, 1] * 32) == bytes(32)


@pytest.mark.parametrize(
    "bad", [bad for bad in NO_POINTS.values() if any(bad)], ids=[n for n, b in NO_POINTS.items() if any(b)]
)
def test_compiled_sums_refuse_what_libsodium_refuses(bad: bytes) -> None:
    points = [*(point_from(secrets.token_bytes(64)) for _ in range(COMPILED)), bad]
    with pytest.raises(TagError):
        sum_of_multiples(points, [1] * len(points))


def test_inverses_in_one_go_are_inverses() -> None:
    numbers = [1, 2, ORDER - 1, *(secrets.randbelow(ORDER - 1) + 1 for _ in range(20))]
    assert all(one * inverse % ORDER == 1 for one, inverse in zip(numbers, oprf.inverses(numbers), strict=True))
    assert oprf.inverses([]) == []
