"""What a worker logs: one JSON object a line, of known fields alone, so that no prompt and no key can slip in."""

from __future__ import annotations

import json
import logging
import time
from typing import TextIO

__all__ = ["FactsOnly", "Seldom", "log_to"]

_FIELDS = ("way", "stage", "status", "dialect", "step", "rule", "account")


class Seldom:
    """Lets one line through in so many seconds: what fails for every request must not fill the disk too. Counters count them all."""

    __slots__ = ("_next", "_seconds")

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._next = 0.0

    def due(self) -> bool:
        """Whether this one may be logged."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


class FactsOnly(logging.Formatter):
    """Level, logger, message and chosen fields; of an error its kind and the place where it was raised, not what it says."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        told: dict[str, object] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told.update({name: getattr(record, name) for name in _FIELDS if hasattr(record, name)})
        if record.exc_info and record.exc_info[0] is not None:
            told["error"] = record.exc_info[0].__name__
            trace = record.exc_info[2]
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            if trace is not None:
                told["raised_at"] = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        return json.dumps(told, ensure_ascii=False)


def log_to(stream: TextIO, level: int = logging.INFO) -> None:
    """Send what this process logs to a stream. uvicorn says little of its own below a warning."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(FactsOnly())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
