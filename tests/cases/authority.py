"""A time-stamping authority made with OpenSSL: a root, an authority under it, and one under another root."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["Authority"]

_CONFIG = """\
[tsa]
default_tsa = it
[it]
dir = {folder}
serial = $dir/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.5
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_alg = sha256
[ext]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = {usage}
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
"""


class Authority:
    """An authority in a folder; `root` is what whoever verifies is given."""

    def __init__(self, folder: Path, *, usage: str = "critical,timeStamping", days: str = "30") -> None:
        if shutil.which("openssl") is None:
            pytest.skip("OpenSSL is not installed: apt-get install openssl")
        folder.mkdir(parents=True)
        self.folder, self.root = folder, folder / "root.pem"
        (folder / "conf").write_text(_CONFIG.format(folder=folder, usage=usage))
        (folder / "serial").write_text("01\n")
        new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256", "-config", "/dev/null")
        ca = ("-x509", "-subj", "/CN=root", "-days", "3650", "-extensions", "ca", "-config", str(folder / "conf.req"))
        (folder / "conf.req").write_text("[req]\ndistinguished_name = dn\n[dn]\n" + (folder / "conf").read_text())
        self._run("req", *new[:-2], *ca, "-keyout", "root.key", "-out", "root.pem")
        self._run(
            *("req", *new[:-2], "-config", str(folder / "conf.req")),
            *("-subj", "/CN=authority", "-keyout", "its.key", "-out", "its.csr"),
        )
        self._run(
            *("x509", "-req", "-in", "its.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "7"),
            *("-days", days, "-sha256", "-extfile", "conf", "-extensions", "ext", "-out", "its.pem"),
        )

    def __call__(self, request: bytes, *more: str) -> bytes:
        """What it answers."""
        (self.folder / "asked").write_bytes(request)
        self._run(
            *("ts", "-reply", "-config", "conf", "-section", "it", "-queryfile", "asked", "-signer", "its.pem"),
            *("-inkey", "its.key", "-out", "answer", *more),
        )
        return (self.folder / "answer").read_bytes()

    def _run(self, *command: str) -> None:
        done = subprocess.run(["openssl", *command], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
