"""The gateway: the policy carried out in front of a model API, without breaking a stream.

What needs a server is imported by name from its module; the rest of Stillwatch runs without the extra `gateway`.
"""

from __future__ import annotations

from stillwatch.gateway.hiding import StreamHider, hidden
from stillwatch.gateway.options import Fail, Options

__all__ = ["Fail", "Options", "StreamHider", "hidden"]
