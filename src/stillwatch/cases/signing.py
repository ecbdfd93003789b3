"""Ed25519 keys (RFC 8032): who vouches for a journal's end and for a sealed file, in the PEM that every tool reads.

A key is named by the SHA-256 of its 32 public bytes. The collector is the installation itself: its key lies in `keys/collector.pem`,
readable by its owner alone. A reviewer's key is a person's and lies wherever that person keeps it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from stillwatch.core.errors import CaseError
from stillwatch.engine import Workspace, durable_create

__all__ = [
    "Collector",
    "PublicKey",
    "Signer",
    "collector",
    "make_key",
    "make_private",
    "next_path",
    "public_half",
    "read_public",
    "read_signer",
    "retired",
    "retired_folder",
    "vouching",
]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What anybody may have of a key: it tells whether a signature is that key's."""

    raw: bytes

    @property
    def id(self) -> str:
        """SHA-256 of the public bytes, in hex."""
        return hashlib.sha256(self.raw).hexdigest()

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's under exactly this message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> bytes:
        """The key as a PEM file (SubjectPublicKeyInfo)."""
        return Ed25519PublicKey.from_public_bytes(self.raw).public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )


class Signer:
    """A private key at work."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public = PublicKey(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def public(self) -> PublicKey:
        """The half that anybody may have."""
        return self._public

    def vouching(self) -> tuple[PublicKey, ...]:
        """The keys under one of which the journal's head is: this one, and its successor while it is being replaced."""
        return (self.public,)

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes that only this key can make of this message; always the same."""
        return self._key.sign(message)


class Collector(Signer):
    """The installation's own key at work: where another process replaces it, the new one is used from then on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._look()
        super().__init__(read_signer(path)._key)

    def _look(self) -> tuple[int, int]:
        told = self._path.stat()
        return told.st_ino, told.st_mtime_ns

    def _fresh(self) -> None:
        if (stamp := self._look()) != self._stamp:
            super().__init__(read_signer(self._path)._key)
            self._stamp = stamp

    @property
    def public(self) -> PublicKey:
        """The public half of the key in use."""
        self._fresh()
        return self._public

    def sign(self, message: bytes) -> bytes:
        """Sign by the key in use."""
        self._fresh()
        return super().sign(message)

    def vouching(self) -> tuple[PublicKey, ...]:
        """The key in use, and its successor while it is being replaced."""
        return vouching(self._path.parent)


def vouching(keys: Path) -> tuple[PublicKey, ...]:
    """The public keys under one of which a journal's head is, out of a folder of keys: more than one only while it is replaced.

    Private halves that may not be read are passed over: the public one is enough but for a replacement that was cut off.

    Raises:
        CaseError, FileNotFoundError: when the installation's public key is not there, or is none.
    """
    current = keys / "collector.pem"
    halves: list[PublicKey] = []
    # The successor first: of a replacement that ends in between it is the other.
    for path in (next_path(keys), current):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            halves.append(read_signer(path).public)
    return tuple(dict.fromkeys((read_public(public_half(current)), *halves)))


def retired(keys: Path) -> tuple[PublicKey, ...]:
    """Public halves of keys that were in use before, out of an installation's folder of keys."""
    return tuple(read_public(path) for path in sorted(retired_folder(keys).glob("*.pub.pem")))


def retired_folder(keys: Path) -> Path:
    """Where what is left of retired keys is kept."""
    return keys / "retired"


def next_path(keys: Path) -> Path:
    """Where the successor of the key in use lies while it is being replaced."""
    return keys / "collector.next.pem"


def make_private(path: Path) -> None:
    """Make the private half of a key, readable by its owner alone.

    Raises:
        FileExistsError: when something is there.
    """
    key = Ed25519PrivateKey.generate()
    durable_create(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)


def make_key(path: Path) -> PublicKey:
    """Make a key: the private half at `path`, readable by its owner alone, the public half beside it as `<name>.pub.pem`.

    Raises:
        CaseError: when something is there already; a key that is written over can sign nothing any more.
    """
    beside = public_half(path)
    if beside.exists():
        raise CaseError(f"{beside}: is there already; name another file")
    try:
        make_private(path)
    except FileExistsError as error:
        raise CaseError(f"{path}: is there already; name another file") from error
    public = read_signer(path).public
    try:
        durable_create(beside, public.pem())
    except FileExistsError as error:
        path.unlink()
        raise CaseError(f"{beside}: is there already; name another file") from error
    return public


def read_signer(path: Path) -> Signer:
    """The private key in a PEM file.

    Raises:
        CaseError: when the file holds no unencrypted Ed25519 private key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CaseError(f"{path}: expected an Ed25519 private key as unencrypted PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CaseError(f"{path}: got another kind of key, expected Ed25519")
    return Signer(key)


def read_public(path: Path) -> PublicKey:
    """The public key in a PEM file.

    Raises:
        CaseError: when the file holds no Ed25519 public key.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CaseError(f"{path}: expected an Ed25519 public key as PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise CaseError(f"{path}: got another kind of key, expected Ed25519")
    return PublicKey(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def collector(workspace: Workspace) -> Signer:
    """The installation's own key, made when it is first asked for; of several at once, all get the one that is kept.

    Raises:
        CaseError: when only the public half is left: a new key would vouch for nothing that was signed before.
    """
    path = workspace.root / "keys" / "collector.pem"
    if not (path.exists() and public_half(path).exists()):
        with path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _complete(path)
    return Collector(path)


def _complete(path: Path) -> None:
    """Make what is missing of the installation's key, alone at it: both halves, or the public one after a crash between them."""
    beside = public_half(path)
    if not path.exists():
        if beside.exists():
            raise CaseError(f"{path}: is gone, and {beside.name} says that it was there; put it back")
        make_key(path)
    elif not beside.exists():
        durable_create(beside, read_signer(path).public.pem())


def public_half(path: Path) -> Path:
    """Where the public half of a key lies: beside the private one."""
    return path.with_name(f"{path.stem}.pub.pem")
