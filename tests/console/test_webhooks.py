"""Webhooks are kept, tested and watched from the console by an admin, and reach nothing inside the house."""

from __future__ import annotations

import html
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from stillwatch.console import House
from stillwatch.core import Error
from stillwatch.pipeline import deliveries, read_webhooks, remove_webhook
from stillwatch.pipeline.posting import Answer, Network, Target

from .browser import Browser

OUTSIDE = "https://93.184.216.34/stillwatch?token=s3cret"
KINDS = ["finding.actor", "case.withdrawn"]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Target, bytes, Mapping[str, str]]]:
    """What was sent, by a network that answers 204."""
    got: list[tuple[Target, bytes, Mapping[str, str]]] = []

    def post(to: Target, body: bytes, headers: Mapping[str, str], *, allowed: Sequence[Network]) -> Answer:
        got.append((to, body, headers))
        return Answer(status=204)

    monkeypatch.setattr(deliveries, "post", post)
    return got


def _add(admin: Browser, status: int = 200, **fields: Any) -> str:
    asked = {"name": "soc", "url": OUTSIDE, "form": "ocsf", "kind": KINDS, "note": "they asked"}
    return html.unescape(admin.send("/webhooks", status, **(asked | fields)).text)


def test_an_admin_sets_one_up_and_sees_its_secret_once(house: House) -> None:
    admin = Browser(house, "admin")
    shown = _add(admin)
    (hook,) = read_webhooks(house.workspace)
    assert (hook.name, hook.form, hook.kinds, hook.managed) == ("soc", "ocsf", tuple(KINDS), True)
    assert hook.secrets[0] in shown
    later = admin.see("/webhooks")
    assert hook.secrets[0] not in later
    assert "93.184.216.34" in later
    assert "s3cret" not in later, "an address may hold a key: the host alone is shown"
    told = house.book().history[-1]
    assert (told.record.kind, told.private["by"], told.private["note"]) == ("webhook.added", "admin", "they asked")
    assert "s3cret" not in repr(told)
    again = admin.send("/webhooks/soc/secret", 200, note="leaked").text
    (hook,) = read_webhooks(house.workspace)
    assert len(hook.secrets) == 2
    assert hook.secrets[0] in html.unescape(again)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://2130706433/",
        "http://93.184.216.34/",
        "file:///etc/passwd",
        "https://user:pass@93.184.216.34/",
        "https://93.184.216.34/#x",
        "gopher://93.184.216.34/",
    ],
)
def test_an_address_inside_the_house_is_not_kept(house: House, url: str) -> None:
    admin = Browser(house, "admin")
    head = house.desk.journal.head() if (house.workspace.root / "desk" / "journal.head").exists() else None
    _add(admin, 422, url=url)
    assert read_webhooks(house.workspace) == ()
    after = house.desk.journal.head() if (house.workspace.root / "desk" / "journal.head").exists() else None
    assert after == head, "what did not happen is not on record"


def test_a_name_that_leads_inside_later_is_refused_when_something_is_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = ["93.184.216.34"]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (leads[0], 443))])
    admin = Browser(house, "admin")
    _add(admin, url="https://soc.example/")
    leads[0] = "10.0.0.5"
    shown = html.unescape(admin.send("/webhooks/soc/test", 200).text)
    assert "not delivered" in shown
    assert "Refused: soc.example: leads to 10.0.0.5" in shown


def test_a_test_is_sent_signed_and_stands_among_the_deliveries(
    house: House, sent: list[tuple[Target, bytes, Mapping[str, str]]]
) -> None:
    admin = Browser(house, "admin")
    _add(admin)
    shown = html.unescape(admin.send("/webhooks/soc/test", 200).text)
    assert "Test of soc: delivered." in shown
    assert "Status 204" in shown
    ((to, body, headers),) = sent
    assert (to.host, b"stillwatch.test" in body) == ("93.184.216.34", True)
    assert headers["webhook-signature"].startswith("v1,")
    assert house.book().history[-1].record.kind == "webhook.tested"
    assert "delivered" in admin.see("/webhooks")


def test_a_failed_test_says_why_and_is_not_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def post(*_: object, **__: object) -> Answer:
        raise ConnectionRefusedError

    monkeypatch.setattr(deliveries, "post", post)
    admin = Browser(house, "admin")
    _add(admin)
    assert "No answer: ConnectionRefusedError" in html.unescape(admin.send("/webhooks/soc/test", 200).text)
    assert "given up" in admin.see("/webhooks")
    admin.send("/webhooks/soc/again", note="mended")
    outbox = deliveries.Deliveries(house.workspace.root / "desk" / "deliveries.sqlite")
    assert [one.state for one in outbox.all()] == ["given_up"], "a test is no alert"
    assert list(outbox.send_due(read_webhooks(house.workspace))) == []


def test_what_the_console_keeps_can_be_removed_and_what_stands_in_the_file_cannot(house: House) -> None:
    admin = Browser(house, "admin")
    _add(admin)
    _add(admin, 422)
    (house.workspace.root / "keys" / "webhook-coop.secret").write_text("whsec_" + "A" * 43 + "=\n")
    (house.workspace.root / "alerts.toml").write_text('[[webhook]]\nname = "coop"\nurl = "https://coop.example/"\n')
    shown = admin.see("/webhooks")
    assert "from alerts.toml" in shown
    assert "/webhooks/coop/remove" not in shown
    admin.send("/webhooks/coop/remove", 422, note="w")
    admin.send("/webhooks/soc/remove", note="they left")
    assert [one.name for one in read_webhooks(house.workspace)] == ["coop"]
    with pytest.raises(Error, match="not kept by the console"):
        remove_webhook(house.workspace, "coop", recorded=lambda: None)


def test_a_webhook_wants_a_name_a_kind_and_a_reason_and_no_unsafe_setting(house: House) -> None:
    admin = Browser(house, "admin")
    faults: tuple[dict[str, Any], ...] = (
        {"name": "../x"},
        {"name": ""},
        {"kind": []},
        {"kind": ["made.up"]},
        {"form": "xml"},
        {"note": " "},
    )
    for wrong in faults:
        _add(admin, 422, **wrong)
    _add(admin, unsafe_plain_http="true", unsafe_networks="10.0.0.0/8", key_env="HOME")
    (hook,) = read_webhooks(house.workspace)
    assert (hook.unsafe_plain_http, hook.unsafe_networks, hook.key_env) == (False, (), "")


def test_a_file_with_faults_is_shown_as_such_and_the_page_still_opens(house: House) -> None:
    (house.workspace.root / "alerts.toml").write_text('[[webhook]]\nname = "soc"\nurl = "http://10.0.0.1/"\n')
    shown = html.unescape(Browser(house, "admin").see("/webhooks"))
    assert "got scheme 'http', expected https" in shown


@pytest.mark.parametrize("role", ["viewer", "analyst", "approver", "auditor"])
def test_nobody_but_an_admin_sees_or_changes_webhooks(house: House, role: str) -> None:
    one = Browser(house, role)
    one.see("/webhooks", 403)
    one.send("/webhooks", 403, name="soc", url=OUTSIDE, kind=KINDS, note="w")
    one.send("/webhooks/soc/test", 403)
    assert read_webhooks(house.workspace) == ()
    assert "/webhooks" not in one.see("/")
