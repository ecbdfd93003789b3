"""Who may do what: every route of the console beside the roles that may take it, as one table.

A route that does not stand here does not exist: the application is built from this table, and the tests walk it for every role. A person
has one role. Nobody's role holds everything: who manages accounts decides no case, who audits changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ROUTES", "Role", "Route", "may", "route"]


class Role(StrEnum):
    """viewer reads findings; analyst looks closer, labels and decides; approver is the second hand; auditor reads everything that was
    done and nothing that customers wrote; admin manages log-ins.
    """

    VIEWER = "viewer"
    ANALYST = "analyst"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


_EVERYBODY = frozenset(Role)
_LOOKS = _EVERYBODY - {Role.ADMIN}
"""Who sees findings and cases. An admin manages log-ins and has no business with customers."""
_DECIDES = frozenset({Role.ANALYST, Role.APPROVER})
_CLOSER = _DECIDES | {Role.AUDITOR}
_SECOND = frozenset({Role.APPROVER})
_ADMIN = frozenset({Role.ADMIN})
_PUBLIC = None
"""Open without log-in."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way into the console: its name, method and path, and the roles that may take it (`None`: nobody has to log in).

    A `heavy` one reads large tables: few are taken at once. A `first` one may be taken with a password that somebody else chose.
    """

    name: str
    method: str
    path: str
    roles: frozenset[Role] | None
    heavy: bool = False
    first: bool = False


ROUTES: tuple[Route, ...] = (
    Route("health", "GET", "/health", _PUBLIC),
    Route("asset", "GET", "/static/{name}", _PUBLIC),
    Route("log_in", "GET", "/login", _PUBLIC),
    Route("log_in_now", "POST", "/login", _PUBLIC),
    Route("go_to_provider", "GET", "/login/provider", _PUBLIC),
    Route("come_back", "GET", "/login/back", _PUBLIC),
    Route("log_out", "POST", "/logout", _EVERYBODY, first=True),
    Route("me", "GET", "/me", _EVERYBODY, first=True),
    Route("change_password", "POST", "/me/password", _EVERYBODY, first=True),
    Route("set_theme", "POST", "/me/theme", _EVERYBODY),
    Route("help", "GET", "/help", _EVERYBODY),
    Route("home", "GET", "/", _EVERYBODY),
    Route("findings", "GET", "/findings", _LOOKS),
    Route("actor", "GET", "/actors/{handle}", _LOOKS),
    Route("account", "GET", "/accounts/{handle}", _LOOKS),
    Route("exchanges", "GET", "/accounts/{handle}/exchanges", _CLOSER, heavy=True),
    Route("open_prompts", "POST", "/accounts/{handle}/exchanges", _DECIDES),
    Route("opened", "GET", "/opened/{grant}", _DECIDES, heavy=True),
    Route("label", "POST", "/labels", _DECIDES),
    Route("leave", "POST", "/pauses", _DECIDES),
    Route("lift", "POST", "/pauses/lift", _DECIDES),
    Route("said", "GET", "/said", _LOOKS),
    Route("purposes", "GET", "/purposes", _LOOKS),
    Route("declare_purpose", "POST", "/purposes", _DECIDES),
    Route("approve_purpose", "POST", "/purposes/approve", _SECOND),
    Route("end_purpose", "POST", "/purposes/end", _DECIDES),
    Route("sample", "GET", "/sample", _LOOKS),
    Route("draw_sample", "POST", "/sample", _DECIDES, heavy=True),
    Route("cases", "GET", "/cases", _LOOKS),
    Route("open_case", "POST", "/cases", _DECIDES),
    Route("case", "GET", "/cases/{case}", _LOOKS),
    Route("decide", "POST", "/cases/{case}/decide", _DECIDES),
    Route("approve", "POST", "/cases/{case}/approve", _SECOND),
    Route("reopen", "POST", "/cases/{case}/reopen", _DECIDES),
    Route("state", "POST", "/cases/{case}/statements", _DECIDES),
    Route("claim", "POST", "/cases/{case}/claims", _DECIDES),
    Route("merge", "POST", "/cases/{case}/merge", _DECIDES),
    Route("split", "POST", "/cases/{case}/split", _DECIDES),
    Route("add_exhibit", "POST", "/cases/{case}/exhibits", _DECIDES),
    Route("revoke_exhibit", "POST", "/cases/{case}/exhibits/revoke", _SECOND),
    Route("follow", "POST", "/cases/{case}/proposals/{seq}", _DECIDES),
    Route("undo", "POST", "/cases/{case}/undo/{seq}", _DECIDES),
    Route("seal", "POST", "/cases/{case}/seal", _DECIDES),
    Route("sealed", "GET", "/cases/{case}/files/{name}", _LOOKS),
    Route("ask_export", "POST", "/cases/{case}/exports", _DECIDES),
    Route("let_go", "POST", "/cases/{case}/exports/{seq}", _SECOND),
    Route("print_case", "POST", "/cases/{case}/report", _DECIDES, heavy=True),
    Route("bystanders", "GET", "/cases/{case}/bystanders", _CLOSER),
    Route("find_bystanders", "POST", "/cases/{case}/bystanders", _DECIDES, heavy=True),
    Route("bystander", "GET", "/cases/{case}/bystanders/{number}", _CLOSER),
    Route("open_bystander", "POST", "/cases/{case}/bystanders/{number}", _DECIDES, heavy=True),
    Route("tell_bystander", "POST", "/cases/{case}/bystanders/{number}/told", _DECIDES),
    Route("calibration", "GET", "/calibration", _LOOKS),
    Route("search", "GET", "/search", _LOOKS),
    Route("find_template", "POST", "/search/template", _DECIDES, heavy=True),
    Route("find_name", "POST", "/search/name", _DECIDES),
    Route("sql", "GET", "/sql", _CLOSER),
    Route("run_sql", "POST", "/sql", _CLOSER, heavy=True),
    Route("expand", "GET", "/expand", _DECIDES),
    Route("run_expand", "POST", "/expand", _DECIDES, heavy=True),
    Route("replay", "GET", "/replay", _LOOKS),
    Route("play", "POST", "/replay", _LOOKS, heavy=True),
    Route("inbox", "GET", "/inbox", _LOOKS),
    Route("look_with", "POST", "/inbox", _LOOKS, heavy=True),
    Route("journal", "GET", "/journal", frozenset({Role.AUDITOR, Role.APPROVER})),
    Route("webhooks", "GET", "/webhooks", _ADMIN),
    Route("add_webhook", "POST", "/webhooks", _ADMIN),
    Route("test_webhook", "POST", "/webhooks/{name}/test", _ADMIN, heavy=True),
    Route("again_webhook", "POST", "/webhooks/{name}/again", _ADMIN),
    Route("webhook_secret", "POST", "/webhooks/{name}/secret", _ADMIN),
    Route("remove_webhook", "POST", "/webhooks/{name}/remove", _ADMIN),
    Route("people", "GET", "/people", _ADMIN | {Role.AUDITOR}),
    Route("add_person", "POST", "/people", _ADMIN),
    Route("change_person", "POST", "/people/{person}", _ADMIN),
)

_BY_NAME = {one.name: one for one in ROUTES}


def route(name: str) -> Route:
    """The route of a name."""
    return _BY_NAME[name]


def may(role: Role, name: str) -> bool:
    """Whether a role may take a route: pages ask before they show a way that would be refused.

    >>> may(Role.VIEWER, "decide"), may(Role.ANALYST, "decide"), may(Role.ANALYST, "approve")
    (False, True, False)
    """
    roles = _BY_NAME[name].roles
    return roles is None or role in roles
