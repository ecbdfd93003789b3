"""Every table of a workspace: its columns, their types and meanings, and which may leave the house.

This file is the contract between rooms. A room reads and writes tables only as they stand here; `engine.store` checks
each write. A change of a column is a change of `CONTRACT_VERSION` and a line in `docs/decisions/`; new columns are added at the end.

Hashes and pseudonyms are signed 64-bit integers, so that every engine can hold them. `None` means unknown, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

__all__ = ["CONTRACT_VERSION", "TABLES", "Column", "Table", "table"]

CONTRACT_VERSION = 1
"""Raised when a column changes its meaning or type; a workspace of a newer version is refused, an older one migrated."""

Leaves = Literal["never", "as_count", "as_tag", "free"]
"""Whether a value may leave the house: never, only counted, only as a blinded tag, or freely."""

TIME = pa.timestamp("us", tz="UTC")
HASH = pa.int64()
TEXT = pa.string()


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column: its name, Arrow type, what it means, whether it may be unknown, and whether it may leave the house."""

    name: str
    type: pa.DataType
    meaning: str
    required: bool = False
    leaves: Leaves = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One table: what a row is, its columns, its key, and whether it is partitioned by day."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    by_day: bool = False

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema that every part of this table has."""
        return pa.schema([pa.field(c.name, c.type, nullable=not c.required) for c in self.columns])

    def names(self) -> list[str]:
        """The column names in order."""
        return [c.name for c in self.columns]


def _column(name: str, type_: pa.DataType, meaning: str, *, required: bool = False, leaves: Leaves = "never") -> Column:
    return Column(name=name, type=type_, meaning=meaning, required=required, leaves=leaves)


_WHO = (
    _column("account", HASH, "pseudonym of who is billed; unknown when the log names nobody"),
    _column("org", HASH, "pseudonym of the organisation the account belongs to"),
    _column("credential", HASH, "pseudonym of the API key or token used"),
    _column("end_user", HASH, "pseudonym of the end user that the caller named"),
)
_WHERE_FROM = (
    _column("ip", HASH, "pseudonym of the caller's address"),
    _column("subnet", HASH, "pseudonym of the caller's /24 (IPv4) or /48 (IPv6)"),
    _column("asn", pa.int32(), "autonomous system number of the caller's network", leaves="as_count"),
    _column("user_agent", HASH, "pseudonym of the whole user-agent string"),
    _column("tls_fingerprint", HASH, "pseudonym of the TLS fingerprint (JA3 or JA4)"),
    _column("client_claimed", TEXT, "client that the user agent claims to be: its first product token, at most 40 characters"),
    _column("client_telemetry", pa.bool_(), "whether product telemetry of that client was seen for the account"),
)
_ASKED = (
    _column("model", TEXT, "model that was asked for", leaves="free"),
    _column("pathway", TEXT, "way in: api, batch, bedrock, azure, vertex, gateway, aggregator", leaves="as_count"),
    _column("outcome", TEXT, "ok, refused, error or cancelled", leaves="as_count"),
    _column("http_status", pa.int16(), "HTTP status of the response", leaves="as_count"),
)
_SIZES = (
    _column("input_tokens", pa.int32(), "tokens in, as billed", leaves="as_count"),
    _column("output_tokens", pa.int32(), "tokens out, as billed, reasoning included where the provider includes it", leaves="as_count"),
    _column("reasoning_tokens", pa.int32(), "reasoning tokens, where the provider counts them apart", leaves="as_count"),
    _column("cached_tokens", pa.int32(), "input tokens served from a cache", leaves="as_count"),
)
_SAMPLING = (
    _column("max_tokens", pa.int32(), "limit on output tokens that was asked for", leaves="as_count"),
    _column("temperature", pa.float32(), "sampling temperature that was asked for", leaves="as_count"),
    _column("top_p", pa.float32(), "nucleus probability that was asked for", leaves="as_count"),
    _column("top_k", pa.int32(), "top-k that was asked for", leaves="as_count"),
    _column("n", pa.int16(), "answers asked for in one request", leaves="as_count"),
    _column("logprobs", pa.bool_(), "whether log-probabilities were asked for", leaves="as_count"),
    _column("top_logprobs", pa.int16(), "alternatives per token asked for", leaves="as_count"),
    _column("logit_bias", pa.bool_(), "whether a logit bias was set", leaves="as_count"),
    _column("stream", pa.bool_(), "whether the answer was streamed", leaves="as_count"),
)

_EXCHANGES = Table(
    name="exchanges",
    row="One request with its response, as the log had it. The only table that holds text.",
    key=("exchange_id",),
    by_day=True,
    columns=(
        _column("exchange_id", HASH, "keyed hash of the request id, or of the row's content where there is none", required=True),
        _column("at", TIME, "when the request began", required=True),
        *_WHO,
        *_WHERE_FROM,
        *_ASKED,
        _column("retention_class", TEXT, "how long the organisation's text may be kept: standard or zero"),
        _column("system", TEXT, "system or developer instructions, joined"),
        _column("prompt", TEXT, "text of the last user turn"),
        _column("messages", TEXT, "the turns before it as a JSON array of {role, content}; unknown when there were none"),
        _column("turns", pa.int32(), "messages in the request without system instructions", leaves="as_count"),
        _column("tools", TEXT, "names of the offered tools, sorted, joined by a comma"),
        _column("output", TEXT, "text of the answer; several answers are joined by a form feed"),
        _column("reasoning", TEXT, "reasoning or its summary, where it was returned"),
        _column("reasoning_artifacts", pa.list_(HASH), "keyed hashes of the reasoning signatures or encrypted blocks sent or returned"),
        *_SIZES,
        *_SAMPLING,
        _column("stop_reason", TEXT, "why the answer ended, in the provider's words", leaves="as_count"),
        _column("refusal_category", TEXT, "category of a refusal, where the provider gives one", leaves="as_count"),
        _column("conversation", HASH, "pseudonym of the conversation, session or thread"),
        _column("request", HASH, "pseudonym of the provider's request id"),
        _column("format", TEXT, "log format it was read from", required=True, leaves="free"),
        _column("source", HASH, "fingerprint of the file it was read from", required=True),
        _column("line", pa.int64(), "line or row in that file, from 1", required=True),
    ),
)

_FEATURES = Table(
    name="features",
    row="One exchange as numbers: no text. Everything after featurising reads this table instead of `exchanges`.",
    key=("exchange_id",),
    by_day=True,
    columns=(
        _column("exchange_id", HASH, "the exchange", required=True),
        _column("at", TIME, "when the request began", required=True),
        *_WHO,
        *_WHERE_FROM,
        *_ASKED,
        *_SIZES,
        *_SAMPLING,
        _column("turns", pa.int32(), "messages in the request without system instructions", leaves="as_count"),
        _column("tools", HASH, "hash of the offered tools' names"),
        _column("conversation", HASH, "pseudonym of the conversation"),
        _column("slice", pa.int8(), "0: discovery, 1: test. A keyed hash of account and hour; what finds an actor never tests it", required=True),
        _column("prompt_hash", HASH, "keyed hash of the normalised prompt"),
        _column("prompt_words", pa.int32(), "words (or ideographs) in the prompt", leaves="as_count"),
        _column("prompt_skeleton", HASH, "keyed hash of the prompt with numbers, quotations, addresses and ids masked; names are not"),
        _column("anchors", pa.list_(HASH), "sampled shingle hashes of the prompt: what templates are mined from"),
        _column("system_hash", HASH, "keyed hash of the normalised system text"),
        _column("system_anchors", pa.list_(HASH), "sampled shingle hashes of the system text"),
        _column("cell", pa.int32(), "embedding cell of the prompt: a coarse topic"),
        _column("elicitation", pa.int32(), "bit per technique of asking for training value, in the order of `core.Technique`"),
        _column("output_words", pa.int32(), "words in the answer", leaves="as_count"),
        _column("reasoning_returned", pa.bool_(), "whether reasoning or a summary came back", leaves="as_count"),
        _column("refusal_category", TEXT, "category of a refusal, where the provider gives one", leaves="as_count"),
        _column("retention_class", TEXT, "how long the organisation's text may be kept"),
    ),
)

_ACCOUNT_FACTS = Table(
    name="account_facts",
    row="One account as the provider's own records know it.",
    key=("account",),
    columns=(
        _column("account", HASH, "pseudonym of the account", required=True),
        _column("org", HASH, "pseudonym of its organisation"),
        _column("created", TIME, "when it was opened"),
        _column("plan", TEXT, "plan it is on", leaves="as_count"),
        _column("entitlement", pa.int64(), "exchanges a day that the plan is meant for", leaves="as_count"),
        _column("product_type", TEXT, "kind of use that was declared or is known: chat, coding, agent, rag, batch, support, ...", leaves="as_count"),
        _column("signup_path", TEXT, "way it signed up: web, education, startup, research, reseller, sales", leaves="as_count"),
        _column("payment", HASH, "pseudonym of the payment instrument", leaves="as_tag"),
        _column("registration", HASH, "pseudonym of the registration pattern (mail domain and name shape)", leaves="as_tag"),
        _column("device", HASH, "pseudonym of the sign-up device", leaves="as_tag"),
        _column("declared_programme", TEXT, "registered purpose: evaluation, research, classroom, distillation, reseller", leaves="as_count"),
        _column("contract_region", TEXT, "region that the contract names; used only where the contract has a region rule"),
        _column("verification", TEXT, "identity check passed: none, email, phone, payment, document, organisation", leaves="as_count"),
    ),
)

_RELEASES = Table(
    name="releases",
    row="One model's launch.",
    key=("model",),
    columns=(
        _column("model", TEXT, "model", required=True, leaves="free"),
        _column("at", TIME, "when it was launched", required=True, leaves="free"),
    ),
)

_FAMILIES = Table(
    name="families",
    row="One family: prompts or system texts that share a template.",
    key=("family",),
    columns=(
        _column("family", HASH, "id: keyed hash of its anchors", required=True),
        _column("scope", TEXT, "where the template stands: prompt or system", required=True),
        _column("anchors", pa.list_(HASH), "shingle hashes that mark it", required=True, leaves="as_tag"),
        _column("fragments", pa.int32(), "fragments that were joined into it", required=True),
        _column("joined_by", TEXT, "why they were joined: co-occurrence in requests, or overlap of accounts", required=True),
        _column("exchanges", pa.int64(), "exchanges that carry it in the discovery slice", required=True, leaves="as_count"),
        _column("accounts", pa.int64(), "accounts that sent it in the discovery slice", required=True, leaves="as_count"),
        _column("first_at", TIME, "first seen", required=True, leaves="as_count"),
        _column("last_at", TIME, "last seen", required=True, leaves="as_count"),
        _column("distinct_prompts", pa.float64(), "distinct prompts per exchange", required=True, leaves="as_count"),
        _column("single_turn", pa.float64(), "share of exchanges without an earlier turn", leaves="as_count"),
        _column("exclusivity", pa.float64(), "share of its accounts' traffic that it makes up", leaves="as_count"),
        _column("elicitation", pa.int32(), "techniques that at least half of its exchanges carry, as bits", required=True, leaves="free"),
    ),
)

_ACCOUNT_EVIDENCE = Table(
    name="account_evidence",
    row="One signal of one account, as evidence against its null; `signal = combined` is the account's verdict of the run.",
    key=("account", "signal"),
    columns=(
        _column("account", HASH, "the account", required=True),
        _column("signal", TEXT, "which signal, or `combined`", required=True, leaves="free"),
        _column("value", pa.float64(), "measured value, in the signal's unit"),
        _column("n", pa.int64(), "observations behind the value", required=True),
        _column("needed", pa.int64(), "observations that would decide, where it is undecided"),
        _column("p_value", pa.float64(), "conformal p-value; unknown when undecided"),
        _column("e_value", pa.float64(), "e-value; unknown when undecided"),
        _column("stratum", TEXT, "product type whose accounts it was calibrated against", required=True),
        _column("calibration_n", pa.int64(), "calibration accounts", required=True),
        _column("null", TEXT, "null hypothesis in words", required=True, leaves="free"),
        _column("decision", TEXT, "review, quiet or undecided (combined row only)"),
        _column("reason", TEXT, "why, in a sentence"),
    ),
)

_LINKS = Table(
    name="links",
    row="One account's tie to one shared thing (a family, a payment instrument, a subnet). Pairs of accounts meet only through it.",
    key=("account", "kind", "object"),
    columns=(
        _column("account", HASH, "the account", required=True),
        _column("kind", TEXT, "family, payment, registration, device, subnet, tls, user_agent, ...", required=True, leaves="free"),
        _column("object", HASH, "the shared thing", required=True),
        _column("weight", pa.float64(), "weight by kind and rarity", required=True),
        _column("exchanges", pa.int64(), "exchanges behind it in the discovery slice; unknown for account facts"),
        _column("object_accounts", pa.int64(), "accounts that share the thing", required=True, leaves="as_count"),
        _column("hub", pa.bool_(), "too widely shared to link anybody (carrier, campus, cloud, popular harness)", required=True),
        _column("reason", TEXT, "why it links, in a sentence", required=True),
    ),
)

_ACTORS = Table(
    name="actors",
    row="One candidate actor: accounts that one operator seems to run, with what was decided.",
    key=("actor",),
    columns=(
        _column("actor", HASH, "id: keyed hash of first day and founding members; never reused", required=True),
        _column("first_seen", TIME, "first exchange", required=True, leaves="as_count"),
        _column("last_seen", TIME, "last exchange", required=True, leaves="as_count"),
        _column("accounts", pa.int64(), "members", required=True, leaves="as_count"),
        _column("exchanges", pa.int64(), "exchanges of the members", required=True, leaves="as_count"),
        _column("harvest_exchanges", pa.int64(), "of these, exchanges that carry the actor's families or techniques", required=True, leaves="as_count"),
        _column("yield_exchanges", pa.int64(), "distinct prompts answered among them: what was obtained", required=True, leaves="as_count"),
        _column("yield_tokens", pa.int64(), "output tokens among them, where counted", leaves="as_count"),
        _column("capability", TEXT, "capability sought, in words", required=True, leaves="free"),
        _column("found_by", pa.list_(TEXT), "kinds of link that hold it together", required=True, leaves="free"),
        _column("families", pa.list_(HASH), "its families", required=True),
        _column("e_value", pa.float64(), "evidence on held-out data against the actor's null; unknown when undecided", leaves="free"),
        _column("threshold", pa.float64(), "e-value that e-BH demanded at the run's budget", leaves="free"),
        _column("decision", TEXT, "review, set_aside or undecided", required=True, leaves="free"),
        _column("lookalike", TEXT, "innocent explanation that fits best", leaves="free"),
        _column("lookalike_fits", pa.bool_(), "whether that explanation fits well enough to set the candidate aside", leaves="free"),
        _column("reason", TEXT, "the sentence that says why", required=True),
    ),
)

_ACTOR_MEMBERS = Table(
    name="actor_members",
    row="One account's membership of an actor.",
    key=("actor", "account", "valid_from"),
    columns=(
        _column("actor", HASH, "the actor", required=True),
        _column("account", HASH, "the account", required=True),
        _column("valid_from", TIME, "member since", required=True),
        _column("valid_to", TIME, "member until; unknown while it lasts"),
        _column("links", pa.int64(), "links that tie it to the actor", required=True),
        _column("weight", pa.float64(), "sum of their weights", required=True),
        _column("exchanges", pa.int64(), "its exchanges", required=True),
        _column("harvest_exchanges", pa.int64(), "of these, exchanges that carry the actor's families or techniques", required=True),
        _column("reason", TEXT, "why it is a member, in a sentence", required=True),
    ),
)

_ACTOR_LINEAGE = Table(
    name="actor_lineage",
    row="One event in an actor's life: born, merged, split, alias.",
    key=("actor", "event", "at", "other"),
    columns=(
        _column("actor", HASH, "the actor", required=True),
        _column("event", TEXT, "born, merged_into, split_from or alias_of", required=True),
        _column("other", HASH, "the other actor, where there is one"),
        _column("at", TIME, "when", required=True),
    ),
)

_ACTOR_EVIDENCE = Table(
    name="actor_evidence",
    row="One test of one candidate actor on data that was not used to find it.",
    key=("actor", "test"),
    columns=(
        _column("actor", HASH, "the actor", required=True),
        _column("test", TEXT, "which test, or `combined`", required=True, leaves="free"),
        _column("vote", TEXT, "structural, behavioural or coordination", required=True, leaves="free"),
        _column("supports", TEXT, "harvest, innocent or neither", required=True, leaves="free"),
        _column("value", pa.float64(), "measured value", leaves="free"),
        _column("low", pa.float64(), "lower end of its interval", leaves="free"),
        _column("high", pa.float64(), "upper end of its interval", leaves="free"),
        _column("expected", pa.float64(), "value expected under the null", leaves="free"),
        _column("n", pa.int64(), "observations", required=True, leaves="as_count"),
        _column("needed", pa.int64(), "observations that would decide, where it is undecided"),
        _column("p_value", pa.float64(), "p-value; unknown when undecided", leaves="free"),
        _column("e_value", pa.float64(), "e-value; unknown when undecided", leaves="free"),
        _column("null", TEXT, "null hypothesis in words", required=True, leaves="free"),
        _column("sentence", TEXT, "result in a sentence", required=True, leaves="free"),
    ),
)

_CALIBRATION = Table(
    name="calibration",
    row="How one signal was calibrated in one stratum.",
    key=("signal", "stratum"),
    columns=(
        _column("signal", TEXT, "the signal", required=True, leaves="free"),
        _column("stratum", TEXT, "product type", required=True, leaves="free"),
        _column("accounts", pa.int64(), "accounts with enough data", required=True, leaves="as_count"),
        _column("undecided", pa.int64(), "accounts with too little data", required=True, leaves="as_count"),
        _column("trimmed", pa.int64(), "accounts left out of calibration as the most extreme", required=True, leaves="as_count"),
        _column("calibration_n", pa.int64(), "accounts that each p-value was compared with, at least", required=True, leaves="as_count"),
        _column("contamination_bound", pa.float64(), "share of guilty accounts in the logs up to which the p-values stay valid", required=True, leaves="free"),
        _column("smallest_p", pa.float64(), "smallest p-value that this n can give", required=True, leaves="free"),
        _column("uniformity", pa.float64(), "p-value of the null monitor: small when the p-values of the bulk are not uniform", leaves="free"),
        _column("quantiles", pa.list_(pa.float64()), "the signal's values at 1, 5, 25, 50, 75, 95, 99 % of accounts", required=True, leaves="as_count"),
    ),
)

_REJECTS = Table(
    name="rejects",
    row="One row of a log that could not be read, and why. Never its text.",
    key=("source", "line", "field"),
    columns=(
        _column("source", HASH, "fingerprint of the file", required=True),
        _column("path", TEXT, "file it stood in", required=True),
        _column("line", pa.int64(), "line or row, from 1", required=True),
        _column("format", TEXT, "format it was read as"),
        _column("field", TEXT, "field at fault, or `row`", required=True),
        _column("reason", TEXT, "what was got and what was expected", required=True),
    ),
)

_RUNS = Table(
    name="runs",
    row="One scan: what it read and what it concluded. The only table with the clock in it.",
    key=("run",),
    columns=(
        _column("run", HASH, "hash of inputs, settings and version: the same scan has the same id", required=True),
        _column("version", TEXT, "Stillwatch version", required=True, leaves="free"),
        _column("settings", TEXT, "settings that differ from the defaults, as JSON", required=True),
        _column("summary", TEXT, "counts of the run as JSON", required=True, leaves="as_count"),
    ),
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        _EXCHANGES,
        _FEATURES,
        _ACCOUNT_FACTS,
        _RELEASES,
        _FAMILIES,
        _ACCOUNT_EVIDENCE,
        _CALIBRATION,
        _LINKS,
        _ACTORS,
        _ACTOR_MEMBERS,
        _ACTOR_LINEAGE,
        _ACTOR_EVIDENCE,
        _REJECTS,
        _RUNS,
    )
}
"""Every table by name."""


def table(name: str) -> Table:
    """Return the contract of the table `name`.

    >>> table("releases").names()
    ['model', 'at']
    """
    return TABLES[name]
