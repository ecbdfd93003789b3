"""A hub on a real port of this machine, in a thread; and servers that do as a script says."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.forum.taxii.hub import SIGNER

from stillwatch.forum.taxii import Accept, Hub, HubApp, accept_all
from stillwatch.forum.taxii.serving import server


@contextlib.contextmanager
def running(
    hub: Hub,
    *,
    accept: Accept = accept_all,
    certificate: Path | None = None,
    key: Path | None = None,
    clients: Path | None = None,
) -> Iterator[int]:
    """The port of a hub."""
    app = HubApp(hub, accept=accept, signer=SIGNER)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ours = server(app, host="127.0.0.1", port=0, certificate=certificate, key=key, clients=clients)
        thread = threading.Thread(target=ours.run, kwargs={"sockets": [free]})
        thread.start()
        while not ours.started:
            time.sleep(0.01)
        try:
            yield free.getsockname()[1]
        finally:
            ours.should_exit = True
            thread.join()
            app.close()


Told = tuple[int, dict[str, str], bytes]


@contextlib.contextmanager
def scripted(answer: Callable[[str, str, bytes], Told | None]) -> Iterator[int]:
    """The port of a server that answers each method, path and body as a function says; None hangs up."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            told = answer(self.command, self.path, body)
            if told is None:
                self.close_connection = True
                return
            status, headers, data = told
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "content-length" not in headers:
                self.send_header("content-length", str(len(data)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(data)

        do_GET = do_POST = _any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as one:
        one.daemon_threads = True
        threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield one.server_address[1]
        finally:
            one.shutdown()
