"""R12. So much a day and no more: a flood hides poison, and a list of everything is a customer list by another name."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal

__all__ = ["RULE"]


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """The batch and the day stay within their quotas."""
    if len(batch) > setting.most_a_batch:
        yield refusal(
            "R12",
            None,
            "",
            f"{len(batch)} objects at once, at most {setting.most_a_batch}",
            "Send it in several batches",
        )
    if setting.passed_today + len(batch) > setting.most_a_day:
        yield refusal(
            "R12",
            None,
            "",
            f"more than {setting.most_a_day} objects in one day",
            "Go on tomorrow, or have the quota raised in the open",
        )


RULE = Rule(code="R12", title="Quotas", check=check)
