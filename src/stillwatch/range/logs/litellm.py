"""Rows of LiteLLM's table LiteLLM_SpendLogs, with prompts stored, as JSON lines."""

from __future__ import annotations

import hashlib

from stillwatch.range.logs.openai import ERRORS, completion, messages, options
from stillwatch.range.logs.render import Exchange

__all__ = ["spend"]


class spend:  # noqa: N801 - used as a function with a memory
    """Writes spend rows; remembers each account's key hash."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}

    def __call__(self, exchange: Exchange, *, started: str, ended: str, account: str, org: str) -> str:
        """One line."""
        key = self._keys.get(account)
        if key is None:
            key = self._keys[account] = hashlib.sha256(account.encode("utf-8")).hexdigest()
        ok = exchange.status == 200
        failure = (
            ""
            if ok
            else f',"error_information":{{"error_code":"{exchange.status}","error_class":"{ERRORS[exchange.status][0]}"}}'
        )
        return (
            f'{{"request_id":"chatcmpl-{exchange.request_id:016x}","call_type":"acompletion","api_key":"{key}",'
            f'"spend":{(exchange.tokens_in + 4 * exchange.tokens_out) * 1.5e-6:.8f},'
            f'"total_tokens":{exchange.tokens_in + exchange.tokens_out},'
            f'"prompt_tokens":{exchange.tokens_in},"completion_tokens":{exchange.tokens_out},"startTime":"{started}Z","endTime":"{ended}Z",'
            f'"completionStartTime":"{started if exchange.stream else ended}Z",'
            f'"model":"{exchange.model}","model_id":"{exchange.model}-east",'
            f'"model_group":"{exchange.model}","custom_llm_provider":"openai","api_base":"https://api.openai.example/v1","user":"{account}",'
            f'"metadata":{{"user_api_key_alias":"k-{key[:8]}","user_api_key_user_id":"{account}","user_api_key_org_id":"{org}","status":'
            f'"{"success" if ok else "failure"}","user_agent":"{exchange.agent}"{failure}}},"cache_hit":"False","cache_key":"Cache OFF",'
            f'"request_tags":[],"team_id":null,"organization_id":"{org}","end_user":"{exchange.end_user}","requester_ip_address":"{exchange.ip}",'
            f'"messages":[{messages(exchange)}],"response":{completion(exchange) if ok else "{}"},'
            f'"proxy_server_request":{{"model":"{exchange.model}"{options(exchange)}}},'
            f'"session_id":"{exchange.conversation:032x}","status":"{"success" if ok else "failure"}"}}\n'
        )
