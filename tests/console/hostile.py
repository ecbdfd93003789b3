"""Text that attacks whoever looks at it."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["HOSTILE", "LEAKED", "Faults", "faults_of"]

HOSTILE = (
    "\"'><script>alert(1)</script><img src=x onerror=alert(2)> javascript:alert(3) {{7*7}} {% raw %} </textarea></title>"
    "<svg onload=alert(4)> ${7*7} \x1b[31m \u202eabc\u202c --> ]]> <a href=//evil.example>click</a>"
)
"""Breaks out of attributes, elements, comments and templates, if anything lets it."""

LEAKED = 'h://"><script>alert(5):<b>x@evil.example'
"""The same as a credential of somebody else's, which opens out of quarantine."""

_OURS = ("/static/",)


class Faults(HTMLParser):
    """What a page holds that no page of ours may hold: scripts, handlers or addresses that are not ours."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        told = {name: value or "" for name, value in attrs}
        if tag == "script" and not told.get("src", "").startswith(_OURS):
            self.found.append("a script of its own")
        if tag in ("img", "link", "iframe", "object", "embed") and not told.get("src", told.get("href", "")).startswith(
            _OURS
        ):
            self.found.append(f"{tag} from elsewhere")
        self.found += [f"{tag} {name}" for name in told if name.startswith("on") or name in ("style", "srcdoc")]
        for name in ("href", "action", "formaction", "src"):
            if (name in told and not told[name].startswith(("/", "#"))) or told.get(name, "").startswith("//"):
                self.found.append(f"{tag} {name}={told[name][:40]}")


def faults_of(page: str) -> list[str]:
    """Everything in a page that is not ours."""
    parser = Faults()
    parser.feed(page)
    return parser.found
