"""Alerts reach a webhook once at least, later rather than never, and every attempt is on record."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest

from stillwatch.core.errors import Error, SettingsError
from stillwatch.engine import Workspace
from stillwatch.pipeline import Deliveries, Webhook, make_secret, read_webhooks
from stillwatch.pipeline.deliveries import SCHEDULE
from stillwatch.pipeline.posting import Answer, Refused, target
from stillwatch.report.alerts import Alert, new_secret, signed_headers

HOOK = Webhook(name="soc", url="https://soc.example/", target=target("https://soc.example/"), secrets=(new_secret(),))


def alert(number: int = 1, kind: str = "finding.actor") -> Alert:
    return Alert(
        id=f"{number:032x}",
        kind=kind,
        at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
        handle="X-1",
        title="t",
        sentence="s",
        severity="low",
        caveat="c",
        accounts=1,
        members=("A-1",),
    )


class World:
    """A clock that somebody turns, and a receiver that answers as it is told."""

    def __init__(self, path: Path) -> None:
        self.now = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
        self.answer: Answer | Exception = Answer(status=200)
        self.got: list[tuple[bytes, dict[str, str]]] = []
        self.outbox = Deliveries(path / "d.sqlite", send=self.send, clock=lambda: self.now, rng=random.Random(1))  # noqa: S311 - spreads attempts

    def send(self, webhook: Webhook, body: bytes, headers: dict[str, str]) -> Answer:
        self.got.append((body, headers))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def round(self) -> list[str]:
        return [tried.outcome for tried in self.outbox.send_due([HOOK])]

    def state(self) -> str:
        return self.outbox.all()[0].state


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    assert made.outbox.queue([alert()], [HOOK], "urn:x") == 1
    return made


def test_an_alert_is_queued_once_and_delivered_with_a_signature_that_holds(world: World) -> None:
    assert world.outbox.queue([alert()], [HOOK], "urn:x") == 0
    assert world.round() == ["status 200"]
    assert (world.round(), world.state()) == ([], "delivered")
    body, headers = world.got[0]
    again = signed_headers(HOOK.secrets, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    assert headers["webhook-signature"] == again["webhook-signature"]


def test_what_failed_is_tried_ever_more_seldom_with_the_same_id_and_then_given_up(world: World) -> None:
    world.answer = Answer(status=500)
    waits = []
    while world.state() == "waiting":
        due = world.outbox.all()[0].due
        assert due is not None
        waits.append((due - world.now).total_seconds())
        world.now = due + dt.timedelta(milliseconds=1)
        assert world.round() == ["status 500"]
    assert world.state() == "given_up"
    assert len(waits) == 10
    assert all(0.8 * wanted <= got <= 1.2 * wanted for wanted, got in zip(SCHEDULE, waits[1:], strict=True))
    assert sum(waits) > 2 * 86_400
    assert len({headers["webhook-id"] for _, headers in world.got}) == 1
    assert world.outbox.again("soc") == 1
    world.answer = Answer(status=204)
    assert (world.round(), world.state()) == (["status 204"], "delivered")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(status=302), "status 302"),
        (TimeoutError(), "no answer: TimeoutError"),
        (Refused("h: leads to 10.0.0.1"), "refused: h: leads to 10.0.0.1"),
    ],
)
def test_a_redirect_silence_and_a_refusal_are_failures_on_record(
    world: World, answer: Answer | Exception, told: str
) -> None:
    world.answer = answer
    assert world.round() == [told]
    assert (world.state(), world.outbox.all()[0].last) == ("waiting", told)
    assert world.round() == [], "it is not due yet"


def test_a_receiver_that_asks_for_time_gets_it(world: World) -> None:
    world.answer = Answer(status=429, retry_after=3600)
    world.round()
    due = world.outbox.all()[0].due
    assert due is not None
    assert due - world.now == dt.timedelta(hours=1)


def test_a_receiver_that_is_gone_is_left_alone_until_its_address_changes(world: World) -> None:
    world.answer = Answer(status=410)
    world.round()
    world.outbox.queue([alert(2)], [HOOK], "urn:x")
    assert world.round() == []
    moved = Webhook(name="soc", url="https://new.example/", target=target("https://new.example/"), secrets=HOOK.secrets)
    assert len(list(world.outbox.send_due([moved]))) == 1


def test_a_receiver_that_fails_is_not_asked_again_in_the_same_round(world: World) -> None:
    world.outbox.queue([alert(2), alert(3)], [HOOK], "urn:x")
    world.answer = Answer(status=503)
    assert world.round() == ["status 503"]


def test_only_the_kinds_that_were_asked_for_are_sent(tmp_path: Path) -> None:
    hook = Webhook(name="a", url=HOOK.url, target=HOOK.target, kinds=("case.withdrawn",), secrets=HOOK.secrets)
    world = World(tmp_path)
    assert world.outbox.queue([alert(), alert(2, "case.withdrawn")], [hook], "urn:x") == 1


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "w")


def test_a_webhook_needs_a_secret_which_is_made_and_changed_over(space: Workspace) -> None:
    (space.root / "alerts.toml").write_text('[[webhook]]\nname = "soc"\nurl = "https://soc.example/"\n')
    with pytest.raises(SettingsError, match="stillwatch alerts secret soc"):
        read_webhooks(space)
    first, second, third = (make_secret(space, "soc") for _ in range(3))
    (hook,) = read_webhooks(space)
    assert hook.secrets == (third, second)
    assert first not in repr(hook)
    assert third not in repr(hook)
    assert (space.root / "keys" / "webhook-soc.secret").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('url = "http://soc.example/"', "unsafe_plain_http"),
        ('url = "https://soc.example/"\nform = "xml"', "expected one of flat"),
        ('url = "https://soc.example/"\nkinds = ["x"]', "expected a list out of"),
        ('url = "https://soc.example/"\nunsafe_networks = ["10.0.0.1/8"]', "networks such as"),
        ('url = "https://soc.example/"\nunsafe_networks = "10"', "networks such as"),
        ('url = "https://soc.example/"\nsecret = "x"', "unknown"),
        ('url = "https://soc.example/"\nkey_header = "a:b"', "the name of a header"),
        ('url = "https://soc.example/"\nbare = 1', "true or false"),
        ("url = 3", "https://"),
    ],
)
def test_what_cannot_be_used_is_told(space: Workspace, line: str, said: str) -> None:
    make_secret(space, "soc")
    (space.root / "alerts.toml").write_text(f'[[webhook]]\nname = "soc"\n{line}\n')
    with pytest.raises(SettingsError) as error:
        read_webhooks(space)
    assert said in str(error.value)


def test_a_name_that_would_lead_out_of_the_folder_of_keys_is_refused(space: Workspace) -> None:
    with pytest.raises(Error, match="lower-case letters"):
        make_secret(space, "../../etc/x")


def test_no_webhook_is_nothing_wrong(space: Workspace) -> None:
    assert read_webhooks(space) == ()
