"""Captures of the OpenAI chat-completions API by a proxy: one request with its response a line, credentials replaced by a key id."""

from __future__ import annotations

from stillwatch.range.clients import ja4
from stillwatch.range.logs.render import Exchange

__all__ = ["ERRORS", "capture", "message", "options"]

ERRORS = {
    400: ("invalid_request_error", "The request could not be read."),
    429: ("rate_limit_exceeded", "Rate limit reached. Try again later."),
    500: ("server_error", "The server had an error while processing your request."),
}


def message(role: str, text: str) -> str:
    """One message as the API has it."""
    return f'{{"role":"{role}","content":"{text}"}}'


def messages(exchange: Exchange) -> str:
    """All messages of the request, joined by commas."""
    system = f"{message('system', exchange.system)}," if exchange.system else ""
    return f"{system}{exchange.history}{message('user', exchange.prompt)}"


def options(exchange: Exchange) -> str:
    """The request's settings, each with a comma before it."""
    out = ""
    if exchange.temperature is not None:
        out += f',"temperature":{exchange.temperature:g}'
    if exchange.max_tokens is not None:
        out += f',"max_tokens":{exchange.max_tokens}'
    if exchange.stream:
        out += ',"stream":true'
    if exchange.n > 1:
        out += f',"n":{exchange.n}'
    if exchange.tools:
        out += f',"tools":{exchange.tools}'
    if exchange.end_user:
        out += f',"user":"{exchange.end_user}"'
    return out


def completion(exchange: Exchange) -> str:
    """The response body: an error object, or a completion (a streamed one as the proxy joined it)."""
    if exchange.status != 200:
        kind, text = ERRORS[exchange.status]
        return f'{{"error":{{"message":"{text}","type":"{kind}","param":null,"code":null}}}}'
    return (
        f'{{"id":"chatcmpl-{exchange.request_id:016x}","object":"chat.completion","created":{1_789_430_400 + exchange.ended // 1_000_000},'
        f'"model":"{exchange.model}","choices":[{{"index":0,"message":{{"role":"assistant","content":"{exchange.output}","refusal":null}},'
        f'"finish_reason":"{exchange.stop}"}}],"usage":{{"prompt_tokens":{exchange.tokens_in},"completion_tokens":{exchange.tokens_out},'
        f'"total_tokens":{exchange.tokens_in + exchange.tokens_out}}}}}'
    )


class capture:  # noqa: N801 - used as a function with a memory
    """Writes captures; remembers each client's part of the line."""

    def __init__(self) -> None:
        self._prints: dict[str, str] = {}

    def __call__(self, exchange: Exchange, *, started: str, ended: str, account: str, org: str) -> str:
        """One line."""
        fingerprint = self._prints.get(exchange.agent)
        if fingerprint is None:
            fingerprint = self._prints[exchange.agent] = ja4(exchange.agent)
        return (
            f'{{"started_at":"{started}Z","ended_at":"{ended}Z","client":{{"ip":"{exchange.ip}","user_agent":"{exchange.agent}","ja4":"{fingerprint}"}},'
            f'"account":"{account}","org":"{org}","request":{{"method":"POST","path":"/v1/chat/completions","headers":'
            f'{{"authorization":"key_{account[5:15]}","content-type":"application/json","user-agent":"{exchange.agent}"}},'
            f'"body":{{"model":"{exchange.model}","messages":[{messages(exchange)}]{options(exchange)}}}}},'
            f'"response":{{"status":{exchange.status},"headers":{{"content-type":"application/json","x-request-id":"req_{exchange.request_id:016x}"}},'
            f'"body":{completion(exchange)}}}}}\n'
        )
