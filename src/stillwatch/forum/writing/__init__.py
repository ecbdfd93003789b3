"""A case as STIX objects, in versions that go forward."""

from __future__ import annotations
