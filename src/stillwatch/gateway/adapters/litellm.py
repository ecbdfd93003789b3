"""Stillwatch as a plug-in of LiteLLM's proxy, in two classes: name the dearer one only where reasoning is to be hidden.

    litellm_settings:
      callbacks: stillwatch.gateway.adapters.litellm.requests     # judge, clamp, refuse, log
      callbacks: stillwatch.gateway.adapters.litellm.answers      # the same, and hide in answers

Both read their settings from the environment (see `opening`). An answer's end, with what it cost, comes from LiteLLM's own logging, off
the path of the request. LiteLLM calls only those hooks that a class itself defines, so the first costs nothing per event of a stream.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import ProxyException

from stillwatch.gateway.adapters.carrying import Means, said_of
from stillwatch.gateway.adapters.facts import body_of
from stillwatch.gateway.adapters.hosts import Named
from stillwatch.gateway.adapters.litellm_answers import hidden_answer, hidden_events
from stillwatch.gateway.adapters.litellm_log import seen_of, used_of
from stillwatch.gateway.adapters.opening import Opened, follow, opened
from stillwatch.gateway.adapters.underway import One, Underway
from stillwatch.gateway.asking import Body, Unreadable
from stillwatch.gateway.editing import clamped
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.options import Fail, Options
from stillwatch.gateway.refusing import Refusal, refusal, ruling_headers
from stillwatch.gateway.who import Who
from stillwatch.ingest.litellm import CALL_DIALECTS, payer
from stillwatch.policy import Asked, Dialect, Hide, Ruling, Step

__all__ = ["Answers", "Requests"]

_DIALECTS = {kind: Dialect(name) for kind, name in CALL_DIALECTS.items()}
_LET_THROUGH = Ruling(step=Step.ALLOW, code="policy_failed_open")
_UNREAD = Body()
_MARK = "x-stillwatch-mark"


class Requests(CustomLogger):  # type: ignore[misc]
    """Judges requests before they are sent on, clamps or refuses them, and keeps exchanges for the next scan.

    Args:
        using: policy, names and capture; from the environment where they are left out.
    """

    means = Means.CLAMP | Means.MARK | Means.DEGRADE | Means.DELAY

    def __init__(self, using: Opened | None = None, *, options: Options | None = None) -> None:
        super().__init__()
        self._using = using or opened()
        self._following = self._capturing = False
        self.options = options or Options(pathway="litellm")
        self.metrics = Metrics()
        self.underway = Underway()

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> Any:
        """Judge one request, and edit it as the ruling says.

        Raises:
            ProxyException: the refusal, in LiteLLM's shape.
        """
        del cache
        self._start()
        dialect = _DIALECTS.get(call_type, Dialect.OTHER)
        body = self._read(dialect, data)
        who = self._who(user_api_key_dict)
        asked = body.asked(
            at=time.time(),
            account=who.account,
            dialect=dialect,
            org=who.org,
            pathway=self.options.pathway,
            end_user=None if body.end_user is None else self._using.who.end_user(body.end_user),
        )
        ruling = self._decided(dialect, asked)
        said, _ = said_of(dialect, ruling, self.means, options=self.options, metrics=self.metrics)
        self.metrics.answered(dialect, ruling, 200 if said is None else said.status)
        if said is not None:
            raise _exception(said)
        one = One(asked=asked, ruling=ruling, zero=who.zero)
        if not _noted(data, one) and _hides(ruling) and self.options.hide is Fail.CLOSED:
            raise _exception(refusal(dialect, 502, "answer_withheld", "The answer could not be checked."))
        if (name := data.get("litellm_call_id")) is not None and ruling is not _LET_THROUGH:
            self.underway.begin(name, one)
        self._edit(dialect, data, ruling, body)
        if ruling.delay:
            await asyncio.sleep(ruling.delay)
        return data

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Count what a request used, and keep the exchange."""
        del response_obj, start_time, end_time
        self._ended(kwargs, finished=True)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """The same for one that failed."""
        del response_obj, start_time, end_time
        self._ended(kwargs, finished=False)

    async def async_post_call_response_headers_hook(
        self, data: Any, user_api_key_dict: Any, response: Any, request_headers: Any = None, **_: Any
    ) -> dict[str, str] | None:
        """Say which policy applied and what it did."""
        del user_api_key_dict, response, request_headers
        one = _note(data)
        if one is None:
            return None
        return {
            name.decode(): value.decode("latin-1")
            for name, value in ruling_headers(one.ruling, visible=self.options.visible)
        }

    def _start(self) -> None:
        if not self._following:
            self._following = True
            follow(self._using.refresh)
        if self._using.capture is not None and not self._capturing:
            self._capturing = True
            self._using.capture.start()

    def _read(self, dialect: Dialect, data: Mapping[str, Any]) -> Body:
        if dialect is Dialect.OTHER:
            return _UNREAD
        try:
            return body_of(dialect, data)
        except Unreadable:
            way = self.options.unreadable
            self.metrics.stages[("unreadable", way.value)] += 1
            if way is Fail.CLOSED:
                raise _exception(refusal(dialect, 400, "invalid_json", "The request cannot be read.")) from None
            return _UNREAD

    def _who(self, key: Any) -> Who:
        return self._using.who.of(
            Named(account=payer(key.user_id, None), org=key.org_id or key.team_id, credential=key.api_key)
        )

    def _decided(self, dialect: Dialect, asked: Asked) -> Ruling:
        begun = time.perf_counter()
        try:
            ruling = self._using.gate.decide(asked)
        except Exception:
            way = self.options.decide
            self.metrics.stages[("decide", way.value)] += 1
            if way is Fail.CLOSED:
                raise _exception(
                    refusal(dialect, 503, "policy_unavailable", "The policy cannot be asked at the moment.")
                ) from None
            return _LET_THROUGH
        self.metrics.ruled(ruling, time.perf_counter() - begun)
        return ruling

    def _edit(self, dialect: Dialect, data: dict[str, Any], ruling: Ruling, body: Body) -> None:
        if self.options.strip:
            for name in body.engine:
                data.pop(name, None)
                self.metrics.stripped[name] += 1
        if ruling.clamp is not None and dialect is not Dialect.OTHER:
            config = data.get("generationConfig") if dialect is Dialect.GEMINI else data
            if isinstance(config, dict):
                clamped(dialect, config, ruling.clamp)
        if ruling.degrade is not None:
            data["model"] = ruling.degrade
        headers = data.get("extra_headers")
        if ruling.mark is not None or (isinstance(headers, dict) and headers):
            kept = {k: v for k, v in (headers or {}).items() if not str(k).lower().startswith("x-stillwatch-")}
            data["extra_headers"] = kept if ruling.mark is None else {**kept, _MARK: ruling.mark}

    def _ended(self, kwargs: Mapping[str, Any], *, finished: bool) -> None:
        one = self.underway.end(kwargs.get("litellm_call_id"))
        payload = kwargs.get("standard_logging_object")
        if one is None or payload is None:
            return
        try:
            self._using.gate.settle(one.asked, one.ruling, used_of(payload, finished=finished))
        except Exception:
            self.metrics.stages[("settle", Fail.OPEN.value)] += 1
        capture = self._using.capture
        if capture is not None and one.asked.dialect is not Dialect.OTHER:
            capture.keep(seen_of(payload, one.asked.dialect, zero=one.zero, pathway=self.options.pathway))


class Answers(Requests):
    """The same, and hides reasoning and log-probabilities in answers, whole or streamed."""

    means = Requests.means | Means.HIDE

    # LiteLLM looks a hook up among what the class itself defines.
    async_pre_call_hook = Requests.async_pre_call_hook
    async_log_success_event = Requests.async_log_success_event
    async_log_failure_event = Requests.async_log_failure_event
    async_post_call_response_headers_hook = Requests.async_post_call_response_headers_hook

    async def async_post_call_success_hook(self, data: Any, user_api_key_dict: Any, response: Any) -> Any:
        """Hide in a whole answer."""
        del user_api_key_dict
        one = _to_hide(data)
        return response if one is None else hidden_answer(response, one.asked.dialect, one.ruling, self.options)

    def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: Any
    ) -> AsyncIterator[Any]:
        """Hide in a stream; one in which nothing is to be hidden passes on as it is, at no cost an event."""
        del user_api_key_dict
        one = _to_hide(request_data)
        return response if one is None else hidden_events(response, one.asked.dialect, one.ruling)


def _hides(ruling: Ruling) -> bool:
    return ruling.hide is not Hide.NOTHING or (ruling.clamp is not None and ruling.clamp.drop_logprobs)


def _noted(data: Mapping[str, Any], one: One) -> bool:
    """Leave a note of one request with LiteLLM's own record of it, which lives exactly as long as the request; whether there is one."""
    record = data.get("litellm_logging_obj")
    if record is None:
        return False
    record.stillwatch = one
    return True


def _note(data: Mapping[str, Any]) -> One | None:
    """The note that was left with a request."""
    found = getattr(data.get("litellm_logging_obj"), "stillwatch", None)
    return found if isinstance(found, One) else None


def _to_hide(data: Mapping[str, Any]) -> One | None:
    """The note, where something is to be hidden in the answer."""
    one = _note(data)
    return one if one is not None and one.asked.dialect is not Dialect.OTHER and _hides(one.ruling) else None


def _exception(said: Refusal) -> ProxyException:
    """A refusal as LiteLLM tells it: its status and message, and our machine-readable facts beside them."""
    told = msgspec.json.decode(said.body)["error"]
    return ProxyException(
        message=told["message"],
        type=told.get("type") or told.get("status") or "api_error",
        param=None,
        code=said.status,
        headers={
            k.decode(): v.decode("latin-1") for k, v in said.headers if k not in (b"content-type", b"content-length")
        },
        provider_specific_fields=_details(told),
    )


def _details(told: Mapping[str, Any]) -> dict[str, Any]:
    details = told["details"]
    if isinstance(details, list):
        return {"code": details[0]["reason"].lower(), **details[0]["metadata"]}
    return dict(details)


def __getattr__(name: str) -> Requests:
    """The instance that LiteLLM's settings name, made when it is first asked for."""
    kinds: dict[str, type[Requests]] = {"requests": Requests, "answers": Answers}
    if name not in kinds:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()[name] = kinds[name]()
    return made
