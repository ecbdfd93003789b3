"""A day's scan as a view, with the shapes of the demo: three actors, what was set aside, and what could not be decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np

from stillwatch.core.pseudonym import handle
from stillwatch.core.records import Decision, Support, Vote
from stillwatch.report import (
    AccountView,
    ActorView,
    CalibrationView,
    ErrorBudget,
    FamilyView,
    FieldCoverage,
    HeldOutTest,
    HourCount,
    LinkPicture,
    LookalikeCheck,
    MemberView,
    RejectCount,
    ReleaseMark,
    RunFacts,
    ScanView,
    SettingUsed,
    SharedThing,
    SignalReading,
    SourceRead,
    Tie,
    TopicShare,
    UndecidedCount,
    redact_examples,
)

__all__ = ["DAY", "actor", "crowd", "empty_day", "small_day", "whole_day"]

DAY = datetime(2026, 11, 20, tzinfo=UTC)

_SCAFFOLD = (
    "You are an expert data analyst with twenty years of practice. Before you answer, write your complete internal reasoning inside "
    "<reasoning> and </reasoning>, leaving nothing out, then the answer inside <answer> tags.\n\nTask: {}\n\nRemember: the reasoning must "
    "be complete, never summarised."
)
_ASKED = (
    "A warehouse ships 1,240 parcels a day and loses 0.7 % of them. How many are lost in a leap year?",
    "Explain why the determinant of a triangular matrix is the product of its diagonal, for jo.march@example.org",
    "Write a function that merges overlapping intervals and prove that it runs in n log n.",
    "Which of the four reactions below is first order in hydrogen? See https://example.org/paper?id=99&token=s3cret",
    "Two trains leave 300 km apart; the faster does 110 km/h. When do they meet if the slower stops for twelve minutes?",
)
_RUBRIC = (
    "Grade the candidate response against the rubric. Output only a JSON object with integer scores from 1 to 10 for helpfulness, honesty "
    "and depth, then one sentence of justification.\n\n[Rubric]\n{}\n[Candidate]\n{}\n[Scores]"
)


def _handles(kind: str, seed: int, n: int) -> list[str]:
    rng = np.random.default_rng([seed, len(kind)])
    return [handle(kind, int(x)) for x in rng.integers(-(2**63), 2**63 - 1, size=n)]


def _members(
    names: list[str], rng: np.random.Generator, *, each: float, mixed: float, links: str
) -> tuple[MemberView, ...]:
    out = []
    for name in names:
        harvest = int(rng.poisson(each)) + 1
        other = int(rng.poisson(harvest * mixed))
        opened = DAY - timedelta(days=float(rng.exponential(9)) + (200 if rng.random() < 0.02 else 0))
        out.append(
            MemberView(
                handle=name,
                exchanges=harvest + other,
                harvest_exchanges=harvest,
                links=int(rng.integers(1, 4)),
                weight=round(float(rng.gamma(4, 0.8)), 3),
                reason=links,
                product_type=str(rng.choice(["chat", "coding", "batch"])),
                plan=None if rng.random() < 0.1 else str(rng.choice(["free", "pro", "team"])),
                created=opened,
                first_seen=DAY + timedelta(hours=float(rng.uniform(0, 4))),
            )
        )
    return tuple(sorted(out, key=lambda m: (-m.weight, m.handle)))


def _picture(
    names: list[str], rng: np.random.Generator, family: str, spread: dict[str, tuple[int, float]]
) -> LinkPicture:
    things = [
        SharedThing(key=family, kind="family", label=family[:9], members=0, population=len(names) + 2, weight=2.4)
    ]
    ties = [Tie(account=i, thing=0, weight=1.0) for i in range(len(names)) if rng.random() < 0.985]
    for kind, (n, cover) in spread.items():
        shares = rng.dirichlet(np.full(n, 0.7)) * cover
        for share in sorted(shares, reverse=True):
            chosen = np.flatnonzero(rng.random(len(names)) < share)
            if len(chosen) < 2:
                continue
            key = f"{kind}-{len(things)}"
            label = handle("account", int(rng.integers(1, 2**62)))[-4:]
            things.append(
                SharedThing(
                    key=key, kind=kind, label=label, members=0, population=len(chosen) + int(rng.integers(0, 6))
                )
            )
            ties += [Tie(account=int(i), thing=len(things) - 1) for i in chosen]
    counts = np.bincount([tie.thing for tie in ties], minlength=len(things))
    counted = tuple(
        SharedThing(
            key=t.key,
            kind=t.kind,
            label=t.label,
            members=int(n),
            population=max(int(n), t.population or 0),
            weight=t.weight,
        )
        for t, n in zip(things, counts, strict=True)
    )
    return LinkPicture(accounts=tuple(names), things=counted, ties=tuple(ties), of_members=len(names))


def _hours(rng: np.random.Generator, harvest: int, other: int, *, flat: bool) -> tuple[HourCount, ...]:
    clock = np.arange(24)
    human = 0.25 + np.exp(-(((clock - 14) / 4.5) ** 2))
    shape = np.ones(24) if flat else human
    a = rng.multinomial(harvest, shape / shape.sum())
    b = rng.multinomial(other, human / human.sum())
    return tuple(
        HourCount(at=DAY + timedelta(hours=h), harvest=int(x), other=int(y))
        for h, x, y in zip(range(24), a, b, strict=True)
    )


def _tests(*, sharing: float, expected: float, n: int, grading: bool = False) -> tuple[HeldOutTest, ...]:
    return (
        HeldOutTest(
            test="template_sharing",
            title="Shared template",
            vote=Vote.STRUCTURAL,
            supports=Support.HARVEST,
            value=sharing,
            low=sharing * 0.94,
            high=min(1.0, sharing * 1.04),
            expected=expected,
            unit="share",
            n=n,
            p_value=3.1e-41,
            e_value=2.4e17,
            null="members' held-out exchanges carry the family as often as those of accounts with the same volume and product type",
            sentence=f"{100 * sharing:.0f} % of the members' held-out exchanges carry the template found in the other hours.",
        ),
        HeldOutTest(
            test="tiling",
            title="Work divided without overlap",
            vote=Vote.STRUCTURAL,
            supports=Support.HARVEST,
            value=0.0 if not grading else 2.0,
            low=0.0,
            high=3.0 if not grading else 7.2,
            expected=27.6,
            unit="repeats",
            n=n,
            p_value=1.0e-12,
            e_value=8.8e4,
            null="members draw their items independently from the set of items seen",
            sentence="Hardly any item is asked twice by two members, as when a job queue hands them out.",
        ),
        HeldOutTest(
            test="elicitation",
            title="Asking for training value",
            vote=Vote.BEHAVIOURAL,
            supports=Support.HARVEST,
            value=0.91,
            low=0.88,
            high=0.935,
            expected=0.012,
            unit="share",
            n=n,
            p_value=4.0e-30,
            e_value=7.1e11,
            null="members ask for graded answers or written-out reasoning as often as other accounts of their product type",
            sentence="Nine in ten held-out exchanges demand what trains a copy.",
        ),
        HeldOutTest(
            test="synchrony",
            title="Working in step",
            vote=Vote.COORDINATION,
            supports=Support.NEITHER,
            value=1.13,
            low=0.86,
            high=1.41,
            expected=1.0,
            n=n,
            p_value=0.21,
            e_value=0.9,
            null="members' active minutes fall independently, given each one's hours",
            sentence="The members are not active together more often than chance allows.",
        ),
        HeldOutTest(
            test="within_topic",
            title="Topic continuity within accounts",
            vote=Vote.BEHAVIOURAL,
            supports=Support.INNOCENT if grading else Support.HARVEST,
            value=0.31 if grading else 0.02,
            low=0.22 if grading else -0.03,
            high=0.4 if grading else 0.06,
            expected=0.29,
            unit="lift",
            n=n,
            p_value=0.62 if grading else 0.0004,
            null="an account's exchanges are as alike in topic as those of other customers",
            sentence="Accounts keep to their own topics, as customers do."
            if grading
            else "One account's prompts are no more alike than prompts of two accounts: no user stands behind an account.",
        ),
        HeldOutTest(
            test="release_pivot",
            title="Move to a new model on launch day",
            vote=Vote.COORDINATION,
            supports=Support.NEITHER,
            n=31,
            needed=120,
            null="members move to a launched model at the pace of other accounts",
            sentence="Too few held-out exchanges before the launch to compare.",
        ),
    )


def _explanations(*, mixed: bool) -> tuple[LookalikeCheck, ...]:
    return (
        LookalikeCheck(
            name="a classroom",
            meaning="students with the same assignment",
            fits=False,
            why="Prompts never repeat over accounts (a class repeats its problems); hours are flat; accounts opened over 31 days.",
        ),
        LookalikeCheck(
            name="a public harness",
            meaning="many customers of one agent or SDK with its system prompt",
            fits=False,
            why="The template stands in the user turn; topics do not continue within accounts; no client telemetry is seen.",
        ),
        LookalikeCheck(
            name="an evaluation suite",
            meaning="a fixed set of prompts, asked again and again",
            fits=False,
            why="99.6 % of the prompts are asked once in the whole day.",
        ),
        LookalikeCheck(
            name="a reseller",
            meaning="other people's work behind one operator's accounts",
            fits=None if mixed else False,
            why="Ordinary work is mixed in at 3 to 1, and the logs have no end-user field to tell whose it is."
            if mixed
            else "The accounts belong to no organisation, and 97 % of their traffic is the template.",
        ),
    )


def actor(rank: int, *, accounts: int, kind: str) -> ActorView:
    """One found actor: `kind` is "scaffold", "reasoning" or "grading"."""
    rng = np.random.default_rng([rank, accounts])
    names = _handles("account", 100 + rank, accounts)
    each = {"scaffold": 38.0, "reasoning": 3.1, "grading": 21.0}[kind]
    members = _members(
        names, rng, each=each, mixed=3.0 if kind == "grading" else 0.03, links="carries the family; shares a subnet"
    )
    exchanges = sum(m.exchanges for m in members)
    harvest = sum(m.harvest_exchanges for m in members)
    family = _handles("family", 300 + rank, 2)
    spread = {
        "scaffold": {"payment": (5, 0.9), "subnet": (34, 1.6)},
        "reasoning": {"registration": (9, 0.8), "user_agent": (2, 0.9)},
        "grading": {"device": (4, 0.6), "payment": (3, 0.5), "tls": (2, 1.0)},
    }[kind]
    texts = [_RUBRIC.format(q, q[::-1]) if kind == "grading" else _SCAFFOLD.format(q) for q in _ASKED]
    what = {
        "scaffold": ("written-out reasoning on mathematics and code", ("reasoning_tags", "cot_writeout")),
        "reasoning": ("chains of thought over public question sets", ("cot_writeout",)),
        "grading": ("scores against rubrics, as a reward model gives", ("rubric_grading", "preference_judging")),
    }[kind]
    return ActorView(
        handle=_handles("actor", 500 + rank, 1)[0],
        decision=Decision.REVIEW,
        reason=f"{accounts} accounts send one template whose slots never repeat, hold to no topic of their own, and share "
        f"{' and '.join(k.replace('_', ' ') for k in spread)}; on the hours that did not find them the evidence stands.",
        accounts=accounts,
        exchanges=exchanges,
        harvest_exchanges=harvest,
        yield_exchanges=int(harvest * 0.985),
        yield_tokens=None if kind == "reasoning" else harvest * 911,
        capability=what[0],
        techniques=what[1],
        found_by=("family", *spread),
        first_seen=DAY + timedelta(minutes=3),
        last_seen=DAY + timedelta(hours=23, minutes=58),
        founding_n=exchanges // 2,
        tested_n=exchanges - exchanges // 2,
        tests=_tests(
            sharing=0.23 if kind == "grading" else 0.97, expected=0.004, n=harvest // 2, grading=kind == "grading"
        ),
        e_value={"scaffold": 3.2e11, "reasoning": 4.8e6, "grading": 2140.0}[kind],
        threshold=860.0 / rank,
        lookalikes=_explanations(mixed=kind == "grading"),
        families=(
            FamilyView(
                handle=family[0],
                scope="prompt",
                exchanges=harvest // 2,
                accounts=accounts + 2,
                first_at=DAY,
                last_at=DAY + timedelta(hours=23),
                distinct=0.996,
                single_turn=0.999,
                exclusivity=0.24 if kind == "grading" else 0.97,
                inside=accounts / (accounts + 2),
                fragments=3 if kind == "reasoning" else 1,
                joined_by="overlap of accounts",
                techniques=what[1],
                examples=redact_examples(texts),
            ),
        ),
        members=members,
        links=_picture(names, rng, family[0], spread),
        hours=_hours(rng, harvest, exchanges - harvest, flat=kind != "grading"),
        releases=(ReleaseMark(model="aurora-4", at=DAY + timedelta(hours=9)),) if kind == "scaffold" else (),
        topics=(
            TopicShare(label="mathematics", share=0.41, expected=0.06, n=4000),
            TopicShare(label="code", share=0.33, expected=0.31, n=3000),
        )
        if kind == "scaffold"
        else (),
    )


def _aside(
    rank: int, name: str, capability: str, accounts: int, why: str, decision: Decision, e: float | None
) -> ActorView:
    base = actor(40 + rank, accounts=min(accounts, 60), kind="scaffold")
    tests = _tests(sharing=0.9, expected=0.3, n=900, grading=True)[3:]
    return ActorView(
        handle=_handles("actor", 700 + rank, 1)[0],
        decision=decision,
        reason=why,
        accounts=accounts,
        exchanges=accounts * 22,
        harvest_exchanges=accounts * 14,
        yield_exchanges=accounts * 9,
        yield_tokens=accounts * 9 * 450,
        capability=capability,
        found_by=("family", "subnet"),
        first_seen=DAY + timedelta(hours=7),
        last_seen=DAY + timedelta(hours=20),
        tests=tests,
        e_value=e,
        threshold=None if e is None else 160.0,
        lookalikes=(LookalikeCheck(name=name, fits=None if decision is Decision.UNDECIDED else True, why=why),),
        families=base.families,
    )


_SIGNALS = (
    ("prompt_breadth", "distinct prompts per exchange", "share", (0.31, 0.42, 0.71, 0.88, 0.96, 1.0, 1.0)),
    (
        "volume_ratio",
        "exchanges a day against what the plan is meant for",
        "",
        (0.001, 0.004, 0.02, 0.07, 0.21, 0.8, 2.9),
    ),
    ("hour_flatness", "how evenly the day's hours are used", "", (0.05, 0.09, 0.17, 0.26, 0.38, 0.61, 0.83)),
    ("ip_fanout", "addresses per hundred exchanges", "", (0.4, 0.7, 1.6, 3.0, 6.1, 14.0, 41.0)),
    ("elicitation", "exchanges that ask for written-out reasoning", "share", (0.0, 0.0, 0.0, 0.0, 0.01, 0.06, 0.19)),
    ("single_turn", "exchanges without an earlier turn", "share", (0.0, 0.08, 0.3, 0.52, 0.78, 1.0, 1.0)),
    ("topic_breadth", "coarse topics per exchange", "", (0.08, 0.13, 0.24, 0.35, 0.52, 0.77, 0.91)),
)


def _account(i: int, decision: Decision, owner: str | None) -> AccountView:
    rng = np.random.default_rng([9, i])
    loud = sorted(range(len(_SIGNALS)), key=lambda k: float(rng.random()))[:4]
    signals = []
    for k in loud:
        name, meaning, unit, quantiles = _SIGNALS[k]
        value = min(1.0, quantiles[6] * 1.02) if unit == "share" else quantiles[6] * float(rng.uniform(0.9, 4))
        open_ = decision is Decision.UNDECIDED
        signals.append(
            SignalReading(
                signal=name,
                n=12 if open_ else 400,
                needed=40 if open_ else None,
                value=None if open_ else value,
                unit=unit,
                quantiles=quantiles,
                p_value=None if open_ else 0.0004 * (k + 1),
                e_value=None if open_ else 40.0 / (k + 1),
                null="the account is exchangeable with the others of its product type",
                sentence=f"{meaning.capitalize()}: beyond 99 % of chat accounts.",
            )
        )
    done = decision is not Decision.UNDECIDED
    return AccountView(
        handle=_handles("account", 900, i + 1)[i],
        decision=decision,
        reason="" if done else "Undecided, n = 12, needs 40.",
        exchanges=int(rng.integers(3, 9000)),
        stratum=str(rng.choice(["chat", "coding", "batch"])),
        p_value=0.0003 * (i + 1) if done else None,
        e_value=120.0 / (i + 1) if done else None,
        threshold_p=0.00009,
        needed=None if done else 40,
        actor=owner,
        plan="pro",
        created=DAY - timedelta(days=40 + i),
        signals=tuple(signals),
    )


@cache
def whole_day(*, accounts: int = 24) -> ScanView:
    """The demo's day: three actors of 300, 800 and 150 accounts, a harness and a classroom set aside, two candidates undecided."""
    found = (
        actor(1, accounts=300, kind="scaffold"),
        actor(2, accounts=800, kind="reasoning"),
        actor(3, accounts=150, kind="grading"),
    )
    harness = "Topics continue within accounts, client telemetry is seen for 96 % of them, and the system prompt is a published harness's."
    lesson = (
        "120 accounts opened in one education batch ask the same 14 problems in one lesson's hours from one campus."
    )
    suite = "Twelve accounts of one organisation ask the same 400 prompts every night; nothing new is collected."
    few = "Nine accounts share a payment instrument, but only 31 held-out exchanges remain to test them on."
    rest = (
        _aside(1, "a public harness", "agent work with one long system prompt", 2104, harness, Decision.SET_ASIDE, 3.1),
        _aside(2, "a classroom", "answers to one problem sheet", 120, lesson, Decision.SET_ASIDE, 0.4),
        _aside(3, "an evaluation suite", "answers to public benchmarks", 12, suite, Decision.SET_ASIDE, 12.0),
        _aside(4, "a small team", "code review", 9, few, Decision.UNDECIDED, None),
    )
    decisions = [Decision.QUIET] * (accounts - 3) + [Decision.UNDECIDED] * 3
    singles = tuple(_account(i, d, found[0].handle if i % 5 == 1 else None) for i, d in enumerate(decisions))
    calibration = tuple(
        CalibrationView(
            signal=name,
            stratum=stratum,
            accounts=n,
            undecided=n // 3,
            trimmed=n // 50,
            calibration_n=int(n * 0.78),
            contamination_bound=0.02,
            smallest_p=1 / (n * 0.78 + 1),
            uniformity=None if name == "single_turn" else 0.0002 if (name, stratum) == ("ip_fanout", "batch") else 0.31,
            quantiles=quantiles,
            meaning=meaning,
            unit=unit,
        )
        for name, meaning, unit, quantiles in _SIGNALS
        for stratum, n in (("chat", 2811), ("coding", 1207), ("batch", 164))
    )
    return ScanView(
        run=RunFacts(
            run="r-7f3c19d2a4e8",
            version="0.1.0",
            exchanges=231_482,
            accounts=6_204,
            rejects=17,
            duplicates=702,
            unattributed=41,
            output_tokens=118_220_000,
            first_at=DAY,
            last_at=DAY + timedelta(hours=23, minutes=59),
            command="stillwatch scan demo/logs --accounts demo/accounts.csv --releases demo/releases.csv",
            inputs=(
                SourceRead(path="demo/logs/gateway.jsonl.gz", format="openai_chat", exchanges=140_201, rejects=12),
                SourceRead(path="demo/logs/spend.parquet", format="litellm", exchanges=61_004),
                SourceRead(
                    path="demo/logs/spans.json",
                    format="otel_genai",
                    exchanges=30_277,
                    rejects=5,
                    note="the file ends early",
                ),
            ),
            coverage=(
                FieldCoverage(field="ip", known=0.87, costs="subnets link nobody where it is missing"),
                FieldCoverage(
                    field="payment", known=0.61, of="accounts", costs="shared instruments are seen only among these"
                ),
                FieldCoverage(
                    field="tls_fingerprint", known=0.0, costs="clients behind one address cannot be told apart"
                ),
            ),
            settings=(
                SettingUsed(name="actors.fdr", value="0.05"),
                SettingUsed(name="actors.least_accounts", value="20", default="5"),
            ),
        ),
        actors=(*found, *rest),
        accounts=singles,
        budgets=(
            ErrorBudget(level="actors", method="e-BH", rate=0.05, tested=43, found=3, needed=860.0, best=3.2e11),
            ErrorBudget(
                level="accounts",
                method="BH",
                rate=0.05,
                tested=4182,
                found=0,
                needed=0.000012,
                best=0.0003,
                can_fire=False,
                note="The smallest p-value that 3,261 calibration accounts can give is 0.00031; a finding needed 0.000012.",
            ),
        ),
        calibration=calibration,
        undecided=(
            UndecidedCount(
                what="accounts",
                count=2022,
                why="fewer exchanges than any signal needs",
                needs="20 exchanges an account",
            ),
            UndecidedCount(
                what="candidates", count=1, why="31 held-out exchanges", needs="120, or another day of logs"
            ),
        ),
        rejects=(
            RejectCount(
                path="demo/logs/gateway.jsonl.gz",
                format="openai_chat",
                field="usage.prompt_tokens",
                reason="got -3, expected a whole number >= 0",
                count=9,
                line=1204,
            ),
            RejectCount(
                path="demo/logs/spans.json",
                format="otel_genai",
                field="row",
                reason="the compressed file ends early",
                count=5,
                line=30277,
            ),
        ),
        guarantees=(
            "Among the actors for review at most 5 % are false on average, if each e-value's null holds as stated (e-BH, any dependence).",
            "An account's p-value is valid while at most 2 % of the accounts of its product type are guilty (cross-fitted, trimmed).",
        ),
        limits=("No TLS fingerprint was in the logs: clients behind one address could not be told apart.",),
    )


def empty_day() -> ScanView:
    """A scan that read nothing."""
    return ScanView(run=RunFacts(run="r-000000000000", version="0.1.0", exchanges=0, accounts=0))


def crowd(actors: int, members: int, accounts: int) -> ScanView:
    """A large view, for the size bound."""
    base = whole_day(accounts=accounts)
    three = [actor(60 + i, accounts=members, kind=kind) for i, kind in enumerate(("scaffold", "reasoning", "grading"))]
    many = tuple(replace(three[i % 3], handle=name) for i, name in enumerate(_handles("actor", 1000, actors)))
    return ScanView(
        run=base.run, actors=many, accounts=base.accounts, budgets=base.budgets, calibration=base.calibration
    )


def small_day() -> ScanView:
    """A view written by hand, without random numbers: two members, one test, one candidate set aside."""
    found = ActorView(
        handle="X-0000000000001",
        decision=Decision.REVIEW,
        reason="Two accounts send one template and share a card.",
        accounts=2,
        exchanges=40,
        harvest_exchanges=30,
        yield_exchanges=29,
        yield_tokens=9000,
        capability="written-out reasoning",
        techniques=("reasoning_tags",),
        found_by=("family", "payment"),
        first_seen=DAY + timedelta(hours=1),
        last_seen=DAY + timedelta(hours=5),
        tests=_tests(sharing=0.75, expected=0.01, n=15)[:1],
        e_value=1240.0,
        threshold=40.0,
        lookalikes=_explanations(mixed=True)[2:],
        families=(
            FamilyView(
                handle="F-0000000000001",
                scope="prompt",
                exchanges=15,
                accounts=2,
                inside=1.0,
                examples=redact_examples([_SCAFFOLD.format(q) for q in _ASKED], show=1),
            ),
        ),
        members=tuple(
            MemberView(
                handle=f"A-000000000000{i}",
                exchanges=20,
                harvest_exchanges=15,
                links=2,
                weight=3.5,
                reason="carries the family",
                created=DAY - timedelta(days=200),
                first_seen=DAY,
            )
            for i in (1, 2)
        ),
    )
    aside = ActorView(
        handle="X-0000000000002",
        decision=Decision.SET_ASIDE,
        reason="A class with one problem sheet.",
        accounts=31,
        exchanges=400,
        harvest_exchanges=200,
        yield_exchanges=14,
        capability="answers to one problem sheet",
        lookalikes=(LookalikeCheck(name="a classroom", fits=True, why="14 problems, one campus | one hour"),),
    )
    base = empty_day().run
    return ScanView(
        run=RunFacts(
            run=base.run,
            version=base.version,
            exchanges=5000,
            accounts=900,
            first_at=DAY,
            last_at=DAY + timedelta(hours=23),
            command="stillwatch scan logs",
            inputs=(SourceRead(path="logs/a_b.jsonl", format="openai_chat", exchanges=5000),),
        ),
        actors=(found, aside),
        budgets=(ErrorBudget(level="actors", method="e-BH", rate=0.05, tested=2, found=1, needed=40.0, best=1240.0),),
        undecided=(UndecidedCount(what="accounts", count=700, why="fewer than 20 exchanges", needs="20 exchanges"),),
        limits=("No TLS fingerprint was in the logs.",),
    )
