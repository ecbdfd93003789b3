"""The line between a lab and everybody else, every byte of which is kept: what an audit reads is what left, not what was meant to."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

__all__ = ["relay"]

_PIECE = 65_536


@contextlib.contextmanager
def relay(port: int, left: Path, came: Path) -> Iterator[int]:
    """A port of this machine that passes everything on to another and back.

    Args:
        port: where it goes, on this machine.
        left: file to which all bytes of that way are added.
        came: the same of the way back.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    lines: list[threading.Thread] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                inner, _ = listening.accept()
                outer = socket.create_connection(("127.0.0.1", port))
                lines.append(threading.Thread(target=_both_ways, args=(inner, outer, left, came), daemon=True))
                lines[-1].start()

    waiting = threading.Thread(target=accept, daemon=True)
    waiting.start()
    try:
        yield listening.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        waiting.join(2)
        for line in lines:
            line.join(2)


def _both_ways(inner: socket.socket, outer: socket.socket, left: Path, came: Path) -> None:
    """One connection, until both sides are done."""
    with inner, outer:
        back = threading.Thread(target=_pass, args=(outer, inner, came), daemon=True)
        back.start()
        _pass(inner, outer, left)
        back.join()


def _pass(source: socket.socket, target: socket.socket, kept: Path) -> None:
    """Keep, then pass on, until one side is done: nothing goes by that was not kept before."""
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE):
            with kept.open("ab") as file:
                file.write(piece)
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
