"""The ingest room: logs as they are in, rows of `exchanges` and `rejects` out. One file a log format.

>>> from stillwatch.ingest import FORMATS
>>> "openai_chat" in FORMATS
True
"""

from . import anthropic_messages, columns, gemini_generate, har, litellm, openai_chat, openai_responses, openinference, otel_genai
from .chunks import Chunk, Plan, SourceFile, plan
from .log_format import FORMATS, log_format
from .options import ReadOptions
from .read import ChunkResult, read_chunk

__all__ = ["FORMATS", "Chunk", "ChunkResult", "Plan", "ReadOptions", "SourceFile", "log_format", "plan", "read_chunk"]
