"""Writers of the three log formats, and of the two files of facts beside them."""

from __future__ import annotations

from stillwatch.range.logs.write import write_logs

__all__ = ["write_logs"]
