"""STIX 2.1 as we write it: plain objects with ids that follow from their content, in one canonical form."""

from __future__ import annotations
