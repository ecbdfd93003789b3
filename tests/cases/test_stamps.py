"""Time stamps of a stranger: asked for, checked offline against a certificate, and no other answer is taken."""

from __future__ import annotations

import base64
import datetime as dt
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("rfc3161_client", reason="pip install stillwatch[stamps]")

from stillwatch.cases import Desk, read_authority, redact, seal, stamp, verified
from stillwatch.cases.archive import pack, unpack
from stillwatch.cases.dsse import envelope
from stillwatch.cases.sealing import ENVELOPE, STAMP
from stillwatch.cases.stamping import STAMP_FORM
from stillwatch.core import CaseError, TamperingFound
from stillwatch.engine import Workspace

from .authority import Authority
from .desk import opening


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "other")


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """A desk by today's clock, as the authority's is."""
    return Desk(Workspace(tmp_path / "w"))


@pytest.fixture
def sealed(at: Desk) -> Path:
    return seal(at, at.open(opening(), by="mary").id, by="mary", why="for counsel")


def test_a_stamped_file_proves_its_time_offline_and_is_on_record(at: Desk, sealed: Path, authority: Authority) -> None:
    roots, keys = read_authority(authority.root), [at.signer.public]
    path, given = stamp(at, sealed, authority, roots, by="mary", why="a time")
    told = verified(path.read_bytes(), keys, roots)
    assert told.stamp == given
    assert given.checked
    assert abs(given.time - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=2)
    assert given.policy == "1.2.3.4.1"
    assert told.items == verified(sealed.read_bytes(), keys).items
    unchecked = verified(path.read_bytes(), keys).stamp
    assert unchecked is not None
    assert (unchecked.time, unchecked.checked) == (given.time, False)
    assert verified(sealed.read_bytes(), keys, roots).stamp is None
    body = at.book().kinds["case.stamped"][-1].record.body
    assert body["serial"] == given.serial
    copy = redact(at, path, {"member": "bystanders"}, by="mary", why="bystanders")
    assert verified(copy.read_bytes(), keys, roots).stamp == given, "a redacted copy keeps the time"
    with pytest.raises(CaseError, match="already"):
        stamp(at, path, authority, roots, by="mary", why="again")


def test_a_stamp_of_another_authority_or_by_a_key_of_another_use_is_not_believed(
    at: Desk, sealed: Path, authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    roots = read_authority(authority.root)
    given: list[bytes] = []

    def recording(request: bytes) -> bytes:
        given.append(authority(request))
        return given[-1]

    path, _ = stamp(at, sealed, recording, roots, by="mary", why="a time")
    with pytest.raises(TamperingFound, match="no time stamp of this file by the authority"):
        verified(path.read_bytes(), [at.signer.public], read_authority(stranger.root))
    lax = Authority(tmp_path / "lax", usage="timeStamping")
    answers: dict[str, tuple[Callable[[bytes], bytes], Authority]] = {
        "of another authority": (stranger, authority),
        "by a key whose use is not critical": (_or_nothing(lax), lax),
        "about something else": (lambda _: authority(_request(b"another")), authority),
        "that was given before": (lambda _: given[0], authority),
        "cut": (lambda request: authority(request)[:-20], authority),
        "empty": (lambda _: b"", authority),
        "endless": (lambda _: b"0" * 70_000, authority),
        "no answer": (lambda _: b"<html>", authority),
    }
    before = at.journal.head()
    for how, (ask, whose) in answers.items():
        with pytest.raises(CaseError, match="not taken"):
            stamp(at, sealed, ask, read_authority(whose.root), by="mary", why=how)
    assert at.journal.head() == before
    with pytest.raises(CaseError, match="only with the authority's certificate"):
        stamp(at, sealed, authority, [], by="mary", why="x")


def test_a_time_that_is_yet_to_come_is_not_taken(at: Desk, sealed: Path, authority: Authority) -> None:
    roots = read_authority(authority.root)
    slow = Desk(at.workspace, lambda: dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))
    with pytest.raises(CaseError, match="yet to come"):
        stamp(slow, sealed, authority, roots, by="mary", why="our clock is an hour late")


def test_every_changed_byte_of_a_stamped_file_is_found_with_and_without_the_certificate(
    at: Desk, sealed: Path, authority: Authority, tries: Callable[..., int]
) -> None:
    roots = read_authority(authority.root)
    whole = stamp(at, sealed, authority, roots, by="mary", why="a time")[0].read_bytes()
    rng = random.Random(31)  # noqa: S311 - places of changes, no secret
    stamp_at = whole.index(STAMP.encode())
    for number in range(tries(120, whole=1000)):
        place = stamp_at + rng.randrange(6000) if number % 2 else rng.randrange(len(whole))
        changed = bytearray(whole)
        changed[place % len(whole)] ^= rng.randrange(1, 256)
        with pytest.raises(TamperingFound):
            verified(bytes(changed), [at.signer.public], roots if number % 3 else [])


def test_no_changed_answer_is_believed_even_when_the_collector_signs_it(
    at: Desk, sealed: Path, authority: Authority, tries: Callable[..., int]
) -> None:
    """Whoever holds the collector's key cannot make a time: every byte of the answer that says something is the authority's."""
    roots, rng = read_authority(authority.root), random.Random(7)  # noqa: S311 - places of changes, no secret
    files = dict(unpack(stamp(at, sealed, authority, roots, by="mary", why="a time")[0].read_bytes()))
    told = json.loads(base64.b64decode(json.loads(files[STAMP])["payload"]))
    answer, digest = base64.b64decode(told["predicate"]["answer"]), told["subject"][0]["digest"]["sha256"]
    noted = dt.datetime.fromisoformat(told["predicate"]["time"])
    for _ in range(tries(150, whole=2000)):
        changed = bytearray(answer)
        changed[rng.randrange(len(answer))] ^= rng.randrange(1, 256)
        predicate = told["predicate"] | {"answer": base64.b64encode(changed).decode()}
        forged = pack({**files, STAMP: envelope(STAMP_FORM, digest, ENVELOPE, predicate, [at.signer])})
        try:
            found = verified(forged, [at.signer.public], roots).stamp
        except TamperingFound:
            continue
        assert found is not None
        assert found.time == noted, "a byte that says nothing"
    later = told["predicate"] | {"time": "2027-01-01T00:00:00Z"}
    forged = pack({**files, STAMP: envelope(STAMP_FORM, digest, ENVELOPE, later, [at.signer])})
    with pytest.raises(TamperingFound, match="something else than is noted"):
        verified(forged, [at.signer.public], roots)


def _request(data: bytes) -> bytes:
    from rfc3161_client import TimestampRequestBuilder

    asked: bytes = TimestampRequestBuilder(data=data).build().as_bytes()
    return asked


def _or_nothing(authority: Authority) -> Callable[[bytes], bytes]:
    """What an authority answers that OpenSSL may refuse to be."""

    def ask(request: bytes) -> bytes:
        try:
            return authority(request)
        except AssertionError:
            return b""

    return ask
