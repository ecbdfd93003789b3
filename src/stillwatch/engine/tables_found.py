"""What was found: families, links and evidence, the actors that they add up to, and the run that concluded it."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.engine.contract import HASH, TEXT, TIME, Table, column

__all__ = [
    "ACCOUNT_EVIDENCE",
    "ACTORS",
    "ACTOR_EVIDENCE",
    "ACTOR_LINEAGE",
    "ACTOR_LOOKS",
    "ACTOR_MEMBERS",
    "ARTIFACTS",
    "CALIBRATION",
    "FAMILIES",
    "HISTORIES",
    "LINKS",
    "LOOKS",
    "RUNS",
    "SIGNUPS",
    "STANDING",
    "TOPICS",
]

# One column a line reads as the table that it is.


ARTIFACTS = Table(
    name="artifacts",
    row="One place of one reasoning signature: where it was first seen, or how often one account sent it in one conversation and way.",
    key=("artifact", "role", "account", "conversation", "model", "slice", "first_at"),
    columns=(
        column("artifact", HASH, "keyed hash of the signature or encrypted block", required=True),
        column("role", TEXT, "returned: the response that first brought it; sent: requests that carried it", required=True, leaves="free"),
        column("account", HASH, "who received or sent it here"),
        column("org", HASH, "organisation here"),
        column("conversation", HASH, "conversation here"),
        column("model", TEXT, "model here", leaves="free"),
        column("slice", pa.int8(), "0: discovery, 1: test, as in `features`", required=True),
        column("prefix", HASH, "keyed hash of the user's turns before it was returned; unknown for sendings"),
        column("first_at", TIME, "first time here", required=True, leaves="as_count"),
        column("last_at", TIME, "last time here", required=True, leaves="as_count"),
        column("exchanges", pa.int64(), "exchanges here", required=True, leaves="as_count"),
        column("origin_account", HASH, "account that it was first returned to"),
        column("other_account", pa.bool_(), "sent by another account than it was returned to", leaves="as_count"),
        column("other_org", pa.bool_(), "sent by another organisation", leaves="as_count"),
        column("other_model", pa.bool_(), "sent to a model of another family (versions of one model are one family)", leaves="as_count"),
        column("other_conversation", pa.bool_(), "sent in a conversation that does not begin as the one that it was returned in", leaves="as_count"),
        column("edited_prefix", pa.bool_(), "sent in its own conversation after earlier user turns were changed or dropped, as compaction does", leaves="as_count"),
    ),
)

FAMILIES = Table(
    name="families",
    row="One family: prompts or system texts that share a template.",
    key=("family",),
    columns=(
        column("family", HASH, "id: keyed hash of its anchors", required=True),
        column("scope", TEXT, "where the template stands: prompt or system", required=True),
        column("anchors", pa.list_(HASH), "shingle hashes that mark it", required=True, leaves="as_tag"),
        column("fragments", pa.int32(), "fragments that were joined into it", required=True),
        column("joined_by", TEXT, "why they were joined: co-occurrence in requests, or overlap of accounts", required=True),
        column("exchanges", pa.int64(), "exchanges that carry it in the discovery slice", required=True, leaves="as_count"),
        column("accounts", pa.int64(), "accounts that sent it in the discovery slice", required=True, leaves="as_count"),
        column("first_at", TIME, "first seen", required=True, leaves="as_count"),
        column("last_at", TIME, "last seen", required=True, leaves="as_count"),
        column("distinct_prompts", pa.float64(), "distinct prompts per exchange", required=True, leaves="as_count"),
        column("single_turn", pa.float64(), "share of exchanges without an earlier turn", leaves="as_count"),
        column("exclusivity", pa.float64(), "share of its accounts' traffic that it makes up", leaves="as_count"),
        column("elicitation", pa.int32(), "techniques that at least half of its exchanges carry, as bits", required=True, leaves="free"),
    ),
)

ACCOUNT_EVIDENCE = Table(
    name="account_evidence",
    row="One signal of one account, as evidence against its null; `signal = combined` is the account's verdict of the run.",
    key=("account", "signal"),
    columns=(
        column("account", HASH, "the account", required=True),
        column("signal", TEXT, "which signal, or `combined`", required=True, leaves="free"),
        column("value", pa.float64(), "measured value, in the signal's unit"),
        column("n", pa.int64(), "observations behind the value", required=True),
        column("needed", pa.int64(), "observations that would decide, where it is undecided"),
        column("p_value", pa.float64(), "conformal p-value; unknown when undecided"),
        column("e_value", pa.float64(), "e-value; unknown when undecided"),
        column("stratum", TEXT, "product type whose accounts it was calibrated against", required=True),
        column("calibration_n", pa.int64(), "calibration accounts", required=True),
        column("null", TEXT, "null hypothesis in words", required=True, leaves="free"),
        column("decision", TEXT, "review, quiet or undecided (combined row only)"),
        column("reason", TEXT, "why, in a sentence"),
        column("proposal", TEXT, "hardest action whose error budget the account passed: review, verify, throttle or block (combined row only)"),
    ),
)

LINKS = Table(
    name="links",
    row="One account's tie to one shared thing (a family, a payment instrument, a subnet). Pairs of accounts meet only through it.",
    key=("account", "kind", "object"),
    columns=(
        column("account", HASH, "the account", required=True),
        column("kind", TEXT, "family, payment, device, artifact (replayed reasoning), registration, ip, subnet or tls", required=True, leaves="free"),
        column("object", HASH, "the shared thing; of an artifact link the smallest account of the pool", required=True),
        column("weight", pa.float64(), "weight by kind and rarity", required=True),
        column("exchanges", pa.int64(), "exchanges behind it in the discovery slice; unknown for account facts"),
        column("object_accounts", pa.int64(), "accounts that share the thing", required=True, leaves="as_count"),
        column("hub", pa.bool_(), "too widely shared to link anybody (carrier, campus, cloud, popular harness)", required=True),
        column("reason", TEXT, "why it links, in a sentence", required=True),
    ),
)

ACTORS = Table(
    name="actors",
    row="One candidate actor: accounts that one operator seems to run, with what was decided.",
    key=("actor",),
    columns=(
        column("actor", HASH, "id: keyed hash of first day and founding members; never reused, kept for as long as it is recognised", required=True),
        column("first_seen", TIME, "first exchange", required=True, leaves="as_count"),
        column("last_seen", TIME, "last exchange", required=True, leaves="as_count"),
        column("accounts", pa.int64(), "members", required=True, leaves="as_count"),
        column("exchanges", pa.int64(), "exchanges of the members", required=True, leaves="as_count"),
        column("harvest_exchanges", pa.int64(), "of these, exchanges that carry the actor's families or techniques", required=True, leaves="as_count"),
        column("yield_exchanges", pa.int64(), "distinct prompts answered among them: what was obtained", required=True, leaves="as_count"),
        column("yield_tokens", pa.int64(), "output tokens among them, where counted", leaves="as_count"),
        column("capability", TEXT, "capability sought, in words", required=True, leaves="free"),
        column("found_by", pa.list_(TEXT), "kinds of link that hold it together", required=True, leaves="free"),
        column("families", pa.list_(HASH), "its families", required=True),
        column("e_value", pa.float64(), "evidence of this run on held-out data against the actor's null; unknown when undecided", leaves="free"),
        column("threshold", pa.float64(), "evidence that e-BH demanded at the run's budget, over all actors ever tracked", leaves="free"),
        column("decision", TEXT, "review, set_aside or undecided", required=True, leaves="free"),
        column("lookalike", TEXT, "innocent explanation that fits best", leaves="free"),
        column("lookalike_fits", pa.bool_(), "whether that explanation fits well enough to set the candidate aside", leaves="free"),
        column("reason", TEXT, "the sentence that says why", required=True),
        column("evidence", pa.float64(), "evidence so far: weighted sum over the days on which it was looked at; unknown when undecided", leaves="free"),
        column("looks", pa.int64(), "days with evidence, this one included", leaves="free"),
    ),
)

ACTOR_MEMBERS = Table(
    name="actor_members",
    row="One account's membership of an actor.",
    key=("actor", "account", "valid_from"),
    columns=(
        column("actor", HASH, "the actor", required=True),
        column("account", HASH, "the account", required=True),
        column("valid_from", TIME, "member since", required=True),
        column("valid_to", TIME, "last exchange, where it seems to have stopped; unknown while it lasts"),
        column("links", pa.int64(), "links that tie it to the actor", required=True),
        column("weight", pa.float64(), "sum of their weights", required=True),
        column("exchanges", pa.int64(), "its exchanges", required=True),
        column("harvest_exchanges", pa.int64(), "of these, exchanges that carry the actor's families or techniques", required=True),
        column("reason", TEXT, "why it is a member, in a sentence", required=True),
        column("replaces", HASH, "member that stopped within a day before this one began, where one did"),
    ),
)

ACTOR_LINEAGE = Table(
    name="actor_lineage",
    row="One event in an actor's life: born, merged, split, seen to share a pool of accounts with another. Actors of earlier scans are kept.",
    key=("actor", "event", "at", "other"),
    columns=(
        column("actor", HASH, "the actor", required=True),
        column("event", TEXT, "born, merged_into, split_from or shares_pool_with", required=True),
        column("other", HASH, "the other actor, where there is one"),
        column("at", TIME, "when", required=True),
    ),
)

ACTOR_LOOKS = Table(
    name="actor_looks",
    row="One day's look at one tracked actor. The only table that a scan reads of an earlier scan.",
    key=("actor", "day"),
    columns=(
        column("actor", HASH, "the actor", required=True),
        column("day", TIME, "last day of the logs then, its first instant; a later scan of the same day does not replace the look", required=True, leaves="as_count"),
        column("first_at", TIME, "first exchange of the accounts that founded it", required=True, leaves="as_count"),
        column("accounts", pa.int64(), "accounts that its links tied then", required=True, leaves="as_count"),
        column("e_value", pa.float64(), "evidence on the test slice of all logs by then; unknown when undecided", leaves="free"),
        column("looks", pa.int64(), "looks with evidence so far; from one again where too few of its accounts had been the actor's before", required=True, leaves="free"),
        column("evidence", pa.float64(), "weighted sum over these looks; the chance that it ever reaches 1/a under the null is at most a", leaves="free"),
        column("decision", TEXT, "review, set_aside or undecided", required=True, leaves="free"),
        column("founders", pa.list_(HASH), "the accounts; kept for the last two looks"),
        column("marks", pa.list_(HASH), "up to 256 shingles of its families, payment instruments and devices; kept for the last two looks", leaves="as_tag"),
        column("split_from", HASH, "actor that it was part of at the last look"),
        column("merged_into", HASH, "actor that it is part of from this day on"),
    ),
)

ACTOR_EVIDENCE = Table(
    name="actor_evidence",
    row="One test of one candidate actor on data that was not used to find it.",
    key=("actor", "test"),
    columns=(
        column("actor", HASH, "the actor", required=True),
        column("test", TEXT, "which test, or `combined`", required=True, leaves="free"),
        column("vote", TEXT, "structural, behavioural or coordination", required=True, leaves="free"),
        column("supports", TEXT, "harvest, innocent or neither", required=True, leaves="free"),
        column("value", pa.float64(), "measured value", leaves="free"),
        column("low", pa.float64(), "lower end of its interval", leaves="free"),
        column("high", pa.float64(), "upper end of its interval", leaves="free"),
        column("expected", pa.float64(), "value expected under the null", leaves="free"),
        column("n", pa.int64(), "observations", required=True, leaves="as_count"),
        column("needed", pa.int64(), "observations that would decide, where it is undecided"),
        column("p_value", pa.float64(), "p-value; unknown when undecided", leaves="free"),
        column("e_value", pa.float64(), "e-value; unknown when undecided", leaves="free"),
        column("null", TEXT, "null hypothesis in words", required=True, leaves="free"),
        column("sentence", TEXT, "result in a sentence", required=True, leaves="free"),
    ),
)

CALIBRATION = Table(
    name="calibration",
    row="How one signal was calibrated in one stratum.",
    key=("signal", "stratum"),
    columns=(
        column("signal", TEXT, "the signal", required=True, leaves="free"),
        column("stratum", TEXT, "product type", required=True, leaves="free"),
        column("accounts", pa.int64(), "accounts with enough data", required=True, leaves="as_count"),
        column("undecided", pa.int64(), "accounts with too little data", required=True, leaves="as_count"),
        column("trimmed", pa.int64(), "accounts left out of calibration as the most extreme", required=True, leaves="as_count"),
        column("calibration_n", pa.int64(), "accounts that each p-value was compared with, at least", required=True, leaves="as_count"),
        column("contamination_bound", pa.float64(), "share of guilty accounts in the logs up to which the p-values stay valid", required=True, leaves="free"),
        column("smallest_p", pa.float64(), "smallest p-value that this n can give", required=True, leaves="free"),
        column("uniformity", pa.float64(), "p-value of the null monitor: small when the p-values of the bulk are not uniform", leaves="free"),
        column("quantiles", pa.list_(pa.float64()), "the signal's values at 1, 5, 25, 50, 75, 95, 99 % of accounts", required=True, leaves="as_count"),
        column("certified_level", pa.float64(), "p-value at which the rate of false alarms is certified", leaves="free"),
        column("certified_rate", pa.float64(), "most that this rate can be for honest accounts, given this calibration, with 95 % confidence; unknown for the combined row", leaves="free"),
    ),
)

HISTORIES = Table(
    name="histories",
    row="One account's history of evidence over the days that were looked at, each day once. Empty until somebody has cleared accounts.",
    key=("account",),
    columns=(
        column("account", HASH, "the account", required=True),
        column("product", TEXT, "product type when it first came; histories are compared within it", required=True, leaves="as_count"),
        column("role", TEXT, "tested, or spared while it is cleared; reference where it was cleared when it first came, or lapsed while it is not", required=True, leaves="as_count"),
        column("first", pa.date32(), "first day (UTC) with an exchange", required=True),
        column("last", pa.date32(), "last day with an exchange", required=True),
        column("days", pa.int64(), "days that count: with enough data, beside enough cleared accounts", required=True),
        column("score", pa.float64(), "sum of `recent`; no evidence by itself", required=True),
        column("recent", pa.list_(pa.float64()), "logarithms of its daily e-values on its latest 16 days that count, newest first; histories are ranked by them over as many days on both sides", required=True),
        column("evidence", pa.float64(), "weighted sum of its bets over all looks: for an honest account the chance that it ever reaches 1/a is at most a", required=True),
        column("part", pa.float64(), "the same with each look's bet divided by the accounts looked at: what the error budgets are spent on", required=True),
        column("reached", pa.date32(), "day on which it first reached what the review budget asks; unknown while it has not"),
        column("reached_look", pa.int64(), "number of that look"),
        column("action", TEXT, "hardest action whose budget it has reached: review, verify, throttle or block"),
        column("looks", pa.int64(), "looks so far, the same in every row", required=True, leaves="as_count"),
        column("through", pa.date32(), "last day looked at, the same in every row", required=True, leaves="as_count"),
    ),
)

LOOKS = Table(
    name="looks",
    row="One day that was looked at, for one product type: what was fed, and whether its cleared accounts still resembled the others.",
    key=("day", "product"),
    columns=(
        column("day", pa.date32(), "the day (UTC)", required=True, leaves="as_count"),
        column("product", TEXT, "product type of the accounts", required=True, leaves="as_count"),
        column("look", pa.int64(), "number of the look, from 1; from 1 again where a person let the product type start anew", required=True, leaves="as_count"),
        column("exchanges", pa.int64(), "exchanges of these accounts that were fed; what comes later for this day is late and never fed", required=True, leaves="as_count"),
        column("tested", pa.int64(), "histories tested: of accounts with an exchange in the window and a day that counts", required=True, leaves="as_count"),
        column("references", pa.int64(), "such histories of cleared accounts that they were compared with", required=True, leaves="as_count"),
        column("hostile", pa.int64(), "of these, as many may be hostile before the evidence loses its promise", required=True, leaves="as_count"),
        column("drift_p", pa.float64(), "p-value of this day that the tested come from where the cleared come from, but for the share that may be guilty; unknown with too few", leaves="free"),
        column("drift_looks", pa.int64(), "days so far on which that could be asked", required=True, leaves="as_count"),
        column("drift_evidence", pa.float64(), "evidence so far that the cleared accounts no longer resemble the others; the chance that it ever reaches 1,000 while they do is at most 0.001", required=True, leaves="free"),
        column("off_since", pa.date32(), "day from which on nobody of this product type is put up for review any more; unknown while the guarantee holds", leaves="as_count"),
    ),
)

SIGNUPS = Table(
    name="signups",
    row="One account's sign-up, scored by the provider's records alone, before any traffic. A description, never a verdict.",
    key=("account",),
    columns=(
        column("account", HASH, "the account", required=True),
        column("created", TIME, "when it was opened"),
        column("score", pa.float64(), "mean of the facets that are known; unknown where none is"),
        column("low", pa.float64(), "least that the score can be, whatever the unknown facets are", required=True),
        column("high", pa.float64(), "most that it can be", required=True),
        column("facts", pa.int64(), "facets known, of five", required=True),
        column("like", pa.int64(), "other accounts with the same registration pattern on the same day (UTC)", leaves="as_count"),
        column("expected", pa.float64(), "such accounts that the other days lead to expect", leaves="as_count"),
        column("batch", pa.float64(), "facet: how much of a batch of like sign-ups it is in", leaves="as_count"),
        column("disposable_mail", pa.float64(), "facet: 1 for a disposable mail domain", leaves="as_count"),
        column("prepaid_card", pa.float64(), "facet: 1 for a prepaid or virtual card", leaves="as_count"),
        column("unverified", pa.float64(), "facet: 1 where no identity check was passed", leaves="as_count"),
        column("unchecked_programme", pa.float64(), "facet: 1 for education, research or startup terms without a document or organisation checked", leaves="as_count"),
    ),
)

TOPICS = Table(
    name="topics",
    row="What one account asks about beside all others of the log, each distinct prompt once; accounts with fewer than 20 have no row.",
    key=("account",),
    columns=(
        column("account", HASH, "the account", required=True),
        column("prompts", pa.int64(), "distinct prompts whose meaning is known", required=True, leaves="as_count"),
        column("shift", pa.float64(), "squared distance of its mean meaning from that of the other accounts", required=True),
        column("spread", pa.float64(), "squared distance of its shares of topics from those of the other accounts, each over the others' share", required=True),
        column("focus", pa.float64(), "logarithm of the evidence, scaled down to 64 prompts, that some topics are asked about more than by others", required=True),
        column("novelty", pa.float64(), "share of its prompts that lie farther out than 99 % of all do, each account counting alike", required=True),
        column("most", pa.list_(pa.int32()), "topics that carry that evidence, at most three, the strongest first", required=True),
        column("most_prompts", pa.list_(pa.int64()), "its prompts about each of them", required=True),
        column("most_expected", pa.list_(pa.float64()), "prompts that the other accounts lead to expect", required=True),
    ),
)

STANDING = Table(
    name="standing",
    row="One account's standing: what the machine proposes, up to throttle, and what a person decided, which wins. Accounts without a row have none.",
    key=("account",),
    columns=(
        column("account", HASH, "the account", required=True),
        column("actor", HASH, "actor under review that it is part of"),
        column("actor_accounts", pa.int64(), "accounts of that actor", leaves="as_count"),
        column("proposed", TEXT, "step that the machine proposes: allow, observe, clamp or throttle", required=True, leaves="as_count"),
        column("decided", TEXT, "what a person decided: clear, no_action, verify, throttle, block or suspend; the hardest of several", leaves="as_count"),
        column("reasons", pa.list_(TEXT), "reason codes of what is proposed and decided, sorted", required=True, leaves="as_count"),
        column("evidence", pa.int32(), "level of evidence in decibans, ten times the decimal logarithm of the e-value; unknown when undecided", leaves="free"),
        column("kinds", pa.int32(), "kinds of finding that propose it: its own traffic, the actor", required=True, leaves="as_count"),
        column("lookalike", TEXT, "innocent explanation that fits best, where one fits", leaves="as_count"),
        column("product", TEXT, "product type", leaves="as_count"),
        column("purposes", pa.list_(TEXT), "declared purposes that are registered", required=True, leaves="as_count"),
        column("since", TIME, "since when the machine has proposed a step without a break, by the time of the logs"),
        column("seen", TIME, "when it was last concluded, by the time of the logs"),
        column("until", TIME, "when the proposal ends unless it is concluded again; a person's decision ends when it is withdrawn"),
        column("ticket", HASH, "number behind the appeal handle (S-...) of the machine's step", required=True),
        column("appeal", TEXT, "what an appeal against the person's decision names"),
    ),
)

RUNS = Table(
    name="runs",
    row="One scan: what it read and what it concluded. The only table with the clock in it.",
    key=("run",),
    columns=(
        column("run", HASH, "hash of inputs, settings and version: the same scan has the same id", required=True),
        column("version", TEXT, "Stillwatch version", required=True, leaves="free"),
        column("settings", TEXT, "settings that differ from the defaults, as JSON", required=True),
        column("summary", TEXT, "counts of the run as JSON", required=True, leaves="as_count"),
    ),
)
