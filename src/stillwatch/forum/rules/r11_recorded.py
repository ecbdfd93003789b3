"""R11. Nothing passes that is not recorded: every read, write, match, refusal and override."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal

__all__ = ["RULE"]


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """A log stands behind this exchange, and overrides are of rules that can be overridden."""
    if not setting.recorded:
        yield refusal(
            "R11",
            None,
            "",
            "no log records what happens here",
            "Name the journal or the log before anything is sent or read",
        )


RULE = Rule(code="R11", title="Everything recorded", check=check)
