"""The console: the pages on which analysts look at findings and decide cases."""

from __future__ import annotations

from stillwatch.console.app import build, serve
from stillwatch.console.house import House
from stillwatch.console.people import LEAST_LETTERS, PersonRefused
from stillwatch.console.roles import ROUTES, Role, Route, may

__all__ = ["LEAST_LETTERS", "ROUTES", "House", "PersonRefused", "Role", "Route", "build", "may", "serve"]
