# ruff: noqa: E501 - texts stand on one line each
"""Answers that customers paste into their prompts: a support assistant's replies, and a weaker model's answers to be graded."""

from __future__ import annotations

import numpy as np

__all__ = ["student_answers", "support_answers"]

_OPEN = (
    "Thank you for writing to {c}.",
    "Hello, and sorry for the trouble.",
    "Thanks for your message!",
    "I am happy to help.",
    "Good question.",
)
_MIDDLE = (
    "Your card is usually there within {n} working days.", "You can change this in the app under Settings, then Profile.",
    "A transfer to another bank takes up to {n} hours.", "I can see that the payment is still pending.", "The fee is {n} per cent and is shown before you confirm.",
    "Please freeze the card in the app first.", "We only need a photo of your document and a short video.", "The limit is {n}00 a day and can be raised once.",
    "This depends on the shop; it can take until Friday.", "Top-ups by cheque take {n} working days.", "The exchange rate is that of the day of payment.",
)  # fmt: skip
_CLOSE = (
    "Is there anything else?",
    "I have passed this to an agent.",
    "Let me know if it is still not there then.",
    "Have a nice day!",
    "",
)


def support_answers(rng: np.random.Generator, size: int, company: str) -> list[str]:
    """`size` replies of a company's support assistant, put together from parts."""
    out = []
    for a, b, c, d, n in rng.integers(0, 1 << 30, (size, 5)).tolist():
        middle = (
            f"{_MIDDLE[b % len(_MIDDLE)]} {_MIDDLE[c % len(_MIDDLE)]}" if (b // 7) % 3 else _MIDDLE[b % len(_MIDDLE)]
        )
        out.append(
            f"{_OPEN[a % len(_OPEN)]} {middle} {_CLOSE[d % len(_CLOSE)]}".replace("{c}", company)
            .replace("{n}", str(1 + n % 9))
            .strip()
        )
    return out


def student_answers(rng: np.random.Generator, answers: list[str]) -> list[str]:
    """Answers as a model in training would give them: cut short, with numbers changed, or with filler around them."""
    out = []
    for text, (b, c) in zip(answers, rng.integers(0, 1 << 30, (len(answers), 2)).tolist(), strict=True):
        if b % 3 == 0:
            out.append(text[: max(60, len(text) * 2 // 3)])
        elif b % 3 == 1:
            out.append(
                "".join(
                    chr(48 + (ord(ch) - 48 + c) % 10) if "0" <= ch <= "9" and k % 3 == 0 else ch
                    for k, ch in enumerate(text)
                )
            )
        else:
            out.append(f"Sure! Here is the answer. {text} I hope this helps.")
    return out
