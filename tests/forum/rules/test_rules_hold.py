"""Each rule refuses what it is for, by its code, at the right path, on both ends; and lets our own objects pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.forum.harvest import NOW, POLICY, Object, arriving, indicator, leaving, objects, ours, policy

from stillwatch.core import SettingsError
from stillwatch.forum import Carrier, ForumError, Lane, Override, Pap, Setting, Switches, Tlp, lint, policy_from
from stillwatch.forum.rules.every import RULES
from stillwatch.forum.rules.r07_switches import permits
from stillwatch.forum.rules.r09_aggregate import Sums
from stillwatch.forum.stix.ids import CONDUCT, PAP_IDS, TLP_IDS
from stillwatch.forum.stix.markings import iep_id
from stillwatch.forum.writing.objects import member_id

Change = Callable[[list[Object]], Any]


def codes(batch: list[Object], setting: Setting) -> set[str]:
    return {one.code for one in lint(batch, setting).refusals}


def test_what_we_make_passes_every_rule_on_both_ends() -> None:
    batch = objects()
    assert lint(batch, leaving()).refusals == ()
    assert lint(batch, arriving()).refusals == ()


TLP_1_AMBER = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"


def put(path: str, value: Any, kind: str = "subnet") -> Change:
    """Set a field of an indicator; `+` stands for our extension."""

    def change(batch: list[Object]) -> None:
        one: Any = indicator(kind, batch)
        if path.startswith("+"):
            one = ours(one)
        *steps, last = path.removeprefix("+").split(".")
        for step in steps:
            one = one[step]
        if value is None:
            del one[last]
        else:
            one[last] = value

    return change


def append(one: Object) -> Change:
    return lambda batch: batch.append(one)


def append_changed(kind: str) -> Change:
    return lambda batch: batch.append({**indicator(kind, batch), "confidence": 20})


def of_type(kind: str, **fields: Any) -> Change:
    def change(batch: list[Object]) -> None:
        next(o for o in batch if o["type"] == kind).update(fields)

    return change


def marks(tlp: Tlp, pap: Pap, switches: Switches = Switches()) -> list[str]:  # noqa: B008 - frozen
    return [TLP_IDS[tlp], PAP_IDS[pap], iep_id(switches, tlp)]


BREACHES: dict[str, list[tuple[str, Change]]] = {
    "R1": [
        ("an unknown field", put("x_note", "quiet")),
        ("an unknown field in the extension", put("+x", 1)),
        ("another extension", put("extensions.extension-definition--0", {"extension_type": "property-extension"})),
        ("free text", put("description", "We think this is them.")),
        (
            "a pattern of two comparisons",
            put("pattern", "[ipv4-addr:value = '1.2.3.4' OR ipv4-addr:value = '1.2.3.5']"),
        ),
        ("one address as a pattern", put("pattern", "[ipv4-addr:value ISSUBSET '198.51.100.7/32']")),
        ("a private subnet", put("pattern", "[ipv4-addr:value ISSUBSET '10.1.2.0/24']")),
        (
            "text in a template",
            put(
                "pattern",
                '{"hashes":["ignore all the rules"],"least":0.5,"shape":[8],"version":1,"words":4}',
                "template",
            ),
        ),
        ("a kind that is not the pattern's", put("+kind", "asn")),
        ("raw facts", append({"type": "email-addr", "spec_version": "2.1", "id": "email-addr--1", "value": "x"})),
        ("a truth value for a number", put("confidence", True)),
        ("a changed definition", of_type("extension-definition", name="Other")),
        ("labels", put("labels", ["acme"])),
        ("words in a fingerprint", of_type(CONDUCT, tls_client="the_next_model_comes_out_in_march_27")),
        (
            "a technique of one's own",
            of_type(
                "attack-pattern", kill_chain_phases=[{"kill_chain_name": "mitre-atlas", "phase_name": "march-next"}]
            ),
        ),
        ("a model that nobody knows", put("pattern", "[x-model-api-use:model = 'm-2-next']", "model")),
        ("a model that nobody knows, seen", lambda batch: next(o for o in batch if o.get("model")).update(model="m-2")),
    ],
    "R2": [
        ("a price", put("description", "They pay $20.")),
        ("a field about customers", put("x_customer_name", "x")),
        ("camel case", put("listPrice", 1)),
        ("a share", put("description", "about 40 % of them")),
        ("volumes", put("description", "12,000 requests")),
        ("the name of a model as a channel", put("pattern", "[x-model-api-use:model = 'gpus-sold-out']", "model")),
    ],
    "R3": [
        ("an address of mail", put("description", "mary@example.org")),
        ("a card as a number", put("x_n", 4111111111111111)),
        (
            "mail in a user agent",
            put(
                "pattern",
                "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'bot (mary at example dot org)']",
                "user_agent",
            ),
        ),
        ("a handle of this house", put("description", "A-0QZ4N8W2K7HXA")),
    ],
    "R4": [
        ("an exact count", put("+accounts_seen", 37)),
        ("an exact sighting", of_type("observed-data", number_observed=4321)),
        ("a time of day", put("valid_from", "2026-11-22T13:45:00Z")),
        ("an hour where nothing is live", put("valid_from", "2026-11-22T13:00:00Z")),
        ("a precise creation", put("created", "2026-11-22T13:45:12.123Z")),
        ("microseconds as a channel", put("modified", "2026-11-22T00:00:00.123456Z")),
    ],
    "R5": [
        ("no person", put("+review.human", False)),
        ("nobody named", put("+review.reviewer", None)),
        ("a review to come", put("+review.on", "2027-01-01")),
        ("no evidence", put("+evidence_digest", None)),
        ("too sure alone", put("confidence", 90)),
    ],
    "R6": [
        ("no marking", put("object_marking_refs", None)),
        ("two colours", put("object_marking_refs", [*marks(Tlp.AMBER, Pap.AMBER), TLP_IDS[Tlp.GREEN]])),
        ("no PAP", put("object_marking_refs", [TLP_IDS[Tlp.AMBER]])),
        (
            "TLP 1",
            put("object_marking_refs", [TLP_1_AMBER, PAP_IDS[Pap.AMBER]]),
        ),
        ("TLP 1 beside", put("object_marking_refs", [*marks(Tlp.AMBER, Pap.AMBER), TLP_1_AMBER])),
        ("red through a hub", put("object_marking_refs", marks(Tlp.RED, Pap.RED, Switches(permitted_actions="none")))),
        ("a report milder than its content", of_type("report", object_marking_refs=marks(Tlp.CLEAR, Pap.AMBER))),
        ("parts marked", put("granular_markings", [])),
    ],
    "R7": [
        ("no switches", put("object_marking_refs", marks(Tlp.AMBER_STRICT, Pap.AMBER)[:2])),
        ("wider than the PAP", put("object_marking_refs", marks(Tlp.AMBER_STRICT, Pap.RED))),
    ],
    "R8": [
        ("a field", put("recommended_action", "x")),
        ("a sentence", put("description", "Please block these accounts.")),
        ("an agreement", put("description", "We all agreed to suspend them")),
        ("a course of action", append({"type": "course-of-action", "id": "course-of-action--1"})),
        ("a tie", of_type("relationship", relationship_type="mitigates")),
        ("Chinese", put("description", "请封禁这些账号")),
        ("spaced out", put("description", "please b l o c k them")),
    ],
    "R9": [
        (
            "another's sighting",
            append(
                {
                    "type": "sighting",
                    "id": "sighting--1",
                    "created_by_ref": "identity--1",
                    "where_sighted_refs": ["identity--2"],
                }
            ),
        ),
        (
            "a sum",
            append(
                {
                    "type": "sighting",
                    "id": "sighting--1",
                    "created_by_ref": "identity--1",
                    "where_sighted_refs": ["identity--1", "identity--2"],
                }
            ),
        ),
    ],
    "R10": [
        ("no end", put("valid_until", None)),
        ("an end before the start", put("valid_until", "2026-11-01T00:00:00.000Z")),
        ("too long", put("valid_until", "2027-02-01T00:00:00.000Z")),
        ("an id used twice", append_changed("subnet")),
        ("a start to come", put("valid_from", "2026-12-01T00:00:00.000Z")),
    ],
    "R13": [("another basis", put("+legal_basis.key", "march-next"))],
    "R14": [
        ("nobody signed", put("+sanitised.by", None)),
        ("another profile", put("+sanitised.profile", "eu")),
    ],
    "R15": [
        ("a vulnerability", append({"type": "vulnerability", "id": "vulnerability--1", "name": "x"})),
        ("a named actor", append({"type": "threat-actor", "id": "threat-actor--1", "name": "x"})),
    ],
}
OUTGOING_ONLY = {"another profile", "another basis", "a model that nobody knows", "a model that nobody knows, seen"}


@pytest.mark.parametrize(
    ("code", "change", "name"),
    [(code, change, name) for code, held in BREACHES.items() for name, change in held],
    ids=[f"{code}-{name}" for code, held in BREACHES.items() for name, _ in held],
)
def test_a_breach_is_refused_by_its_rule_on_both_ends(code: str, change: Change, name: str) -> None:
    batch = objects()
    change(batch)
    assert code in codes(batch, leaving())
    if name not in OUTGOING_ONLY:
        assert code in codes(batch, arriving())


def test_every_rule_has_its_code_its_title_and_a_first_line_that_says_it() -> None:
    assert list(RULES) == [f"R{n}" for n in range(1, 16)]
    for code, rule in RULES.items():
        assert rule.title
        assert (rule.check.__doc__ or "").endswith(".")
        module = __import__(rule.check.__module__, fromlist=["x"])
        assert (module.__doc__ or "").startswith(f"{code}. ")


@pytest.mark.parametrize("made", ["indicator--\u0430", f"indicator--{'0' * 200}", "indicator 1", "", None, 7, [], {}])
def test_an_object_whose_id_no_refusal_can_name_does_not_pass(made: Any) -> None:
    batch = objects()
    one = indicator("subnet", batch)
    one["id"] = made
    assert one not in lint(batch, arriving()).passing(batch)


def test_a_refusal_says_where_and_what_to_do_and_never_repeats_the_value() -> None:
    batch = objects()
    put("description", "mary.smith@example.org pays $99")(batch)
    refused = lint(batch, leaving()).refusals
    assert {one.code for one in refused} == {"R1", "R2", "R3"}
    for one in refused:
        assert one.object == indicator("subnet", batch)["id"]
        assert one.path == ".description"
        assert one.mend
        assert "mary" not in str(one)
        assert "99" not in str(one)


@pytest.mark.parametrize(
    "basis",
    [{"on": False}, {"ends": dt.date(2026, 11, 21)}, {"starts": dt.date(2026, 11, 23)}, {"lanes": ["government"]}],
    ids=["switched off", "over", "not begun", "another lane"],
)
def test_without_a_basis_in_force_nothing_at_all_leaves(basis: dict[str, Any]) -> None:
    own = policy(bases={"us-peer": {**POLICY["bases"]["us-peer"], **basis}})
    found = lint(objects(), leaving(policy=own))
    assert {one.code for one in found.refusals} == {"R13"}
    assert found.passing(objects()) == []


def test_a_house_without_a_policy_sends_nothing() -> None:
    assert "R13" in codes(objects(), leaving(policy=None))


def test_what_came_on_a_basis_that_is_over_is_refused() -> None:
    assert "R13" in codes(objects(), arriving(now=NOW + dt.timedelta(days=400)))


def test_nothing_passes_unrecorded_or_beyond_its_quota() -> None:
    assert codes(objects(), leaving(recorded=False)) == {"R11"}
    assert codes(objects(), leaving(most_a_batch=5)) == {"R12"}
    assert codes(objects(), arriving(passed_today=1_990)) == {"R12"}


def test_red_may_go_by_hand() -> None:
    batch = objects()
    red = marks(Tlp.RED, Pap.RED, Switches(permitted_actions="none"))
    for one in batch:
        if "object_marking_refs" in one:
            one["object_marking_refs"] = red
    assert "R6" in codes(batch, leaving())
    assert codes(batch, leaving(carrier=Carrier.FILE)) == set()


def test_an_attack_that_goes_on_may_tell_the_hour() -> None:
    batch = objects()
    put("+live", True)(batch)
    put("valid_from", "2026-11-22T13:00:00.000Z")(batch)
    assert codes(batch, leaving()) == set()


def test_what_was_withdrawn_stays_withdrawn_and_versions_go_forward() -> None:
    batch = objects()
    one = indicator("subnet", batch)
    known = {one["id"]: {**one, "revoked": True}}
    assert "R10" in codes(batch, arriving(before=known))
    back = {**one, "modified": "2026-11-23T00:00:00.000Z"}
    assert [(r.code, r.path) for r in lint([back], arriving(before=known)).refusals] == [("R10", ".revoked")]
    assert "R10" in codes(batch, arriving(before={one["id"]: {**one, "modified": "2026-11-23T00:00:00.000Z"}}))
    assert "R10" in codes(batch, arriving(before={one["id"]: {**one, "confidence": 20}}))
    assert codes(batch, arriving(before={one["id"]: one})) == set()


def test_nobody_changes_or_withdraws_what_another_house_told() -> None:
    one = indicator()
    forged = {**one, "created_by_ref": member_id("11111111"), "modified": "2026-11-23T00:00:00.000Z", "revoked": True}
    found = lint([forged], arriving(before={one["id"]: one}))
    assert [(r.code, r.path) for r in found.refusals] == [("R10", ".created_by_ref")]
    assert lint([one, forged], arriving()).passing([one, forged]) == [], "nor within one batch"


def test_a_profile_keeps_subnets_and_user_agents_at_home() -> None:
    batch = objects()
    for one in batch:
        if one["type"] == "indicator":
            ours(one)["sanitised"]["profile"] = "eu"
    refused = [r for r in lint(batch, leaving(policy=policy(profile="eu"))).refusals if r.code == "R14"]
    assert {r.object for r in refused} == {
        o["id"] for o in batch if o["type"] == "indicator" and ours(o)["kind"] in ("subnet", "user_agent")
    }


def test_two_people_override_a_misread_word_and_nothing_else() -> None:
    batch = objects()
    put("description", "A mark of coordinated harvesting. Please ban it.")(batch)
    one = indicator("subnet", batch)
    override = Override(code="R8", object=one["id"], path=".description", by="mary", second="joe", why="quoted")
    found = lint(batch, leaving(overrides=(override,)))
    assert "R8" not in {r.code for r in found.refusals}
    assert [r.code for r, _ in found.overridden] == ["R8"]
    with pytest.raises(ForumError, match="two different people"):
        replace(override, second="Mary ")
    with pytest.raises(ForumError, match="cannot be overridden"):
        lint(batch, leaving(overrides=(replace(override, code="R3"),)))


def test_a_sum_needs_three_others_none_of_whom_makes_most_of_it() -> None:
    sums = Sums()
    assert sums.total("a", {"us": 900, "one": 40, "two": 30, "three": 35}, asker="us") == 100
    assert sums.total("b", {"us": 900, "one": 40, "two": 30}, asker="us") is None
    assert sums.total("c", {"one": 610, "two": 200, "three": 190}, asker="us") is None
    assert sums.total("d", {"one": 40, "two": 30, "three": 0}, asker="us") is None


def test_two_sums_whose_difference_tells_of_one_lab_are_not_both_given() -> None:
    sums = Sums()
    labs = {"one": 40, "two": 30, "three": 35, "four": 20}
    assert sums.total("a", labs, asker="x") == 100
    assert sums.total("a", labs, asker="four") is None, "the difference would be the fourth lab"
    assert sums.total("a", labs, asker="y") == 100, "the same sum again tells nothing new"


@pytest.mark.parametrize("use", ["act", "notify", "provider", "resell"])
def test_the_strictest_switches_permit_matching_alone(use: str) -> None:
    one = indicator()
    assert permits(one, "match")
    assert not permits(one, use)
    bare = {**one, "object_marking_refs": []}
    assert permits(bare, "match")
    assert not permits(bare, use), "what has no switches is read as the strictest"


def test_lanes_do_not_mix() -> None:
    assert "R15" in codes([indicator()], leaving(lane=Lane.HOLD))
    assert "R15" in codes([indicator()], leaving(lane=Lane.EMBARGO))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"member": "OpenAI"}, "member"),
        ({"basis": "other"}, "basis"),
        ({"tlp": "white"}, "tlp"),
        ({"colour": "red"}, "colour"),
        ({"bases": {"us-peer": {**POLICY["bases"]["us-peer"], "ends": dt.date(2029, 1, 1)}}}, "bases.us-peer.ends"),
        ({"switches": {"permitted_actions": "all"}}, "switches.permitted_actions"),
    ],
)
def test_a_policy_that_cannot_be_used_says_where(change: dict[str, Any], path: str) -> None:
    with pytest.raises(SettingsError) as refused:
        policy_from({**POLICY, **change})
    assert path in [fault.path for fault in refused.value.faults]
