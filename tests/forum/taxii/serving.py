"""A hub in a process of its own, on a free port of this machine: `python tests/forum/taxii/serving.py FOLDER`.

It prints its port and serves until its standard input ends. The folder holds the database; members are those of `hub.TOKENS`.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import uvicorn

ROOT = Path(__file__).parents[3]


class Served:
    """A process that serves."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(folder), *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        """End it as a power cut would, as far as a process can tell."""
        self.process.kill()
        self._gone()

    def stop(self) -> None:
        """End it in peace."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self._gone()

    def _gone(self) -> None:
        self.process.wait(20)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()


def _until_closed(one: uvicorn.Server) -> None:
    sys.stdin.read()
    one.should_exit = True


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from tests.forum.taxii.hub import SIGNER, TOKENS, settings

    from stillwatch.forum.taxii import HubApp, accept_all
    from stillwatch.forum.taxii.serving import server

    tokens = dict(zip(("lab-a", "lab-b", "lab-c"), sys.argv[2].split(","), strict=True)) if len(sys.argv) > 2 else {}
    for name, digest in tokens.items():
        TOKENS[name] = ("", digest)
    app = HubApp(settings(Path(sys.argv[1])), accept=accept_all, signer=SIGNER)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        ours = server(app, host="127.0.0.1", port=0)
        print(free.getsockname()[1], flush=True)
        threading.Thread(target=_until_closed, args=(ours,), daemon=True).start()
        ours.run(sockets=[free])
    app.close()


if __name__ == "__main__":
    main()
