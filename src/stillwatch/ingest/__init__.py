"""The ingest room: logs as they are in, rows of `exchanges` and `rejects` out. One file a log format.

>>> from stillwatch.ingest import FORMATS
>>> "openai_chat" in FORMATS
True
"""

from . import (
    anthropic_messages,
    azure_apim_llm,
    bedrock_invocation,
    columns,
    envoy_aigw,
    gemini_generate,
    har,
    helicone,
    langfuse,
    litellm,
    openai_batch,
    openai_chat,
    openai_responses,
    openai_stored,
    openinference,
    otel_genai,
)
from .chunks import Chunk, Plan, SourceFile, plan
from .clean import address, subnet
from .exchange import account_id
from .facts import CLEARED, Facts, read_accounts, read_cleared, read_releases, read_telemetry
from .growing import Growing, Unread
from .log_format import FORMATS, log_format
from .options import ReadOptions
from .prefixes import prefixes
from .read import ChunkResult, read_chunk
from .sources import Landing, Source, SourceAway, public, source_of

__all__ = [
    "CLEARED",
    "FORMATS",
    "Chunk",
    "ChunkResult",
    "Facts",
    "Growing",
    "Landing",
    "Plan",
    "ReadOptions",
    "Source",
    "SourceAway",
    "SourceFile",
    "Unread",
    "account_id",
    "address",
    "log_format",
    "plan",
    "prefixes",
    "public",
    "read_accounts",
    "read_chunk",
    "read_cleared",
    "read_releases",
    "read_telemetry",
    "source_of",
    "subnet",
]

# A format is registered when its module is read; this tuple is what keeps them from looking unused.
_FORMAT_MODULES = (
    anthropic_messages,
    azure_apim_llm,
    bedrock_invocation,
    columns,
    envoy_aigw,
    gemini_generate,
    har,
    helicone,
    langfuse,
    litellm,
    openai_batch,
    openai_chat,
    openai_responses,
    openai_stored,
    openinference,
    otel_genai,
)
