"""LiteLLM's admin API: keys listed page by page, and changed one by one. The master key goes into one header and nowhere else."""

from __future__ import annotations

import http.client
import ssl
from typing import Any
from urllib.parse import urlsplit

import msgspec

from stillwatch.core.errors import Error
from stillwatch.gateway.adapters.control import Change, Key

__all__ = ["Admin", "Unanswered"]

_PAGE = 100
_MOST = 10_000_000
_encode = msgspec.json.encode


class Unanswered(Error):
    """LiteLLM did not do what it was asked; the message says where and with which status, never what it answered."""


class _Page(msgspec.Struct):
    keys: list[Key]
    total_pages: int | None = None


class Admin:
    """One connection to a proxy's admin API.

    Args:
        url: address of the proxy.
        key: its master key, or a key of an administrator.

    Raises:
        Error: when the address is none.
    """

    def __init__(self, url: str, key: str, *, seconds: float = 30.0, ca: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Error(f'--litellm: got "{url}", expected an address such as https://litellm.example:4000')
        self._path = parts.path.rstrip("/")
        self._headers = {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "connection": "keep-alive",
        }
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca)
            self._line: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=seconds, context=context
            )
        else:
            self._line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)

    def listed(self) -> list[Key]:
        """Every key that there is.

        Raises:
            Unanswered: when they cannot be listed.
        """
        found: dict[str, Key] = {}
        page, pages = 1, 1
        while page <= pages:
            path = f"/key/list?return_full_object=true&size={_PAGE}&page={page}&sort_by=created_at&sort_order=asc"
            try:
                told = msgspec.json.decode(self._asked("GET", path, None), type=_Page)
            except msgspec.DecodeError as error:
                raise Unanswered(
                    f"LiteLLM: /key/list: an answer of another shape than LiteLLM 1.106 gives: {error}"
                ) from error
            found.update((key.token, key) for key in told.keys)
            pages = told.total_pages or 1
            page += 1
        return list(found.values())

    def carry_out(self, change: Change) -> None:
        """Make one change. What was there is noted in the key's metadata before anything else happens to it.

        Raises:
            Unanswered: when LiteLLM refuses; the same run again goes on from there.
        """
        releasing = change.block is False
        if releasing:
            self._asked("POST", "/key/unblock", {"key": change.token})
        if change.update:
            self._asked("POST", "/key/update", {"key": change.token, **change.update})
        if change.block:
            self._asked("POST", "/key/block", {"key": change.token})

    def _asked(self, method: str, path: str, body: Any) -> bytes:
        where = path.partition("?")[0]
        try:
            self._line.request(method, self._path + path, None if body is None else _encode(body), self._headers)
            answer = self._line.getresponse()
            said = answer.read(_MOST)
        except (OSError, http.client.HTTPException) as error:
            self._line.close()
            raise Unanswered(f"LiteLLM: {where}: {error.__class__.__name__}") from error
        if answer.status != 200:
            self._line.close()
            raise Unanswered(f"LiteLLM: {where}: answered with status {answer.status}{_hint(answer.status)}")
        return said


def _hint(status: int) -> str:
    if status in (401, 403):
        return "; STILLWATCH_LITELLM_KEY must be the master key or an administrator's"
    return "; it needs its database (DATABASE_URL) to know keys" if status >= 500 else ""
