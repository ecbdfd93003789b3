# ruff: noqa: E501 - entries stand on one line each
"""Every benign family type that resembles an attack: the demo's ten, and the others with their variants, for studies to choose from."""

from __future__ import annotations

from typing import Any

import numpy as np

from stillwatch.range.ground import Ground
from stillwatch.range.lookalikes import (
    about_reasoning,
    agent_fleet,
    backfill,
    bystanders,
    casual,
    classroom,
    code_review,
    comparing,
    drift_monitor,
    evaluation,
    extension,
    frameworks,
    gateway,
    judge,
    language_work,
    leaderboard,
    mooc,
    prompt_library,
    quick_start,
    regression,
    researchers,
    reseller,
    small_team,
    stolen_key,
    stress,
    synthetic,
    template_owner,
    travellers,
)
from stillwatch.range.lookalikes.lookalike import Builder, Lookalike

__all__ = ["ALL_LOOKALIKES"]


def _with(module: Any, knobs: Any) -> Builder:
    def build(ground: Ground, rng: np.random.Generator, scale: float) -> None:
        module.build(ground, rng, scale, knobs)

    return build


def _type(module: Any, stands_for: str, trips: str, differs: str, *, right: bool = False, **knobs: Any) -> Lookalike:
    chosen = module.Knobs(**knobs)
    return Lookalike(
        name=chosen.group,
        stands_for=stands_for,
        trips=trips,
        differs=differs,
        build=_with(module, chosen),
        finding_is_right=right,
    )


_EVALS = "nightly evaluation and regression suites"
_MIGRATION = "workload migration, index backfill, batch labelling"
_RESELLERS = "legitimate resellers, clouds, editor vendors"
_RESEARCH = "academic and safety researchers"
_SYNTHETIC = "synthetic data for in-house small models"
_CLASSES = "students and classrooms"
_TRAVEL = "travellers, VPN users, emigrants"
_LANGUAGE = "other languages and translation work"
_ABOUT = "people discussing model reasoning, or looking into a block"

_TYPES: tuple[Lookalike, ...] = (
    _type(evaluation, _EVALS, "round-the-clock timing, fixed prompts, a surge at a launch", "few prompts repeated for long, one organisation"),
    _type(
        evaluation, _EVALS, "the same without a declaration", "few prompts repeated for long, one organisation",
        group="evaluation/undeclared", declared=("", "", ""),
    ),
    _type(regression, _EVALS, "fixed prompts by machine, reasoning asked for", "a small suite that never grows, one organisation each"),
    _type(
        regression, _EVALS, "the same after every commit, all day", "a small suite that never grows", group="regression/every_commit",
        firms=6, prompts=40, runs=12, minutes=10,
    ),
    _type(drift_monitor, "monitors of output quality", "known-answer questions around the clock, like a test for degradation", "tiny volume, no harvest beside it"),
    _type(
        drift_monitor, "monitors of output quality", "one probe set over many customers' keys", "tiny volume, one public service",
        group="drift_monitor/hosted", hosted=True, firms=60, asks=24,
    ),
    _type(code_review, "code review in continuous integration", "one key, hundreds of addresses and programs", "code of its own, one repository over time"),
    _type(
        code_review, "code review in continuous integration", "the same and each prompt several times", "a matrix of machines repeats within a minute",
        group="code_review/matrix", firms=8, matrix=3, median=30.0,
    ),
    _type(backfill, _MIGRATION, "new keys at full throughput at once", "one burst, a known organisation, declared, narrow work"),
    _type(
        backfill, _MIGRATION, "new keys at full throughput, undeclared", "one burst, narrow input and output", group="backfill/rag",
        kind="rag", declared="", requests=500,
    ),
    _type(
        backfill, _MIGRATION, "thousands of one template", "labels of one word, no reasoning wanted", group="backfill/labelling",
        kind="labelling", declared="", requests=700, firms=3,
    ),
    _type(small_team, "small teams on a consumer plan", "use far over the plan, many addresses", "daily rhythm, one subject over time"),
    _type(
        small_team, "small teams on a consumer plan", "use far over the plan", "one office, daily rhythm", group="small_team/office",
        one_office=True, plan="free", teams=20, people=4, median=30.0,
    ),
    _type(gateway, "gateways and privacy proxies", "all users behind a few addresses", "users are tagged, a contract"),
    _type(
        gateway, "gateways and privacy proxies", "users and their programs stripped away", "mixed use, no queue", group="gateway/privacy_proxy",
        names_users=False, declared="", program="sdk",
    ),
    _type(
        gateway, "routers over several providers", "sudden failover in bursts", "bursts follow outages, users are the same", group="gateway/router",
        kind="routed", firms=3, keys=12, declared="",
    ),
    _type(
        gateway, _RESELLERS, "thousands of users behind few keys, one program", "the vendor's own client, tenants are tagged", group="vendor/editor",
        kind="coding", program="editor", keys=30, median=80.0,
    ),
    _type(
        gateway, _RESELLERS, "unrelated customers behind a cloud's keys", "contract, tenants are tagged", group="vendor/marketplace",
        firms=1, keys=90, median=50.0,
    ),
    _type(reseller, _RESELLERS, "many keys, one card, few addresses, users unrelated", "mixed use; one of two is declared"),
    _type(
        reseller, _RESELLERS, "the same, all undeclared", "mixed use, several languages", group="reseller/undeclared", declared=("", ""),
        keys=(60, 40),
    ),
    _type(agent_fleet, "users of a coding harness", "one system prompt and one tool set over thousands of accounts", "own tasks, turns, human hours"),
    _type(frameworks, "users of an agent framework", "one default prompt that asks for thoughts, over unrelated accounts", "own tasks and tools, heavy-tailed use"),
    _type(synthetic, _SYNTHETIC, "bulk generation from one template", "one organisation, allowed by the terms"),
    _type(
        synthetic, _SYNTHETIC, "reasoning over public questions in bulk, for training", "declared under the provider's distillation terms",
        group="synthetic/declared_distillation", kind="distillation", declared="distillation",
    ),
    _type(
        synthetic, _SYNTHETIC, "bulk generation by a new firm", "one organisation, own subject", group="synthetic/startup", kind="dialogues",
        firms=6, keys=1, requests=250,
    ),
    _type(researchers, _RESEARCH, "probes of reasoning over public questions", "declared, capped, one campus each"),
    _type(researchers, _RESEARCH, "families of jailbreaks, half of them refused", "declared, capped, one campus each", group="researchers/red_team", kind="red_team"),
    _type(
        researchers, _RESEARCH, "wide coverage of subjects, undeclared", "capped, one campus each", group="researchers/coverage",
        kind="coverage", declared="",
    ),
    _type(leaderboard, "third-party evaluators", "a sweep of public items at a launch, none twice", "public protocol, known items, few keys"),
    _type(
        leaderboard, "third-party evaluators", "the same with rubric grading", "public protocol and rubric", group="leaderboard/rubric",
        graded=0.6, evaluators=2,
    ),
    _type(judge, "models as judges", "rubric grading at scale", "own product's answers, one rubric, one organisation"),
    _type(comparing, "models as judges", "preferences between pairs at scale", "own product's answers, one organisation"),
    _type(
        comparing, "audits in regulated firms", "asks to restate the reasoning behind each decision", "own decisions, modest scale",
        group="audit/bank", kind="bank", requests=600,
    ),
    _type(
        comparing, "audits in regulated firms", "asks for the complete line of reasoning", "own cases, modest scale", group="audit/hospital",
        kind="hospital", requests=300,
    ),
    _type(classroom, _CLASSES, "one address, one batch of sign-ups, identical work", "term, cohort, human pace; two of three declared"),
    _type(
        classroom, _CLASSES, "the same homework from a cohort that signed up together", "identical questions, not distinct ones",
        group="classroom/same_homework", students=(180,), problems=(5,), distinct=(False,), declared=("",),
    ),
    _type(
        classroom, _CLASSES, "a boot camp: new accounts in a batch, code all day", "identical exercises, one room", group="classroom/boot_camp",
        students=(20, 24), problems=(12, 14), distinct=(False, False), declared=("", ""),
    ),
    _type(mooc, "an open course that deals out distinct public items", "a true partition of a public set over strangers", "course calendar; by content it is not to be told apart"),
    _type(
        mooc, "an open course that deals out distinct public items", "the same, announced by the course", "a declaration", group="mooc/declared",
        declared="classroom", students=120, sources=("gsm8k_train",),
    ),
    _type(travellers, _TRAVEL, "exits that many share, place and hours that do not fit", "low volume, conversations"),
    _type(travellers, _TRAVEL, "a carrier's addresses from one conversation to the next", "low volume", group="travellers/roaming", kind="roaming", people=60),
    _type(travellers, _TRAVEL, "language, place and hours do not fit", "low volume; never a signal", group="travellers/diaspora", kind="diaspora", people=60),
    _type(stolen_key, "victims of stolen keys", "sudden foreign traffic", "a long benign history: protect, do not ban", right=True),
    _type(
        stolen_key, "victims of stolen keys", "a harvest after a benign day", "a long benign history: protect, do not ban", right=True,
        group="stolen_key/harvest", kind="harvest",
    ),
    _type(bystanders, "end users of a product that relays", "their texts also stand on a hostile account", "own account, human pace"),
    _type(language_work, _LANGUAGE, "asks for answer and thinking in one language", "own questions, human pace, no trace object"),
    _type(
        language_work, _LANGUAGE, "reasons asked for in every request", "real input to translate, firms", group="language/agency", kind="agency",
        accounts=40, median=50.0,
    ),
    _type(
        language_work, _LANGUAGE, "one template over many languages by machine", "real input to translate", group="language/subtitles",
        kind="subtitles", accounts=15, median=150.0,
    ),
    _type(about_reasoning, _ABOUT, "words of an elicitation", "a conversation, questions about the model, no items"),
    _type(
        about_reasoning, _ABOUT, "words of an elicitation, refused and tried again", "looks into the block, no items",
        group="about_reasoning/blocked", kind="blocked", people=40,
    ),
    _type(extension, "a browser extension with its users' own keys", "one wrapper over strangers, single turns", "own pages, human hours"),
    _type(template_owner, "small products with a template each", "one long template an account", "each its own, heavy-tailed loads"),
    _type(quick_start, "newcomers who copy the first page", "one system prompt over new accounts", "the same few questions"),
    _type(prompt_library, "fans of a prompt library", "popular templates over strangers, steps asked for", "own subjects, conversations"),
    _type(casual, "casual users of public question sets", "public items with steps asked for", "well-known items come again and again"),
    _type(stress, "load tests", "high rate from one key at once", "few prompts, one burst"),
    _type(
        stress, "clients that retry", "a queue with three per cent asked twice", "repeats within a minute from one account",
        group="stress/retries", prompts=0, again=0.03, median=400.0, minutes=300, firms=10,
    ),
)  # fmt: skip

ALL_LOOKALIKES: dict[str, Lookalike] = {one.name: one for one in _TYPES}
"""Benign family types by their group in the truth. `build(ground, rng, scale)` of each is as the registry of the demo has it.

Each file names the sources of prompts that suit it, of both folds; in a world of one fold the pack answers with those of that fold.
"""
