"""The lanes beside the peers': a vulnerability under embargo, and a package for a government. Nothing leaves by legal hold."""

from __future__ import annotations
