"""Studies: each builds worlds, lets detectors look at them blind, holds what they say against the truth, and gives a `Result`."""

from __future__ import annotations
