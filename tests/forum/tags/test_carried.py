"""Lists of tags travel over a hub as signed objects, and what was altered, cut, forged or of other keys is not used."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.forum.harvest import NOW, policy
from tests.forum.tags.world import EPOCH, TODAY

from stillwatch.cases import PublicKey, Signer
from stillwatch.forum import Setting, Way, lint, sender_of
from stillwatch.forum.rules.rule import outgoing
from stillwatch.forum.stix.extension import tags_extension
from stillwatch.forum.stix.ids import TAG_LIST, TAG_PART
from stillwatch.forum.stix.tag_shapes import LIST_FIELDS, packed
from stillwatch.forum.tags import Board, Carried, Committee, Kind, Role, TagError, board_of, list_objects, lists_in
from stillwatch.forum.tags.carried import MOST_IN_PART
from stillwatch.forum.tags.committed import CommittedKey, Statement
from stillwatch.forum.writing.objects import common_objects

Object = dict[str, Any]
KEY = Signer(Ed25519PrivateKey.from_private_bytes(bytes([7] * 32)))
SENDER = sender_of(policy())


def keys_of(name: str, epoch: str = EPOCH, public: str = "aa") -> Statement:
    keys = tuple(CommittedKey(kind=kind, public=public, evaluated="", proof="") for kind in Kind)
    ends = TODAY + dt.timedelta(days=90)
    return Statement(form="x", custodian=name, epoch=epoch, opens=TODAY, closes=ends, keys=keys)


def committee(epoch: str = EPOCH, public: str = "aa") -> Committee:
    both = (keys_of("north", epoch, public), keys_of("south", epoch, public))
    return Committee(epoch=epoch, opens=both[0].opens, closes=both[0].closes, statements=both)


def tags(n: int, seed: int = 1) -> Board:
    data = np.random.default_rng(seed).bytes(16 * n)
    return board_of(Kind.EMAIL, EPOCH, [data[at : at + 16] for at in range(0, len(data), 16)])


def made(board: Board, role: Role = Role.LIST, before: dict[str, Object] | None = None) -> list[Object]:
    return list_objects(board, role, committee(), SENDER, KEY, before or {}, today=TODAY)


def read(
    objects: list[Object],
    *,
    keys: dict[str, PublicKey] | None = None,
    under: Committee | None = None,
    role: Role = Role.LIST,
) -> list[Carried]:
    return list(lists_in(objects, role, [under or committee()], {"0a1b2c3d": KEY.public} if keys is None else keys))


def test_a_list_comes_back_whole_whatever_its_size() -> None:
    for n in (1, 64, 65, MOST_IN_PART + 1, 40_000):
        (one,) = read(made(tags(n), Role.BOARD), role=Role.BOARD)
        assert one.board is not None, one.fault
        assert np.array_equal(one.board.rows(), tags(n).rows())
        assert not read(made(tags(n), Role.BOARD)), "a board is no house's list"


def test_a_houses_list_does_not_tell_how_many_suspects_it_has() -> None:
    sizes = set()
    for n in (1, 2, 40, 64):
        (one,) = read(made(tags(n)))
        assert one.board is not None
        assert len(one.board.places(tags(n))) == n, "its own are all there"
        sizes.add(len(one.board))
    assert sizes == {64}
    (few,), (more,) = read(made(tags(10))), read(made(tags(11)))
    assert few.board is not None
    assert more.board is not None
    rows = [{row.tobytes() for row in one.board.rows()} for one in (few, more)]  # type: ignore[union-attr]
    assert len(rows[0] & rows[1]) == 63, "the filling is the same, so that two editions do not tell it apart"


def test_what_travels_passes_the_rules_on_both_ends_and_every_hub() -> None:
    objects = [*common_objects(SENDER), tags_extension(), *made(tags(20_000))]
    for way in (outgoing(policy(), now=NOW, before={}), Setting(way=Way.IN, now=NOW)):
        assert lint(objects, way).refusals == ()
    assert all(len(str(one)) < 250_000 for one in objects)
    assert set(Kind) == {Kind(one) for one in LIST_FIELDS["kind"].schema["enum"]}


@pytest.mark.parametrize("words", ["customer list!!!", "mary@example.org"])
def test_text_cannot_travel_as_tags(words: str) -> None:
    part = made(tags(70))[0]
    told = sorted(f"{number:03}{words}"[:16].encode().ljust(16) for number in range(5))
    forged = {**part, "tags": packed(b"".join(told)), "support": packed(bytes([1] * 5))}
    (found,) = lint([forged], Setting(way=Way.IN, now=NOW)).refusals
    assert (found.code, found.path, found.why) == ("R1", ".tags", "reads as text, and tags are random bytes")
    for bad in ({"tags": packed(bytes(17))}, {"support": packed(bytes(128))}, {"tags": "====", "note": "hello"}):
        assert "R1" in {one.code for one in lint([{**part, **bad}], Setting(way=Way.IN, now=NOW)).refusals}


def test_an_unchanged_list_is_the_same_bytes_and_a_change_is_the_next_edition() -> None:
    first = made(tags(100), Role.BOARD)
    before = {one["id"]: one for one in first}
    assert made(tags(100), Role.BOARD, before) == first
    again = made(tags(101), Role.BOARD, before)
    assert (again[-1]["edition"], again[-1]["id"]) == (2, first[-1]["id"])
    grown = board_of(Kind.EMAIL, EPOCH, [*(row.tobytes() for row in tags(40_000).rows()), bytes(16)])
    parts = [{one["id"] for one in made(board, Role.BOARD)[:-1]} for board in (tags(40_000), grown)]
    assert len(parts[0] - parts[1]) == 1, "of eight parts the one that changed is sent again"


def altered(objects: list[Object]) -> Iterator[tuple[str, list[Object]]]:
    """What somebody between the maker and the reader could do."""
    head, first = objects[-1], objects[0]
    yield "parts did not come", [one for one in objects if one is not first]
    raw = base64.b64decode(first["tags"])
    yield "parts did not come", [{**first, "tags": packed(bytes(16) + raw[16:])}, *objects[1:]]
    yield "not signed", [*objects[:-1], {**head, "edition": head["edition"] + 1}]
    yield "not signed", [*objects[:-1], {**head, "parts": head["parts"][::-1]}]
    yield "not signed", [*objects[:-1], {**head, "epoch": "2027-02-20"}]
    other = Signer(Ed25519PrivateKey.from_private_bytes(bytes([8] * 32)))
    forged = list_objects(tags(9), Role.LIST, committee(), SENDER, other, {}, today=TODAY)
    yield "not signed", forged
    yield "not signed", [*forged[:-1], {**forged[-1], "key": KEY.public.id}]


def test_what_was_altered_on_the_way_is_not_used() -> None:
    board = tags(20_000)
    for why, objects in altered(copy.deepcopy(made(board, Role.LIST))):
        (one,) = read(objects)
        assert one.board is None, why
        assert why in one.fault


def test_a_list_of_strangers_of_other_keys_or_of_a_closed_epoch_is_not_used() -> None:
    objects = made(tags(9))
    (stranger,) = read(objects, keys={})
    assert (stranger.code, "pinned" in stranger.fault) == ("unknown", True)
    assert "other keys" in read(objects, under=committee(public="bb"))[0].fault
    assert "not open" in read(objects, under=committee("2026-12-01"))[0].fault
    assert read([{**objects[-1], "revoked": True}, *objects[:-1]]) == []
    with pytest.raises(TagError, match="custodians' keys"):
        list_objects(tags(9), Role.LIST, committee("2026-12-01"), SENDER, KEY, {}, today=TODAY)


def test_a_maker_that_signs_parts_in_disorder_is_found_out() -> None:
    objects = made(tags(20_000), Role.BOARD)
    swapped = {**objects[-1], "parts": objects[-1]["parts"][::-1]}
    from stillwatch.forum.tags import carried

    swapped["signature"] = packed(KEY.sign(carried._message(swapped)))
    (one,) = read([*objects[:-1], swapped], role=Role.BOARD)
    assert "not in order" in one.fault


def test_what_was_pulled_without_rules_may_be_anything_and_breaks_nothing() -> None:
    part, head = made(tags(9))
    odd: list[Object] = [
        {},
        {"type": TAG_PART},
        {**part, "tags": "===="},
        {**head, "parts": None},
        {**head, "bits": "x"},
    ]
    assert read(odd) == []
    assert len(read([*odd, part, head])) == 1


def test_what_is_compared_is_the_digest_of_what_was_signed() -> None:
    one, same = read(made(tags(9))), read(made(tags(9)))
    assert one[0].digest == same[0].digest
    assert one[0].digest != read(made(tags(10)))[0].digest
    assert len(bytes.fromhex(one[0].digest)) == hashlib.sha256().digest_size
    assert {TAG_LIST, TAG_PART} == {item["type"] for item in made(tags(9))}
