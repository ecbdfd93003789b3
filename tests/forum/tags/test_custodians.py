"""Two custodians make a tag together; what is asked is bounded, counted and kept without a value."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
import stat
from pathlib import Path

import pytest

from stillwatch.forum.tags import (
    Kind,
    NotProven,
    Refusal,
    RequestRefused,
    TagError,
    Unreachable,
    add_member,
    canonical,
    committee,
    destroy_closed,
    drop_member,
    new_epoch,
    oprf,
    pin,
    read_epochs,
    tag_values,
)
from stillwatch.forum.tags.client import Lost
from stillwatch.forum.tags.evaluator import SodiumEvaluator
from stillwatch.forum.tags.group import ORDER, scalar, times
from stillwatch.forum.tags.kinds import input_of, key_info
from stillwatch.forum.tags.ledger import REPEATS
from stillwatch.forum.tags.quotas import AlarmKind, Quota
from stillwatch.forum.tags.tagging import begin
from stillwatch.forum.tags.wire import Asked, encode

from .world import EPOCH, TODAY, world

MAILS = ["jane@example.org", "J.Doe+x@gmail.com", "jdoe@googlemail.com", "joe@example.org"]


def test_two_labs_get_the_same_tag_for_the_same_person(tmp_path: Path) -> None:
    at = world(tmp_path)
    one, two = at.tags(Kind.EMAIL, MAILS), at.tags(Kind.EMAIL, MAILS[::-1], "lab-two")
    assert one == two[::-1]
    assert one[1] == one[2]
    assert len(set(one)) == 3


def test_a_tag_is_the_function_of_the_sum_of_both_keys(tmp_path: Path) -> None:
    at = world(tmp_path)
    seeds = {n: json.loads((tmp_path / n / "keys" / f"{EPOCH}.key").read_bytes())["seed"] for n in at.custodians}
    keys = [oprf.derive_key(bytes.fromhex(seed), key_info(n, EPOCH, Kind.EMAIL)) for n, seed in seeds.items()]
    value = input_of(Kind.EMAIL, canonical(Kind.EMAIL, MAILS[0]))
    nested = times(scalar(sum(keys) % ORDER), oprf.hash_to_group(value))
    bare = oprf.Blinded(inputs=(value,), blinds=(1,), elements=())
    assert at.tags(Kind.EMAIL, MAILS[:1])[0].value == oprf.finalise(bare, [nested])[0][:16]


def test_every_request_is_kept_with_its_number_and_without_its_points(tmp_path: Path) -> None:
    at = world(tmp_path)
    at.tags(Kind.EMAIL, MAILS)
    with pytest.raises(RequestRefused):
        at.custodians["north"].answer("lab-two", b"\x93nonsense")
    at.custodians["north"].ledger.write("lab-one", "", "", 0, "malformed")
    lines = at.custodians["north"].ledger.lines()
    assert [(line.member, line.n, line.outcome) for line in lines[:2]] == [
        ("lab-one", 64, "counted"),
        ("lab-two", 0, "malformed"),
    ]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "north").glob("ledger*"))
    assert all(point not in kept for point in begin(at.committee, Kind.EMAIL, MAILS).blinded.elements)
    assert b"example.org" not in kept


def test_an_answer_that_got_lost_is_asked_again_and_counted_once(tmp_path: Path) -> None:
    at = world(tmp_path)
    asks = at.asks("lab-one")
    lost: list[bytes] = []

    async def loses_two(body: bytes) -> bytes:
        answer = await at.asks("lab-one")["north"](body)
        if len(lost) < 2:
            lost.append(body)
            raise Lost("cut off")
        return answer

    made = asyncio.run(tag_values(at.committee, {**asks, "north": loses_two}, Kind.EMAIL, MAILS, pauses=(0, 0, 0)))
    assert [made.tags[place] for place in range(4)] == at.tags(Kind.EMAIL, MAILS, "lab-two")
    assert [line.outcome for line in at.custodians["north"].ledger.lines()[:3]] == ["counted", "repeated", "repeated"]
    assert at.custodians["north"].used("lab-one", Kind.EMAIL, EPOCH).today == 64


def test_a_custodian_that_never_answers_is_named_after_the_last_try(tmp_path: Path) -> None:
    at = world(tmp_path)

    async def silent(body: bytes) -> bytes:
        raise Lost("no route")

    with pytest.raises(Unreachable, match=r"'south'.*3 tries"):
        asyncio.run(tag_values(at.committee, {**at.asks("lab-one"), "south": silent}, Kind.EMAIL, MAILS, pauses=(0, 0)))
    with pytest.raises(TagError, match="custodian south"):
        asyncio.run(tag_values(at.committee, {"north": at.asks("lab-one")["north"]}, Kind.EMAIL, MAILS))


def test_one_batch_again_and_again_is_refused_in_the_end(tmp_path: Path) -> None:
    at = world(tmp_path)
    body = encode(begin(at.committee, Kind.EMAIL, MAILS).asked)
    for _ in range(REPEATS + 1):
        at.custodians["north"].answer("lab-one", body)
    with pytest.raises(RequestRefused, match="already"):
        at.custodians["north"].answer("lab-one", body)
    assert [alarm.alarm for alarm in at.custodians["north"].ledger.alarms()] == [AlarmKind.REPEATS]


def test_what_is_no_request_is_refused_with_its_reason(tmp_path: Path) -> None:
    north = world(tmp_path).custodians["north"]
    point = begin(world(tmp_path / "w").committee, Kind.EMAIL, MAILS).blinded.elements[0]
    asked = {
        Refusal.MALFORMED: [
            b"",
            b"\xc1",
            b"\x81",
            b"[]",
            encode(Asked(epoch=EPOCH, kind=Kind.EMAIL, elements=b"")),
            b"\xdf" * 60,
            point,
            encode(Asked(epoch=EPOCH, kind=Kind.EMAIL, elements=point[:31])),
            encode(Asked(epoch=EPOCH, kind=Kind.EMAIL, elements=point + point[:1])),
        ],
        Refusal.NO_POINT: [encode(Asked(epoch=EPOCH, kind=Kind.EMAIL, elements=point + bytes(32)))],
        Refusal.TOO_LARGE: [encode(Asked(epoch=EPOCH, kind=Kind.EMAIL, elements=bytes(32 * 4097))), bytes(200_000)],
        Refusal.UNKNOWN_EPOCH: [encode(Asked(epoch="2020-01-01", kind=Kind.EMAIL, elements=point))],
    }
    for refusal, bodies in asked.items():
        for body in bodies:
            with pytest.raises(RequestRefused) as refused:
                north.answer("lab-one", body)
            assert refused.value.refusal is refusal


def test_epochs_overlap_and_then_the_old_one_is_gone_for_good(tmp_path: Path) -> None:
    at = world(tmp_path)
    for name in at.custodians:
        new_epoch(tmp_path / name / "keys", name, "2027-02-06", dt.date(2027, 2, 6), dt.date(2027, 5, 7))
    before = at.committee
    old = at.tags(Kind.EMAIL, MAILS)
    at.now[0] = dt.datetime(2027, 2, 10, 12, tzinfo=dt.UTC)
    statements = tuple(s for custodian in at.custodians.values() for s in custodian.statements())
    after = committee(statements, today=at.now[0].date())
    assert after.epoch == "2027-02-06"
    made = asyncio.run(tag_values(after, at.asks("lab-one"), Kind.EMAIL, MAILS))
    assert not {tag.value for tag in old} & {tag.value for tag in made.tags.values()}
    assert [made2.value for made2 in at.tags(Kind.EMAIL, MAILS)] == [tag.value for tag in old]
    folder, at_rest = tmp_path / "north" / "keys", tmp_path / "at-rest"
    shutil.copytree(folder, at_rest)
    at.now[0] = dt.datetime(2027, 2, 20, 12, tzinfo=dt.UTC)
    with pytest.raises(TagError, match="2027-02-06"):
        asyncio.run(tag_values(before, at.asks("lab-one"), Kind.EMAIL, MAILS, pauses=()))
    assert not (folder / f"{EPOCH}.key").exists(), "an epoch ends when its time is over, whether or not anybody rotates"
    assert destroy_closed(at_rest, at.now[0].date()) == [EPOCH]
    assert set(read_epochs(folder)) == {"2027-02-06"}
    with pytest.raises(TagError, match="once"):
        new_epoch(folder, "north", EPOCH, TODAY, TODAY + dt.timedelta(days=10))


def test_an_epoch_that_is_made_ahead_is_not_open_yet(tmp_path: Path) -> None:
    north = world(tmp_path).custodians["north"]
    new_epoch(tmp_path / "north" / "keys", "north", "2027-02-06", dt.date(2027, 2, 6), dt.date(2027, 5, 7))
    point = begin(world(tmp_path / "w").committee, Kind.EMAIL, MAILS).blinded.elements[0]
    with pytest.raises(RequestRefused, match=f"open are {EPOCH}") as refused:
        north.answer("lab-one", encode(Asked(epoch="2027-02-06", kind=Kind.EMAIL, elements=point)))
    assert refused.value.refusal is Refusal.UNKNOWN_EPOCH


def test_key_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    world(tmp_path)
    for path in [*tmp_path.glob("*/keys/*.key"), *tmp_path.glob("*/members.json"), *tmp_path.glob("*/ledger.sqlite")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = tmp_path / "north" / "keys" / f"{EPOCH}.key"
    key.chmod(0o640)
    with pytest.raises(TagError, match="others can read it"):
        read_epochs(key.parent)
    key.chmod(0o600)
    key.write_bytes(b"{}")
    with pytest.raises(TagError, match="damaged"):
        read_epochs(key.parent)


def test_a_token_opens_what_it_was_given_for_and_no_more(tmp_path: Path) -> None:
    at = world(tmp_path)
    north, token = at.custodians["north"], at.tokens["north", "lab-one"]
    assert north.member(token) == "lab-one"
    assert token not in (tmp_path / "north" / "members.json").read_text()
    for wrong in ("", token[:-1], at.tokens["south", "lab-one"], "é"):
        with pytest.raises(RequestRefused, match="no member"):
            north.member(wrong)
    drop_member(tmp_path / "north" / "members.json", "lab-one")
    with pytest.raises(RequestRefused, match="no member"):
        north.member(token)


def test_a_custodian_that_does_not_hold_its_key_is_not_on_a_committee(tmp_path: Path) -> None:
    at = world(tmp_path)
    north, south = (custodian.statements()[0] for custodian in at.custodians.values())
    stolen = type(south)(**{**{f: getattr(south, f) for f in south.__struct_fields__}, "keys": north.keys})
    with pytest.raises(NotProven, match="'south'"):
        committee((north, stolen), EPOCH, today=TODAY)
    with pytest.raises(TagError, match="two or more"):
        committee((north,), EPOCH, today=TODAY)
    with pytest.raises(TagError, match="two or more"):
        committee((north, north), EPOCH, today=TODAY)


def test_keys_that_change_after_they_were_pinned_are_refused(tmp_path: Path) -> None:
    at = world(tmp_path)
    pins = tmp_path / "pins.json"
    published = [tmp_path / name / "keys" / f"{EPOCH}.json" for name in at.custodians]
    first = pin(pins, published, TODAY)
    assert [s.digest for s in pin(pins, published, TODAY)] == [s.digest for s in first]
    others = world(tmp_path / "others")
    with pytest.raises(TagError, match="may be tracking"):
        pin(pins, [others.folder / "north" / "keys" / f"{EPOCH}.json"], TODAY)


def test_quotas_count_by_day_epoch_and_kind(tmp_path: Path) -> None:
    at = world(tmp_path)
    for name in at.custodians:
        add_member(tmp_path / name / "members.json", "small", {Kind.EMAIL: Quota(day=128, epoch=192)})
    at.tags(Kind.EMAIL, MAILS, "small")
    at.tags(Kind.EMAIL, MAILS, "small")
    with pytest.raises(TagError, match="0 of 128 are left today"):
        at.tags(Kind.EMAIL, MAILS, "small")
    at.tags(Kind.PHONE, ["+442079460018"], "small")
    at.now[0] += dt.timedelta(days=1)
    at.tags(Kind.EMAIL, MAILS, "small")
    with pytest.raises(TagError, match="0 of 192 are left in this epoch"):
        at.tags(Kind.EMAIL, MAILS, "small")
    assert AlarmKind.NEAR_QUOTA in {alarm.alarm for alarm in at.custodians["south"].ledger.alarms()}


def test_libsodium_stands_in_where_the_package_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = world(tmp_path)
    tags = at.tags(Kind.EMAIL, MAILS)
    monkeypatch.setitem(__import__("sys").modules, "voprf", None)
    epochs = read_epochs(tmp_path / "north" / "keys")
    assert all(isinstance(key, SodiumEvaluator) for key in epochs[EPOCH].keys.values())
    at.custodians["north"]._epochs = (None, {})
    assert at.tags(Kind.EMAIL, MAILS, "lab-two") == tags
