"""Ed25519 keys (RFC 8032): who vouches for a journal's end and for a sealed file, in the PEM that every tool reads.

A key is named by the SHA-256 of its 32 public bytes. The collector is the installation itself: its key lies in `keys/collector.pem`,
readable by its owner alone. A reviewer's key is a person's and lies wherever that person keeps it.
"""

from __future__ import annotations

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

__all__ = ["PublicKey", "Signer", "collector", "make_key", "read_public", "read_signer"]


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
        self.public = PublicKey(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes that only this key can make of this message; always the same."""
        return self._key.sign(message)


def make_key(path: Path) -> PublicKey:
    """Make a key: the private half at `path`, readable by its owner alone, the public half beside it as `<name>.pub.pem`.

    Raises:
        CaseError: when something is there already; a key that is written over can sign nothing any more.
    """
    beside = _public_half(path)
    if beside.exists():
        raise CaseError(f"{beside}: is there already; name another file")
    key = Ed25519PrivateKey.generate()
    public = Signer(key).public
    try:
        durable_create(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)
    except FileExistsError as error:
        raise CaseError(f"{path}: is there already; name another file") from error
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
    if not (path.exists() and _public_half(path).exists()):
        with path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _complete(path)
    return read_signer(path)


def _complete(path: Path) -> None:
    """Make what is missing of the installation's key, alone at it: both halves, or the public one after a crash between them."""
    beside = _public_half(path)
    if not path.exists():
        if beside.exists():
            raise CaseError(f"{path}: is gone, and {beside.name} says that it was there; put it back")
        make_key(path)
    elif not beside.exists():
        durable_create(beside, read_signer(path).public.pem())


def _public_half(path: Path) -> Path:
    return path.with_name(f"{path.stem}.pub.pem")
