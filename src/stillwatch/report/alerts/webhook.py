"""What a webhook says and how it is signed, after the Standard Webhooks specification 1.0.0.

Symmetric signatures (`v1`, HMAC-SHA256 under a `whsec_` secret): an endpoint has its own secret, and two while one replaces the other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from stillwatch.core.errors import Error
from stillwatch.report.alerts.alert import Alert

__all__ = ["new_secret", "signed_headers", "webhook_body"]

_PREFIX = "whsec_"
_LEAST, _MOST = 24, 64


def new_secret() -> str:
    """A fresh secret as both ends write it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def webhook_body(alert: Alert, data: dict[str, Any]) -> bytes:
    """The payload: type, time of what happened, and the data in the form that the endpoint asked for."""
    told = {"type": f"stillwatch.{alert.kind}", "timestamp": alert.at.isoformat().replace("+00:00", "Z"), "data": data}
    return msgspec.json.encode(told)


def signed_headers(given: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt, with a signature by each secret.

    >>> signed_headers(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
    ...                b'{"test": 2432232314}')["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

    Raises:
        Error: when a secret is not one, without saying it.
    """
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.new(_key(secret), content, hashlib.sha256).digest()).decode() for secret in given
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _LEAST <= len(key) <= _MOST:
        raise Error(
            f"a webhook's secret: expected {_PREFIX} and {_LEAST} to {_MOST} bytes in base 64; make one with stillwatch alerts secret"
        )
    return key
