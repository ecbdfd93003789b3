"""The same indicators in the forms of other tools, with a report of what each cannot hold."""

from __future__ import annotations
