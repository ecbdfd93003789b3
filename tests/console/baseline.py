"""What a scanner of web applications looks at first, as ZAP's baseline does: headers, cookies, methods, forms, error pages, leaks."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx

from stillwatch.console import ROUTES, House, Role, Route
from stillwatch.core import handle

from .browser import PASSWORD, Browser
from .hostile import faults_of
from .world import account_of

__all__ = ["baseline_faults", "given", "let_in", "paths", "role_faults"]

_ASKED = (
    "content-security-policy",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "cache-control",
)
_LEAKS = re.compile(
    r"Traceback|site-packages|\.py[\"':]|sqlite|starlette|uvicorn|argon2|/tmp/|/home/|-----BEGIN|password=",
    re.IGNORECASE,
)
_TRAVERSALS = (
    "/static/..%2f..%2fhouse.py",
    "/static/%2e%2e/house.py",
    "/cases/..%2f..%2fdesk/files/journal.jsonl",
    "/%2e%2e/",
)
_METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "HEAD", "GET", "POST")


def given(case: str, name: str = "none.tar") -> dict[str, str]:
    """What stands in the paths of routes: a case, a file of it, an account, and things that are not there."""
    told = {"case": case, "name": name, "handle": handle("account", account_of(0)), "grant": "none", "seq": "1"}
    return told | {"person": "viewer", "number": "1"}


def paths(places: dict[str, str]) -> Iterator[tuple[Route, str]]:
    """Every route with a path to something that is there, or nearly."""
    for route in ROUTES:
        yield route, re.sub(r"{(\w+)}", lambda found: places[found[1]], route.path)


def let_in(browser: Browser, route: Route, path: str) -> httpx.Response:
    """The answer to a visit, with the token that a form of the session would carry."""
    if route.method == "GET":
        return browser.client.get(path)
    return browser.client.post(path, data={"csrf": browser.token})


def role_faults(house: House, places: dict[str, str]) -> tuple[int, list[str]]:
    """How often a route was tried by a role (and by nobody, and without a form's token), and where the answer was not that of the table."""
    tried, faults = 0, []
    for role in (*Role, None):
        browser = Browser(house, None if role is None else role.value)
        for route, path in paths(places):
            if route.roles is None or route.name == "log_out":
                continue
            tried += 1
            answer = let_in(browser, route, path)
            inside = answer.status_code not in (401, 403) and "/login" not in answer.headers.get("location", "")
            if inside != (role in route.roles) or answer.status_code >= 500:
                faults.append(f"{role} {route.method} {route.path}: {answer.status_code}")
            if route.method == "POST" and role in route.roles:
                tried += 1
                bare = browser.client.post(path, data={"csrf": "x"})
                if bare.status_code != 403:
                    faults.append(f"{role} {route.path} without a token: {bare.status_code}")
    return tried, faults


def baseline_faults(house: House, places: dict[str, str]) -> tuple[int, list[str]]:
    """How many answers were looked at, and what a scanner would say of them."""
    looked, faults = 0, []
    roles = (None, Role.APPROVER, Role.ADMIN)
    for role in roles:
        browser = Browser(house, None if role is None else role.value)
        for route, path in paths(places):
            if route.method != "GET" or route.name == "health":
                continue
            answer = browser.client.get(path)
            looked += 1
            faults += [f"{route.path} ({role}): {one}" for one in _page_faults(answer, route)]
    client = Browser(house, "viewer").client
    for route, path in paths(places):
        for method in _METHODS:
            meant = "GET" if method == "HEAD" else method
            if any(other.path == route.path and other.method == meant for other in ROUTES):
                continue
            looked += 1
            answer = client.request(method, path)
            if answer.status_code not in (403, 404, 405) or _LEAKS.search(answer.text):
                faults.append(f"{method} {route.path}: {answer.status_code}")
    for path in (
        *_TRAVERSALS,
        "/nothing",
        "/.git/config",
        "/.env",
        "/static/",
        "/cases/%00",
        "/server-status",
        "/robots.txt",
    ):
        looked += 1
        answer = client.get(path)
        if answer.status_code not in (303, 400, 404) or _LEAKS.search(answer.text):
            faults.append(f"GET {path}: {answer.status_code}")
        faults += [f"{path}: {one}" for one in _header_faults(answer)]
    looked += 1
    cookies = Browser(house).client.post("/login", data={"name": "viewer", "password": PASSWORD})
    for cookie in cookies.headers.get_list("set-cookie"):
        faults += [
            f"cookie lacks {word}" for word in ("HttpOnly", "SameSite", "Path=/") if word.lower() not in cookie.lower()
        ]
    looked += 1
    if client.get("/", headers={"host": "evil.example"}).status_code != 421:
        faults.append("answers to another host")
    return looked, faults


def _page_faults(answer: httpx.Response, route: Route) -> Iterator[str]:
    yield from _header_faults(answer)
    if answer.status_code >= 500:
        yield f"answers {answer.status_code}"
    if _LEAKS.search(answer.text) and route.name not in ("asset", "help"):
        yield f"leaks {_LEAKS.search(answer.text)[0]!r}"  # type: ignore[index]
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return
    if "charset=utf-8" not in answer.headers["content-type"].lower():
        yield "no character set"
    yield from faults_of(answer.text)
    for form in re.findall(r"<form[^>]*>.*?</form>", answer.text, re.DOTALL):
        if 'method="post"' in form and 'name="csrf"' not in form:
            yield "a form without a token"
    for field in re.findall(r'<input[^>]*type="password"[^>]*>', answer.text):
        if "autocomplete=" not in field:
            yield "a password field without autocomplete"


def _header_faults(answer: httpx.Response) -> Iterator[str]:
    yield from (f"no {name}" for name in _ASKED if name not in answer.headers)
    policy = answer.headers.get("content-security-policy", "")
    if "unsafe" in policy or "default-src 'none'" not in policy or "*" in policy:
        yield "a policy with holes"
    yield from (f"names its {name}" for name in ("server", "x-powered-by") if name in answer.headers)
    if "access-control-allow-origin" in answer.headers:
        yield "lets other origins read"
