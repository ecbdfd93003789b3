"""Reasoning taken out of answers that LiteLLM holds as records of its own, whole or event by event.

A record becomes plain data, is edited by the code that edits answers on the wire, and becomes the same kind of record again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from litellm.proxy._types import ProxyException

from stillwatch.gateway.hiding import EventTooLong, StreamHider, hider
from stillwatch.gateway.options import Fail, Options
from stillwatch.policy import Dialect, Ruling

__all__ = ["hidden_answer", "hidden_events"]


def _logprobs(ruling: Ruling) -> bool:
    return ruling.clamp is not None and ruling.clamp.drop_logprobs


def hidden_answer(response: Any, dialect: Dialect, ruling: Ruling, options: Options) -> Any:
    """The answer without what the ruling hides.

    Raises:
        ProxyException: 502, where nobody can read the answer and the operator did not choose to let it pass.
    """
    hides = hider(dialect, ruling.hide, logprobs=_logprobs(ruling))
    if isinstance(response, dict):
        hides.whole(response)
        return response
    if not hasattr(response, "model_dump"):
        if options.hide is Fail.OPEN:
            return response
        raise ProxyException(
            message="The answer could not be checked and is not passed on.", type="api_error", param=None, code=502
        )
    return _edited(response, hides.whole)


async def hidden_events(events: Any, dialect: Dialect, ruling: Ruling) -> AsyncIterator[Any]:
    """The events without what the ruling hides; one that nobody can read is left out."""
    hides = hider(dialect, ruling.hide, logprobs=_logprobs(ruling))
    wire = StreamHider(dialect, ruling.hide, logprobs=_logprobs(ruling))
    written: type[bytes] | type[str] | None = None
    async for event in events:
        if isinstance(event, (bytes, str)):  # a dialect that LiteLLM passes on as text of the wire
            written = type(event)
            try:
                passed = wire.feed(event if isinstance(event, bytes) else event.encode())
            except EventTooLong:
                return
            if passed:
                yield passed if written is bytes else passed.decode()
        elif isinstance(event, dict):
            before, _ = hides.event(event)
            for one in (*before, event):
                yield one
        elif hasattr(event, "model_dump"):
            for one in _events(event, hides):
                yield one
    if written is not None and (rest := wire.finish()):
        yield rest if written is bytes else rest.decode()


def _events(event: Any, hides: Any) -> list[Any]:
    data = event.model_dump()
    before, changed = hides.event(data)
    made = [type(event)(**one) for one in before]
    return [*made, _remade(event, data) if changed else event]


def _edited(response: Any, edit: Any) -> Any:
    data = response.model_dump()
    return _remade(response, data) if edit(data) else response


def _remade(record: Any, data: dict[str, Any]) -> Any:
    """A record of the same kind with other data; what LiteLLM keeps beside the data stays with it."""
    made = type(record)(**data)
    for name in ("_hidden_params", "_response_headers"):
        if (kept := getattr(record, name, None)) is not None:
            setattr(made, name, kept)
    return made
