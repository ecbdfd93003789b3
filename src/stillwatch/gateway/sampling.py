"""Siblings: for a random sample, the same request is asked again off the hot path, and the answers are kept and never served.

Nobody waits for them and nobody pays for them but the house: the calls carry its own credential, never the customer's. What is asked is
what the upstream got, mark and all, so that the served answer is one of K + 1 drawn alike. Customers with zero retention are left out.
"""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import msgspec

from stillwatch.core import handle
from stillwatch.gateway.hiding.tags import without_tags
from stillwatch.gateway.records import Records
from stillwatch.gateway.upstream import Silent, Unreachable, Upstream
from stillwatch.policy import Dialect, Hide

if TYPE_CHECKING:
    from stillwatch.gateway.judging import Passing

__all__ = ["Job", "Sampling", "asked_again", "drawn_by_chance"]

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_any = msgspec.json.Decoder().decode
_encode = msgspec.json.encode
_WAITING = 64
_LONGEST = 4 << 20
"""Bytes of an answer that is kept."""
_PASSED_ON = frozenset((b"content-type", b"anthropic-version", b"anthropic-beta", b"openai-beta"))
"""Headers of the customer's request that go with a sibling's: what the answer depends on, and nothing of who asked."""
_FIXED = {
    Dialect.CHAT: ("temperature", "seed", "n"),
    Dialect.RESPONSES: ("temperature", "seed", "n"),
    Dialect.MESSAGES: ("temperature",),
    Dialect.GEMINI: ("temperature", "seed", "candidateCount", "candidate_count"),
}
_VERSION = re.compile(rb'"(?:model|modelVersion|system_fingerprint)"\s*:\s*"([^"\\]{1,200})"')


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be asked again."""

    dialect: Dialect
    path: bytes
    query: bytes
    headers: list[tuple[str, str]]
    body: bytes
    asked: bytes
    answer: bytes
    named_path: str
    account: str
    request_id: str | None
    at: float
    k: int
    hide: Hide
    key: str | None


class Sampling:
    """Draws siblings.

    Args:
        upstream: where they are asked; a pool of its own keeps them away from customers' connections.
        records: takes what was drawn.
        credential: headers of the house's own that these calls carry.
        calls_a_day: after so many calls nothing more is drawn until the next day (UTC).
        rng: draws the sample; secret, so that nobody can tell beforehand which requests are in it.

    Attributes:
        drawn: siblings received. failed: calls that brought none. passed_over: requests of the sample without room or budget.
    """

    def __init__(
        self,
        upstream: Upstream,
        records: Records,
        *,
        credential: list[tuple[str, str]],
        calls_a_day: int = 2000,
        rng: random.Random | None = None,
    ) -> None:
        self._upstream, self._records, self._credential = upstream, records, credential
        self._calls_a_day, self._rng = calls_a_day, rng or random.SystemRandom()
        self._waiting: deque[Job] = deque()
        self._running: asyncio.Task[None] | None = None
        self._day, self._left = "", 0
        self.drawn = self.failed = self.passed_over = 0

    async def start(self) -> None:
        """Open the pool; call it on the event loop."""
        await self._upstream.start()

    async def stop(self) -> None:
        """Give up what is still to be asked."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._upstream.stop()
        await self._records.stop()

    def consider(self, one: Passing) -> None:
        """Take a request into the sample, or not; called when it was answered, and returns at once."""
        wanted = one.ruling.siblings
        if wanted is None or self._rng.random() * wanted.one_in >= 1.0:
            return
        if (
            one.status != 200
            or not one.finished
            or one.tee.cut
            or one.who.zero
            or not one.readable
            or one.who.account_name is None
        ):
            return
        if one.dialect is Dialect.OTHER or not drawn_by_chance(one.dialect, one.sent):
            return
        if len(self._waiting) >= _WAITING or not self._budget(wanted.k):
            self.passed_over += 1
            return
        self._waiting.append(self._job(one, wanted.k))
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._draw())

    def _budget(self, calls: int) -> bool:
        today = time.strftime("%Y-%m-%d", time.gmtime())
        if today != self._day:
            self._day, self._left = today, self._calls_a_day
        if self._left < calls:
            return False
        self._left -= calls
        return True

    def _job(self, one: Passing, k: int) -> Job:
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in one.headers if name in _PASSED_ON
        ]
        headers += [*self._credential, ("accept-encoding", "identity")]
        headers += [
            (name, value)
            for name, value in (("x-stillwatch-mark", one.ruling.mark), ("x-stillwatch-key", one.key))
            if value
        ]
        path = one.raw_path.replace(b":streamGenerateContent", b":generateContent")
        path = path.replace(b":streamRawPredict", b":rawPredict")
        return Job(
            dialect=one.dialect,
            path=path,
            headers=headers,
            query=_query(one.query),
            body=asked_again(one.dialect, one.sent),
            asked=one.plain,
            answer=one.tee.body(),
            named_path=one.path,
            account=handle("account", one.who.account),
            request_id=one.request_id,
            at=one.at,
            k=k,
            hide=one.ruling.hide,
            key=one.key,
        )

    async def _draw(self) -> None:
        while self._waiting:
            job = self._waiting.popleft()
            answers = [answer for _ in range(job.k) if (answer := await self._asked(job)) is not None]
            if answers:
                line = await asyncio.to_thread(_line, job, answers)
                if line is not None:
                    self._records.keep(line)

    async def _asked(self, job: Job) -> bytes | None:
        try:
            answer = await self._upstream.send("POST", job.path, job.query, job.headers, job.body)
            async with answer:
                body = await answer.content.read(_LONGEST + 1)
                while len(body) <= _LONGEST and not answer.content.at_eof():
                    body += await answer.content.read(_LONGEST + 1 - len(body))
                if answer.status == 200 and len(body) <= _LONGEST:
                    self.drawn += 1
                    return body
        except (Silent, Unreachable, aiohttp.ClientError, TimeoutError):
            pass
        self.failed += 1
        return None


def _query(query: bytes) -> bytes:
    """The query without the customer's key, and without asking for a stream."""
    kept = [
        (name, value)
        for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        if name not in ("key", "alt")
    ]
    return urlencode(kept).encode("latin-1")


def drawn_by_chance(dialect: Dialect, body: bytes) -> bool:
    """Whether an answer to this request is one of many as likely: none fixed by a seed or by temperature 0, and only one asked for.

    >>> drawn_by_chance(Dialect.CHAT, b'{"temperature": 0}'), drawn_by_chance(Dialect.CHAT, b'{"n": 1}')
    (False, True)
    """
    try:
        fields: Any = _fields(body)
        if dialect is Dialect.GEMINI:
            fields = _any(fields.get("generationConfig", fields.get("generation_config", b"{}")))
        given = {name: fields[name] for name in _FIXED[dialect] if isinstance(fields, dict) and name in fields}
        plain = {name: _any(raw) if isinstance(raw, msgspec.Raw) else raw for name, raw in given.items()}
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    counts = (plain.get(name) for name in ("n", "candidateCount", "candidate_count"))
    return plain.get("temperature") != 0 and plain.get("seed") is None and all(count in (None, 1) for count in counts)


def asked_again(dialect: Dialect, body: bytes) -> bytes:
    """The body for a sibling: the same, whole instead of streamed, and not stored."""
    fields: dict[str, Any] = dict(_fields(body))
    for name in ("stream", "stream_options", "background"):
        fields.pop(name, None)
    if dialect in (Dialect.CHAT, Dialect.RESPONSES) and "store" in fields:
        fields["store"] = False
    return _encode(fields)


def _line(job: Job, answers: list[bytes]) -> dict[str, Any] | None:
    """One record, in the words that the audit reads; nothing where no text was found in an answer."""
    prompt, served = _read(job, job.answer)
    said = [text for answer in answers if (text := _read(job, answer)[1])]
    if not prompt or not served or not said:
        return None
    versions = set(_VERSION.findall(job.answer))
    return {
        "at": job.at,
        "item": secrets.token_hex(8),
        "account": job.account,
        "epoch": None if job.key is None else job.key.partition("/")[0],
        "request_id": job.request_id,
        "k": job.k,
        "prompt": prompt,
        "response": served,
        "siblings": said,
        "as_sampled": True,
        "same_sampling": all(set(_VERSION.findall(answer)) == versions for answer in answers),
    }


def _read(job: Job, answer: bytes) -> tuple[str | None, str | None]:
    """(prompt, visible text) of an exchange, as a scan of the capture reads it."""
    from stillwatch.ingest.capture import wire
    from stillwatch.ingest.clean import BadField, Reading
    from stillwatch.ingest.exchange import Exchange
    from stillwatch.ingest.log_format import SHAPE_ERRORS

    x = Exchange(at=0)
    request, response = (one.decode("utf-8", "replace") for one in (job.asked, answer))
    try:
        wire(x, Reading(), path=job.named_path, asked={}, answered={}, request=request, response=response)
    except (BadField, *SHAPE_ERRORS):
        return None, None
    output = x.output
    return x.prompt, output if output is None or job.hide is Hide.NOTHING else without_tags(output, Hide.REMOVE)
