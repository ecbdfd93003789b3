"""Logs that are no files: message streams, tables of a database, objects in a store, lake tables. Each lands as files in the workspace.

>>> from stillwatch.ingest.sources import public
>>> public("postgresql://reader:secret@db/logs?table=requests&order=id")
'postgresql://reader@db/logs?table=requests&order=id'
"""

from .landing import Landed, Landing
from .opening import KINDS, source_of
from .source import Delivery, Source, SourceAway, public

__all__ = ["KINDS", "Delivery", "Landed", "Landing", "Source", "SourceAway", "public", "source_of"]
