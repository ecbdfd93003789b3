"""What was read: the logs' exchanges, as text and as numbers, what the provider knows beside them, and the rows that could not be read."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.engine.contract import HASH, TEXT, TIME, Table, column

__all__ = ["ACCOUNT_FACTS", "EXCHANGES", "FEATURES", "LABELS", "PURPOSES", "REJECTS", "RELEASES"]

# One column a line reads as the table that it is.

_WHO = (
    column("account", HASH, "pseudonym of who is billed; unknown when the log names nobody"),
    column("org", HASH, "pseudonym of the organisation the account belongs to"),
    column("credential", HASH, "pseudonym of the API key or token used"),
    column("end_user", HASH, "pseudonym of the end user that the caller named"),
)
_WHERE_FROM = (
    column("ip", HASH, "pseudonym of the caller's address"),
    column("subnet", HASH, "pseudonym of the caller's /24 (IPv4) or /48 (IPv6)"),
    column("asn", pa.int32(), "autonomous system number of the caller's network", leaves="as_count"),
    column("user_agent", HASH, "pseudonym of the whole user-agent string"),
    column("tls_fingerprint", HASH, "pseudonym of the TLS fingerprint (JA3 or JA4)"),
    column("client_claimed", TEXT, "client that the user agent claims to be: its first product token, at most 40 characters"),
    column("client_telemetry", pa.bool_(), "whether product telemetry of that client was seen for the account"),
)
_ASKED = (
    column("model", TEXT, "model that was asked for", leaves="free"),
    column("pathway", TEXT, "way in: api, batch, bedrock, azure, vertex, gateway, aggregator", leaves="as_count"),
    column("outcome", TEXT, "ok, refused, error or cancelled", leaves="as_count"),
    column("http_status", pa.int16(), "HTTP status of the response", leaves="as_count"),
)
_SIZES = (
    column("input_tokens", pa.int32(), "tokens in, as billed", leaves="as_count"),
    column("output_tokens", pa.int32(), "tokens out, as billed, reasoning included where the provider includes it", leaves="as_count"),
    column("reasoning_tokens", pa.int32(), "reasoning tokens, where the provider counts them apart", leaves="as_count"),
    column("cached_tokens", pa.int32(), "input tokens served from a cache", leaves="as_count"),
)
_SAMPLING = (
    column("max_tokens", pa.int32(), "limit on output tokens that was asked for", leaves="as_count"),
    column("temperature", pa.float32(), "sampling temperature that was asked for", leaves="as_count"),
    column("top_p", pa.float32(), "nucleus probability that was asked for", leaves="as_count"),
    column("top_k", pa.int32(), "top-k that was asked for", leaves="as_count"),
    column("n", pa.int16(), "answers asked for in one request", leaves="as_count"),
    column("logprobs", pa.bool_(), "whether log-probabilities were asked for", leaves="as_count"),
    column("top_logprobs", pa.int16(), "alternatives per token asked for", leaves="as_count"),
    column("logit_bias", pa.bool_(), "whether a logit bias was set", leaves="as_count"),
    column("stream", pa.bool_(), "whether the answer was streamed", leaves="as_count"),
)

EXCHANGES = Table(
    name="exchanges",
    row="One request with its response, as the log had it. The only table that holds text.",
    key=("exchange_id",),
    by_day=True,
    columns=(
        column("exchange_id", HASH, "keyed hash of the request id, or of the row's content where there is none", required=True),
        column("at", TIME, "when the request began", required=True),
        *_WHO,
        *_WHERE_FROM,
        *_ASKED,
        column("retention_class", TEXT, "how long the organisation's text may be kept: standard or zero"),
        column("system", TEXT, "system or developer instructions, joined"),
        column("prompt", TEXT, "text of the last user turn"),
        column("messages", TEXT, "the turns before it as a JSON array of {role, content}; unknown when there were none"),
        column("turns", pa.int32(), "messages in the request without system instructions", leaves="as_count"),
        column("tools", TEXT, "names of the offered tools, sorted, joined by a comma"),
        column("output", TEXT, "text of the answer; several answers are joined by a form feed"),
        column("reasoning", TEXT, "reasoning or its summary, where it was returned"),
        column("reasoning_artifacts", pa.list_(HASH), "keyed hashes of the reasoning signatures or encrypted blocks sent or returned"),
        *_SIZES,
        *_SAMPLING,
        column("stop_reason", TEXT, "why the answer ended, in the provider's words", leaves="as_count"),
        column("refusal_category", TEXT, "category of a refusal, where the provider gives one", leaves="as_count"),
        column("conversation", HASH, "pseudonym of the conversation, session or thread"),
        column("request", HASH, "pseudonym of the provider's request id"),
        column("format", TEXT, "log format it was read from", required=True, leaves="free"),
        column("source", HASH, "fingerprint of the file it was read from", required=True),
        column("line", pa.int64(), "line or row in that file, from 1", required=True),
        column("artifacts_returned", pa.list_(HASH), "those of `reasoning_artifacts` that the response brought; unknown when the log does not say which way they went"),
    ),
)

FEATURES = Table(
    name="features",
    row="One exchange as numbers: no text. Everything after featurising reads this table instead of `exchanges`.",
    key=("exchange_id",),
    by_day=True,
    columns=(
        column("exchange_id", HASH, "the exchange", required=True),
        column("at", TIME, "when the request began", required=True),
        *_WHO,
        *_WHERE_FROM,
        *_ASKED,
        *_SIZES,
        *_SAMPLING,
        column("turns", pa.int32(), "messages in the request without system instructions", leaves="as_count"),
        column("tools", HASH, "hash of the offered tools' names"),
        column("conversation", HASH, "pseudonym of the conversation"),
        column("slice", pa.int8(), "0: discovery, 1: test. A keyed hash of account and hour; what finds an actor never tests it", required=True),
        column("prompt_hash", HASH, "keyed hash of the normalised prompt"),
        column("prompt_words", pa.int32(), "words (or ideographs) in the prompt", leaves="as_count"),
        column("prompt_skeleton", HASH, "keyed hash of the prompt with numbers, quotations, addresses and ids masked; names are not"),
        column("anchors", pa.list_(HASH), "sampled shingle hashes of the prompt: what templates are mined from"),
        column("system_hash", HASH, "keyed hash of the normalised system text"),
        column("system_anchors", pa.list_(HASH), "sampled shingle hashes of the system text"),
        column("cell", pa.int32(), "embedding cell of the prompt: a coarse topic"),
        column("known_item", pa.int64(), "item of a public question set that stands in the prompt: the set's number, 32 bits, the item's"),
        column("elicitation", pa.int32(), "bit per technique of asking for training value, in the order of `core.Technique`"),
        column("output_words", pa.int32(), "words in the answer", leaves="as_count"),
        column("reasoning_returned", pa.bool_(), "whether reasoning or a summary came back", leaves="as_count"),
        column("refusal_category", TEXT, "category of a refusal, where the provider gives one", leaves="as_count"),
        column("retention_class", TEXT, "how long the organisation's text may be kept"),
        column("artifacts_sent", pa.list_(HASH), "reasoning signatures that the request carried; unknown when none passed or the log does not say which way"),
        column("artifacts_returned", pa.list_(HASH), "reasoning signatures that the response brought; unknown as above"),
        column("scaffold", TEXT, "known public harness whose scaffold the system text holds; anchors and techniques are then those of the rest", leaves="free"),
        column("prefixes", pa.list_(HASH), "where signatures passed: keyed hash of the conversation's user turns up to each of them, the last one included"),
        column("topic", pa.int32(), "nearest of 256 topics of the beginning of the prompt, by what its words mean, whatever the language; `text.meanings` names them"),
        column("meaning", pa.int64(), "signs of the 64 numbers that say what the prompt means: sums over many prompts say what an account asks about"),
        column("topic_far", pa.int32(), "how far the prompt lies from its topic, in thousandths of a cosine"),
        column("topic_rest", pa.int32(), "share of what the prompt means that lies outside the main directions of ordinary prompts, in thousandths"),
    ),
)

ACCOUNT_FACTS = Table(
    name="account_facts",
    row="One account as the provider's own records know it.",
    key=("account",),
    columns=(
        column("account", HASH, "pseudonym of the account", required=True),
        column("org", HASH, "pseudonym of its organisation"),
        column("created", TIME, "when it was opened"),
        column("plan", TEXT, "plan it is on", leaves="as_count"),
        column("entitlement", pa.int64(), "exchanges a day that the plan is meant for", leaves="as_count"),
        column("product_type", TEXT, "kind of use that was declared or is known: chat, coding, agent, rag, batch, support, ...", leaves="as_count"),
        column("signup_path", TEXT, "way it signed up: web, education, startup, research, reseller, sales", leaves="as_count"),
        column("payment", HASH, "pseudonym of the payment instrument", leaves="as_tag"),
        column("registration", HASH, "pseudonym of the registration pattern (mail domain and name shape)", leaves="as_tag"),
        column("device", HASH, "pseudonym of the sign-up device", leaves="as_tag"),
        column("declared_programme", TEXT, "registered purpose: evaluation, research, classroom, distillation, reseller", leaves="as_count"),
        column("contract_region", TEXT, "region that the contract names; used only where the contract has a region rule"),
        column("verification", TEXT, "identity check passed: none, email, phone, payment, document, organisation", leaves="as_count"),
        column("mail_kind", TEXT, "kind of mail domain it signed up with: public, organisation, education, alias, disposable", leaves="as_count"),
        column("card_kind", TEXT, "kind of card on record: credit, debit, prepaid, virtual, none", leaves="as_count"),
    ),
)

RELEASES = Table(
    name="releases",
    row="One model's launch.",
    key=("model",),
    columns=(
        column("model", TEXT, "model", required=True, leaves="free"),
        column("at", TIME, "when it was launched", required=True, leaves="free"),
    ),
)

LABELS = Table(
    name="labels",
    row="What a person decided about an account: cleared accounts calibrate all others.",
    key=("account",),
    columns=(
        column("account", HASH, "the account", required=True),
        column("label", TEXT, "`cleared`: looked at, and found to be an ordinary customer", required=True, leaves="as_count"),
        column("by", TEXT, "who decided"),
        column("at", TIME, "when"),
        column("reason", TEXT, "why"),
    ),
)

PURPOSES = Table(
    name="purposes",
    row="One account or organisation that a declared purpose of the register covers, as of the last scan.",
    key=("number", "about"),
    columns=(
        column("number", pa.int64(), "number of the declaration in the journal", required=True, leaves="as_count"),
        column("kind", TEXT, "account or org", required=True, leaves="as_count"),
        column("about", HASH, "the account or organisation", required=True),
        column("purpose", TEXT, "evaluation, research, classroom, distillation or reseller", required=True, leaves="as_count"),
        column("valid_from", TIME, "from when it counts", required=True, leaves="as_count"),
        column("valid_until", TIME, "when it ends", required=True, leaves="as_count"),
    ),
)

REJECTS = Table(
    name="rejects",
    row="One row of a log that could not be read, and why. Never its text.",
    key=("source", "line", "field"),
    columns=(
        column("source", HASH, "fingerprint of the file", required=True),
        column("path", TEXT, "file it stood in", required=True),
        column("line", pa.int64(), "line or row, from 1", required=True),
        column("format", TEXT, "format it was read as"),
        column("field", TEXT, "field at fault, or `row`", required=True),
        column("reason", TEXT, "what was got and what was expected", required=True),
    ),
)
