"""A log-in provider (OpenID Connect Core 1.0): where it is asked, what it answered, and which of it is believed.

Its metadata (OpenID Connect Discovery 1.0) and keys are fetched when they are first needed and again when they are old; a token signed by
a key that is not known makes the keys be fetched anew, once a minute at most. No redirect is followed, no answer is read beyond a bound,
and every address has to be HTTPS, or on this machine. An ID token is believed when an algorithm with a public key signed it, the issuer is
ours, it is for us, and it answers this very log-in (nonce).
"""

from __future__ import annotations

import contextlib
import hmac
import json
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from stillwatch.console.roles import Role
from stillwatch.console.settings import BACK, ProviderSettings, secret_in, secure_address
from stillwatch.core import Error

__all__ = ["Provider", "ProviderFault", "Vouched"]

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures with a public key. `none` and those with a shared secret are not among them, whatever a token or the provider says."""

_MOST_BYTES = 512 * 1024
_FRESH = 3600.0
"""Seconds for which metadata and keys are believed."""
_AGAIN = 60.0
"""Seconds between two fetches of keys that strange tokens may cause."""


class ProviderFault(Error):
    """The provider, or what came in its name, is not as it has to be; said to an operator in the log, never to who came."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vouched:
    """Whom the provider vouches for: an id that is this person's for good, the name and role that its claims give, and the token."""

    subject: str
    name: str
    role: Role | None
    token: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """What was fetched of the provider, and when."""

    at: float
    metadata: Mapping[str, Any]
    keys: tuple[Key, ...]
    keys_at: float


class Provider:
    """One provider.

    Args:
        settings: who it is, and what its claims mean.
        clock: seconds since 1970.
    """

    def __init__(self, settings: ProviderSettings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self._clock = clock
        self._secret = secret_in(settings.secret_file, "provider.secret_file") if settings.secret_file else ""
        self._client = httpx.Client(timeout=settings.timeout, follow_redirects=False)
        self._lock = threading.Lock()
        self._found: _Found | None = None

    @property
    def back(self) -> str:
        """Where it sends people back to."""
        return self.settings.address + BACK

    def way(self, *, state: str, nonce: str, challenge: str) -> str:
        """The address at which a person logs in there (authorization code with PKCE, S256)."""
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.back,
            "scope": self.settings.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return _with(self._address("authorization_endpoint"), asked)

    def way_out(self, hint: str, state: str) -> str | None:
        """The address at which a person's session there ends (RP-initiated logout), where the provider has one."""
        if "end_session_endpoint" not in self._fetched().metadata:
            return None
        asked = {
            "id_token_hint": hint,
            "client_id": self.settings.client_id,
            "post_logout_redirect_uri": self.settings.address + "/login",
            "state": state,
        }
        return _with(self._address("end_session_endpoint"), asked)

    def check_sender(self, issuer: str | None) -> None:
        """Whether who sent a person back says that it is this provider (RFC 9207); one that promises to say so has to.

        Raises:
            ProviderFault: when it is another one, or does not say.
        """
        promised = self._fetched().metadata.get("authorization_response_iss_parameter_supported") is True
        if issuer is None and not promised:
            return
        if issuer != self.settings.issuer:
            raise ProviderFault("the answer came from another issuer than the one that was asked")

    def vouched(self, code: str, *, verifier: str, nonce: str) -> Vouched:
        """Whom a code is for: it is exchanged for an ID token, which is checked.

        Raises:
            ProviderFault: when the provider refuses it, or the token is not to be believed.
        """
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.back, "code_verifier": verifier}
        auth = None
        methods = self._fetched().metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if not self._secret:
            form["client_id"] = self.settings.client_id
        elif "client_secret_basic" in methods:
            auth = httpx.BasicAuth(_form(self.settings.client_id), _form(self._secret))
        else:
            form |= {"client_id": self.settings.client_id, "client_secret": self._secret}
        told = self._asked("POST", self._address("token_endpoint"), data=form, auth=auth)
        token = told.get("id_token")
        if not isinstance(token, str):
            raise ProviderFault("the token endpoint gave no ID token")
        claims = self.believed(token, nonce)
        name, roles = _within(claims, self.settings.name_claim), _within(claims, self.settings.role_claim)
        held = {roles} if isinstance(roles, str) else {one for one in roles or () if isinstance(one, str)}
        return Vouched(
            subject=f"{self.settings.issuer}\n{claims['sub']}",
            name=name.strip().lower() if isinstance(name, str) else "",
            role=next((role for value, role in self.settings.roles.items() if value in held), None),
            token=token,
        )

    def believed(self, token: str, nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token (OpenID Connect Core 3.1.3.7).

        Raises:
            ProviderFault: when anything about it is not as it has to be.
        """
        claims = self._signed(token)
        now, skew = self._clock(), self.settings.skew
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience
        if claims.get("iss") != self.settings.issuer:
            raise ProviderFault("an ID token of another issuer")
        if not isinstance(audiences, list) or self.settings.client_id not in audiences:
            raise ProviderFault("an ID token for somebody else")
        if claims.get("azp", self.settings.client_id) != self.settings.client_id:
            raise ProviderFault("an ID token that was given to another client")
        if len(audiences) > 1 and "azp" not in claims:
            raise ProviderFault("an ID token for several, which does not say to whom it was given")
        times = {name: claims.get(name) for name in ("exp", "iat", "nbf")}
        wrong = [one for one in times.values() if one is not None and not _is_time(one)]
        if wrong or times["exp"] is None or times["iat"] is None:
            raise ProviderFault("an ID token without its times")
        if now > times["exp"] + skew:
            raise ProviderFault("an ID token that is over")
        if now < max(times["iat"], times["nbf"] or 0) - skew:
            raise ProviderFault("an ID token of the future; look at both clocks")
        if not (isinstance(claims.get("nonce"), str) and hmac.compare_digest(claims["nonce"].encode(), nonce.encode())):
            raise ProviderFault("an ID token of another log-in")
        if not (isinstance(claims.get("sub"), str) and 0 < len(claims["sub"]) <= 255):
            raise ProviderFault("an ID token about nobody")
        return claims

    def _signed(self, token: str) -> dict[str, Any]:
        """The claims of a token that one of the provider's keys signed."""
        header = _header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        promised = self._fetched().metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        if algorithm not in ALGORITHMS or algorithm not in promised:
            raise ProviderFault("an ID token signed by an algorithm that is not taken")
        for anew in (False, True):
            for key in self._fetched(anew=anew).keys:
                if (kid is not None and key.kid != kid) or key.get("use", "sig") != "sig":
                    continue
                try:
                    claims: dict[str, Any] = jwt.decode(token, key, algorithms=[algorithm]).claims
                except (JoseError, ValueError, TypeError):
                    continue
                return claims
        raise ProviderFault("an ID token that none of the provider's keys signed")

    def _fetched(self, *, anew: bool = False) -> _Found:
        """Metadata and keys, fetched where they are old; with `anew` the keys where they are not of this minute."""
        with self._lock:
            now, found = self._clock(), self._found
            if found is None or now - found.at > _FRESH:
                issuer = self.settings.issuer
                metadata = self._asked("GET", issuer.rstrip("/") + "/.well-known/openid-configuration")
                if metadata.get("issuer") != issuer:
                    raise ProviderFault("the metadata is of another issuer")
                found = _Found(at=now, metadata=metadata, keys=self._keys(metadata), keys_at=now)
            elif anew and now - found.keys_at > _AGAIN:
                found = _Found(at=found.at, metadata=found.metadata, keys=self._keys(found.metadata), keys_at=now)
            self._found = found
            return found

    def _keys(self, metadata: Mapping[str, Any]) -> tuple[Key, ...]:
        """The public keys at the provider; one that this version cannot read signs nothing here."""
        told, keys = self._asked("GET", _secure(metadata, "jwks_uri")).get("keys"), []
        for one in told if isinstance(told, list) else ():
            if isinstance(one, dict) and one.get("kty") in ("RSA", "EC", "OKP"):
                with contextlib.suppress(JoseError, ValueError, TypeError, KeyError):
                    keys.append(import_key(one))
        return tuple(keys)

    def _address(self, name: str) -> str:
        return _secure(self._fetched().metadata, name)

    def _asked(self, method: str, address: str, **sent: Any) -> dict[str, Any]:
        """The JSON object at an address."""
        try:
            with self._client.stream(method, address, headers={"accept": "application/json"}, **sent) as answer:
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > _MOST_BYTES:
                        raise ProviderFault("the provider's answer is too long")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderFault(f"the provider cannot be asked: {type(error).__name__}") from error
        if answer.status_code != 200:
            raise ProviderFault(f"the provider answered {answer.status_code}")
        try:
            told = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ProviderFault("the provider's answer is no JSON") from error
        if not isinstance(told, dict):
            raise ProviderFault("the provider's answer is no JSON object")
        return told


def _secure(metadata: Mapping[str, Any], name: str) -> str:
    address = metadata.get(name)
    if not (isinstance(address, str) and secure_address(address)):
        raise ProviderFault(f"the metadata's {name} is no https:// address")
    return address


def _with(address: str, asked: Mapping[str, str]) -> str:
    return address + ("&" if "?" in address else "?") + urlencode(asked)


def _form(text: str) -> str:
    """A client's id or secret as it stands in a Basic header (RFC 6749, 2.3.1)."""
    return urlencode({"": text})[1:]


def _header(token: str) -> dict[str, Any]:
    head = token.partition(".")[0]
    try:
        told = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError) as error:
        raise ProviderFault("no ID token at all") from error
    if not isinstance(told, dict):
        raise ProviderFault("no ID token at all")
    return told


def _within(claims: Mapping[str, Any], path: str) -> Any:
    """A claim, or one within a claim; one that has dots in its name is found as well."""
    if path in claims:
        return claims[path]
    told: Any = claims
    for name in path.split("."):
        told = told.get(name) if isinstance(told, dict) else None
    return told


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
