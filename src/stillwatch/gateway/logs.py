"""What a worker logs: one JSON object a line, of known fields alone, so that no prompt and no key can slip in."""

from __future__ import annotations

import json
import logging
import time
from typing import TextIO

__all__ = ["FactsOnly", "log_to"]

_FIELDS = ("way", "stage", "status", "dialect", "step", "rule", "account")


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
