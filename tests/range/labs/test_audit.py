"""The audit of what left finds a customer in every form in which one could have left, and nothing where there is nothing."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from pathlib import Path

import pytest

from stillwatch.range.labs.needles import Needles, forms, found_in, stretches_in
from stillwatch.range.labs.relay import relay

MAIL = "Mary.Smith@post.example"
NOISE = b"".join(hashlib.sha256(bytes([n, m])).digest() for n in range(40) for m in range(40))


@pytest.mark.parametrize(
    "left",
    [
        MAIL.encode(),
        MAIL.lower().encode(),
        MAIL.upper().encode(),
        MAIL.lower().encode().hex().encode(),
        base64.b64encode(MAIL.encode()),
        hashlib.sha256(MAIL.lower().encode()).digest(),
        hashlib.sha256(MAIL.lower().encode()).hexdigest().encode(),
        hashlib.sha1(MAIL.encode(), usedforsecurity=False).hexdigest().upper().encode(),
        base64.b64encode(hashlib.md5(MAIL.encode(), usedforsecurity=False).digest()),
    ],
)
def test_a_value_is_found_in_every_form(left: bytes) -> None:
    needles = Needles(of=dict(forms("mail", MAIL)))
    assert found_in(NOISE + left + NOISE, needles)
    assert found_in(NOISE, needles) == {}


def test_the_subnet_of_an_address_is_found() -> None:
    needles = Needles(of=dict(forms("address", "198.51.100.7")))
    assert found_in(b"pattern [ipv4-addr:value ISSUBSET '198.51.100.0/24']", needles) == {"subnet of its address": 1}


def test_what_a_suspect_has_as_well_is_the_suspects() -> None:
    honest, suspect = (
        Needles(of={b"+447700900123": "phone", name: "mail"}) for name in (b"a@post.example", b"b@post.example")
    )
    left = honest.without(suspect)
    assert left.of == {b"a@post.example": "mail"}


def test_a_stretch_of_text_is_found_wherever_it_stands() -> None:
    text = "Dear model, my grandmother's cough has not been better since last Thursday, what do I do?"
    for begin in range(20):
        cut = text[begin : begin + 23].encode()
        assert stretches_in(NOISE + cut + NOISE, [text]), begin
    assert stretches_in(NOISE + text[3:20].encode(), [text]) == [], "seventeen bytes are anybody's"


def test_every_byte_of_a_line_is_kept_both_ways(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            line, _ = server.accept()
            with line:
                while piece := line.recv(4096):
                    line.sendall(piece[::-1])

        answering = threading.Thread(target=echo, daemon=True)
        answering.start()
        with (
            relay(server.getsockname()[1], tmp_path / "left", tmp_path / "came") as port,
            socket.create_connection(("127.0.0.1", port)) as line,
        ):
            line.sendall(b"what left")
            assert line.recv(100) == b"tfel tahw"
        answering.join(5)
    assert (tmp_path / "left").read_bytes() == b"what left"
    assert (tmp_path / "came").read_bytes() == b"tfel tahw"
