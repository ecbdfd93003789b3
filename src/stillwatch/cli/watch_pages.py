"""The operator's pages of a watch: `/metrics` for Prometheus and `/health` for whoever restarts it. No password, so keep them inside."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from stillwatch.core import Error
from stillwatch.pipeline import Pulse, metric_lines

__all__ = ["served"]

_PATIENCE = 5.0
"""Seconds that somebody who connects has to ask."""
_WELL = ("starting", "watching")


@contextlib.contextmanager
def served(pulse: Callable[[], Pulse], host: str, port: int) -> Iterator[int]:
    """Serve the pages in threads of their own until the block ends; gives the port, which is chosen when 0 is asked for.

    Raises:
        Error: when the address cannot be had.
    """

    class Pages(_Pages):
        told = staticmethod(pulse)

    try:
        server = ThreadingHTTPServer((host, port), Pages)
    except OSError as error:
        raise Error(f"{host}:{port}: {error.strerror or error}; name another --port") from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="pages", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Pages(BaseHTTPRequestHandler):
    told: Callable[[], Pulse]
    timeout = _PATIENCE
    server_version, sys_version = "stillwatch", ""

    def do_GET(self) -> None:
        """Answer one question of the operator."""
        pulse = self.told()
        if self.path == "/metrics":
            self._answer(200, "text/plain; version=0.0.4; charset=utf-8", "\n".join(metric_lines(pulse)) + "\n")
        elif self.path == "/health":
            self._answer(200 if pulse.state in _WELL else 503, "application/json", msgspec.json.encode(pulse).decode())
        else:
            self._answer(404, "text/plain; charset=utf-8", "pages: /metrics /health\n")

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has upstairs
        """Say nothing: whoever asks every few seconds would fill the log."""
