"""The sharing rules as code, one file a rule: each with a code that a program can name, a message, and what to do about it."""

from __future__ import annotations
