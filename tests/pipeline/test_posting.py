"""A webhook reaches the public internet and nothing inside the house, however it is asked to."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from stillwatch.pipeline.posting import Refused, checked_address, post, target

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user:word@example.com/",
        "https://user@example.com/",
        "https:///path",
        "https://example.com/#part",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/\r\nHost: x",
        "https://[::1/",
        "",
    ],
)
def test_an_address_that_is_no_plain_https_url_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        target(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.5",
        "172.16.9.9",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address that is refused
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_no_address_inside_the_house_is_reached(address: str) -> None:
    with pytest.raises(Refused):
        checked_address("inside.example", 443, [], lambda host, port: [address])


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(Refused, match=r"10\.0\.0\.1"):
        checked_address("mixed.example", 443, [], lambda host, port: ["93.184.216.34", "10.0.0.1"])


def test_a_public_address_is_reached_and_an_allowed_network_by_name_alone() -> None:
    assert checked_address("a.example", 443, [], lambda host, port: ["93.184.216.34"]) == "93.184.216.34"
    allowed = [ipaddress.ip_network("10.1.2.0/24")]
    assert checked_address("a.example", 443, allowed, lambda host, port: ["10.1.2.3"]) == "10.1.2.3"
    with pytest.raises(Refused):
        checked_address("a.example", 443, allowed, lambda host, port: ["10.1.3.3"])


def test_a_name_without_an_address_is_refused() -> None:
    def nobody(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror

    with pytest.raises(Refused, match="no address"):
        checked_address("nobody.example", 443, [], nobody)


@pytest.fixture
def server() -> Iterator[tuple[int, list[str]]]:
    """A server on the loopback that redirects to itself, and the paths that it was asked for."""
    asked: list[str] = []

    class Pages(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(
                f"{self.path} {self.headers['host']} {self.rfile.read(int(self.headers['content-length'])).decode()}"
            )
            self.send_response(307 if self.path == "/away" else 200)
            self.send_header("location", "/inside")
            self.send_header("retry-after", "120")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gives it
            return

    made = HTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made.server_port, asked
    made.shutdown()
    made.server_close()
    thread.join()


def test_a_redirect_is_told_and_not_followed(server: tuple[int, list[str]]) -> None:
    port, asked = server
    to = target(f"http://hooks.example:{port}/away", plain=True)
    answer = post(to, b"{}", {}, allowed=LOOPBACK, resolve=lambda host, port: ["127.0.0.1"])
    assert (answer.status, answer.retry_after) == (307, 120)
    assert asked == [f"/away hooks.example:{port} {{}}"]


def test_a_name_that_answers_differently_a_moment_later_gains_nothing(server: tuple[int, list[str]]) -> None:
    port, asked = server
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    to = target(f"http://rebinding.example:{port}/x", plain=True)
    assert post(to, b"1", {}, allowed=LOOPBACK, resolve=lambda host, port: next(answers)).status == 200
    assert next(answers) == ["169.254.169.254"], "the name was asked once, and the connection went to what was checked"
    assert len(asked) == 1


def test_the_loopback_is_refused_without_leave(server: tuple[int, list[str]]) -> None:
    port, asked = server
    with pytest.raises(Refused):
        post(target(f"http://127.0.0.1:{port}/", plain=True), b"{}", {})
    assert asked == []
