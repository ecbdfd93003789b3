"""A small OpenID Connect provider in a thread, over real HTTP, which can be told to misbehave in one way at a time."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key

CLIENT, SECRET = "desk", "s3cret of the/client"


class IdProvider:
    """Who may log in is in `claims`; `change` alters an ID token's claims, `sign` makes the token of header and claims, `answer` alters
    what the token endpoint says, `said` the metadata, and `came` counts requests by path.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.issuer = ""
        self.claims: dict[str, Any] = {"sub": "u-1", "preferred_username": "Mary.Smith", "roles": ["desk-analysts"]}
        self.key: Key = ECKey.generate_key("P-256", {"kid": "first", "use": "sig"})
        self.change: Callable[[dict[str, Any]], None] = lambda claims: None
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.answer: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer
        self.said: dict[str, Any] = {}
        self.came: dict[str, int] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.once = True
        self.logged_out: list[dict[str, str]] = []

    def signed(self, claims: dict[str, Any], key: Key | None = None, **header: Any) -> str:
        """A token, signed by this provider's key unless another is given."""
        by = key or self.key
        token: str = jwt.encode({"alg": "ES256", "kid": by.kid, **header}, claims, by, algorithms=["ES256", "HS256"])
        return token

    def way_back(self, address: str) -> str:
        """What a person's browser is sent to after they logged in at the address of the authorization endpoint."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return asked["redirect_uri"] + "?" + urlencode({"code": code, "state": asked["state"], "iss": self.issuer})

    def metadata(self) -> dict[str, Any]:
        """What discovery says."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "jwks_uri": self.issuer + "/keys",
            "end_session_endpoint": self.issuer + "/logout",
            "id_token_signing_alg_values_supported": ["ES256", "none", "HS256"],
            "authorization_response_iss_parameter_supported": True,
            **self.said,
        }

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The token endpoint: a code is good once, for who knows the secret and the verifier."""
        asked = self.codes.pop(form["code"], None) if self.once else self.codes.get(form["code"])
        quoted = urlencode({"": SECRET})[1:]
        known = authorization == "Basic " + base64.b64encode(f"{CLIENT}:{quoted}".encode()).decode()
        if asked is None or not known or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(self.clock())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
        }
        self.change(claims)
        return 200, self.answer({"access_token": "x", "token_type": "Bearer", "id_token": self.sign(claims)})

    def asked(self, path: str) -> tuple[int, dict[str, Any]]:
        """What a GET answers."""
        self.came[path] = self.came.get(path, 0) + 1
        if path == "/.well-known/openid-configuration":
            return 200, self.metadata()
        if path == "/keys":
            return 200, {"keys": [{"kty": "odd"}, self.key.as_dict(private=False)]}
        return 404, {}


@contextmanager
def serving(clock: Callable[[], float]) -> Iterator[IdProvider]:
    """A provider on a port of this machine."""
    provider = IdProvider(clock)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(*provider.asked(urlsplit(self.path).path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._say(*provider.token(form, self.headers.get("authorization", "")))

        def _say(self, status: int, told: dict[str, Any]) -> None:
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
