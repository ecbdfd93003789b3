"""What docs/adapters.md shows is what the service speaks."""

from __future__ import annotations

import json
import re

from stillwatch.cli import app
from stillwatch.gateway.adapters.tongues import tongue_of

from .snippets import PAGE, snippet


def test_every_address_that_the_settings_name_is_spoken() -> None:
    paths = re.findall(r"http://127\.0\.0\.1:8081(/\w+)", PAGE)
    assert sorted(paths) == ["/kong", "/portkey"]
    assert all(tongue_of(path) for path in paths)
    assert "path_prefix: /envoy\n" in snippet("envoy")


def test_every_option_that_the_page_names_exists() -> None:
    commands = [app["gateway"][name] for name in ("webhook", "sync")]
    known = {option for command in commands for option in _options(command)}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert named <= known, named - known


def _options(command: object) -> set[str]:
    found = command.assemble_argument_collection()  # type: ignore[attr-defined]
    return {name for argument in found for name in argument.names}


def test_portkey_s_settings_are_json() -> None:
    (hook,) = json.loads(snippet("portkey"))["before_request_hooks"]
    assert hook["deny"] is True
