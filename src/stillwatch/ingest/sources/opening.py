"""Which source an address means."""

from __future__ import annotations

from importlib import import_module
from urllib.parse import urlsplit

from stillwatch.core.errors import Fault, SettingsError

from .source import Source, public

__all__ = ["KINDS", "source_of"]

KINDS = {
    "kafka": ("kafka", "Kafka"),
    "nats": ("nats_stream", "NatsStream"),
    "redis": ("valkey_stream", "ValkeyStream"),
    "rediss": ("valkey_stream", "ValkeyStream"),
    "unix": ("valkey_stream", "ValkeyStream"),
    "valkey": ("valkey_stream", "ValkeyStream"),
    "valkeys": ("valkey_stream", "ValkeyStream"),
    "postgresql": ("postgres_table", "PostgresTable"),
    "postgres": ("postgres_table", "PostgresTable"),
    "s3": ("objects", "Objects"),
    "gs": ("objects", "Objects"),
    "abfs": ("objects", "Objects"),
    "abfss": ("objects", "Objects"),
    "hdfs": ("objects", "Objects"),
    "memory": ("objects", "Objects"),
    "file": ("objects", "Objects"),
    "delta": ("lakes", "DeltaTable"),
    "iceberg": ("lakes", "IcebergTable"),
}
"""Schemes of addresses, and the module and class that reads each; a lake table's scheme may name its store behind a `+`."""


def source_of(text: str) -> Source:
    """The source at an address. Nothing is opened yet.

    Raises:
        SettingsError: when the address is of no kind that is known, or lacks something. It is repeated without its password.
    """
    scheme = urlsplit(text).scheme.partition("+")[0]
    if scheme not in KINDS:
        known = ", ".join(f"{one}://" for one in KINDS)
        raise SettingsError(
            [Fault(path=f"source {public(text)}", message=f"expected an address that begins with {known}")]
        )
    module, name = KINDS[scheme]
    made: Source = getattr(import_module(f"{__package__}.{module}"), name)(text)
    return made
