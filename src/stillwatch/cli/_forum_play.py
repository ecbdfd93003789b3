"""The forum demo's stage: hub and custodians as processes of their own, whoever comes in, and every command with what it said."""

from __future__ import annotations

import contextlib
import io
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from stillwatch.cli.app import app
from stillwatch.core import Error

if TYPE_CHECKING:
    from rich.console import Console


__all__ = ["CUSTODIANS", "Play"]

CUSTODIANS = ("north", "south")


class Play:
    """The place where it is played: the folder, the servers, the lines that keep every byte, and the transcript."""

    def __init__(self, out: Path, console: Console) -> None:
        self.out, self._console = out, console
        self.custodians = [out / "forum" / name for name in CUSTODIANS]
        self.epoch = ""
        self.signers = out / "forum" / "signers"
        self.stack = contextlib.ExitStack()
        self._transcript = (out / "transcript.txt").open("w", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()
        self._transcript.close()

    def tell(self, line: str) -> None:
        """Say on the terminal how it goes."""
        self._console.print(line, soft_wrap=True)

    def run(self, who: str, *words: object, fails: bool = False, secret: bool = False) -> str:
        """What a command says. It is run as typed, and stands in the transcript with what it said, unless that is `secret`.

        Raises:
            Error: when it fails and may not.
        """
        said, code = io.StringIO(), 0
        typed = [str(word) for word in words]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                app(typed, exit_on_error=False, result_action="return_value")
            except SystemExit as leaving:
                code = int(leaving.code or 0)
            except Error as error:
                code = 2
                print(f"stillwatch: {error}")
        text = said.getvalue()
        self._transcript.write(f"{who}$ stillwatch {' '.join(typed)}\n{'(a token, shown once)' if secret else text}\n")
        self._transcript.flush()
        if code and not fails:
            raise Error(f"forum demo: {who}: stillwatch {' '.join(typed[:3])} ended with {code}\n{text}")
        return text

    def serve(self, port: int, *words: object) -> None:
        """Run a server until the end, and wait until it answers on its port."""
        log = self.stack.enter_context((self.out / "servers.log").open("ab"))
        command = [sys.executable, "-m", "stillwatch", *map(str, words), "--port", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own command, with paths and ports of ours
        self.stack.callback(_end, process)
        _wait(port)


def _wait(port: int, seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.1)
    raise Error(f"forum demo: nothing answers on port {port} after {seconds:.0f} s; servers.log says why")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
