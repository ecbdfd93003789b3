"""docs/benchmarks/audit.md, drawn from the figures in audit.json."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from bars import bars_of

MODELS = 48
READ, RESPONSE, MARKED_ACCOUNTS = 1200, 32, 4
"""Rows that a student of the zoo reads, tokens of a response, and accounts with a key of their own."""

ENOUGH = 0.8
"""The share of attacked accounts that the best test left must find."""

WHOLE = 20_000
"""Audits of a test that its figures rest on where nothing is short."""


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page, by file name."""
    return {"audit.md": page(found)}


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    lines = [
        "# Audit: what was measured",
        "",
        *bars_of(found, "bench/audit.py"),
        *_zoo(found["raw"]),
        *_shipped(found["raw"].get("tier2")),
        *_errors(found["raw"]),
    ]
    return "\n".join(lines) + "\n"


def _zoo(raw: dict[str, Any]) -> Iterator[str]:
    """Tier 1: what was made, and what the tests and the peers found on it."""
    found = raw.get("zoo exposure")
    if found is None:
        return
    words = raw.get("zoo words", {})
    yield from ("", "## Tier 1: small transformers with known teachers", "")
    scale = found["manifest"]["scale"]
    spent = sum(one["train_seconds"] + one["ask_seconds"] for one in found["manifest"]["models"].values())
    yield (
        f"{len(found['made'])} of {MODELS} models are made ({scale['width']} wide, two layers, {scale['vocabulary']} tokens; {spent:,.0f} s of one "
        f"processor in all). Our model served {scale['responses']} responses of 32 tokens to each of eight accounts, four of them marked by a "
        f"key of their own; of {scale['items']} an account {scale['siblings']} siblings were kept. Students read 1,200 rows in all, of which a share "
        "is harvest. **What such models can show:** that a test errs as seldom as promised on models that learned by gradient, and which test "
        "sees more than which. **What they cannot:** how much a large model remembers; tiny ones see marks on pairs of tokens far more "
        "easily, and have few manners of their own to be told by. Intervals draw models and accounts again: all "
        "models are held against one draw of what each account was served, so eight accounts are eight draws, however many models."
    )
    if len(found["made"]) < MODELS:
        missing = "and the figures are those of a part: few models say little, and bars on them are provisional"
        yield f"\nNot all models of the zoo are made yet, {missing}. Made: {', '.join(found['made'])}."
    yield from (
        "",
        "| test | level | null cells | models | rate | interval over models and accounts |",
        "|---|---|---|---|---|---|",
    )
    for name, rates in (found["errors"] | words.get("errors", {})).items():
        for row in rates:
            if row["rate"] is not None:
                yield f"| {name} | {row['level']} | {row['cells']} | {row['models']} | {row['rate']:.4f} | {row['low']:.4f} to {row['high']:.4f} |"
    yield from (
        "",
        "| test | share of what it read last | accounts | models | TPR at 0.01 | TPR at 1e-4 | median p |",
        "|---|---|---|---|---|---|---|",
    )
    for name, rows in (found["power"] | words.get("power", {})).items():
        for row in rows:
            yield (
                f"| {name} | {row['share']:.0%} | {row['cells']} | {row['models']} | {row['tpr_0.01']:.2f} | {row['tpr_0.0001']:.2f} | {row['median_p']:.2g} |"
            )
    if found.get("attacks"):
        left = {
            change: row | ({"next_words": words["attacks"][change]} if change in words.get("attacks", {}) else {})
            for change, row in found["attacks"].items()
        }
        names = sorted({name for row in left.values() for name in row})
        yield from ("", f"| after | {' | '.join(names)} |", f"|---|{'---|' * len(names)}")
        for change, row in left.items():
            yield f"| {change} | {' | '.join(f'{row[one]:.2f}' if one in row else '-' for one in names)} |"
        yield "\nShare of attacked accounts with p at most 0.01; where no test reaches 0.8, no test of exposure is left that would find that attack."
        yield from _lost(left, raw)
    yield from _judged(raw)
    yield from _short(scale)
    yield from _replies(words)


def _lost(left: dict[str, dict[str, float]], raw: dict[str, Any]) -> Iterator[str]:
    """Attacks after which no test of exposure finds enough: whether tests of resemblance still find that one student."""
    rules = raw["zoo resemblance"]["rules"] if "zoo resemblance" in raw else {}
    for change in (name for name, row in left.items() if max(row.values()) < ENOUGH):
        seen = [
            name for name, one in rules.items() if not any(missed.endswith(f"-{change}") for missed in one["missed"])
        ]
        told = (
            f"it is called a student of ours by {', '.join(seen)}"
            if seen
            else "no test of resemblance calls it a student of ours"
        )
        yield (
            f"\n**After `{change}`** the best test of exposure finds {max(left[change].values()):.2f} of the accounts, short of {ENOUGH}. Of the one student that was made so, {told}: "
            "that says whose student it is and not whose harvest it read, and one model gives no rate. Canary variants and rare artefacts are not in the zoo's text, so what they would show is not measured."
        )


def _replies(words: dict[str, Any]) -> Iterator[str]:
    """How many replies S1c took, account by account."""
    if not words:
        return
    items = sorted(at if at is not None else math.inf for at in words["text_only"]["items"])
    low, high = (items[round(part * (len(items) - 1))] for part in (0.25, 0.75))
    never = sum(math.isinf(at) for at in items)
    yield (
        f"\nS1c asks {min(words['places'])} to {max(words['places'])} places of an account's 300 responses, fewer where a mark narrows the choice of words. Of {len(items)} accounts "
        f"read whole e reaches 100 within {low:,.0f} replies in a quarter and within {high:,.0f} in three quarters; {never} are never told. It needs what the serving recorded: the chances of the likeliest words at each place."
    )


def _judged(raw: dict[str, Any]) -> Iterator[str]:
    rules = dict(raw["zoo resemblance"]["rules"]) if "zoo resemblance" in raw else {}
    rules |= {
        f"{name} (peer)": one
        for name, one in raw.get("peers", {}).items()
        if isinstance(one, dict) and "recall" in one and name != "ours"
    }
    rules |= {f"{name} (package)": one for name, one in raw.get("packages", {}).items()}
    if not rules:
        return
    yield from (
        "",
        "| Q2: is it a student of ours | students | nulls | precision | recall | false alarms | accused falsely |",
        "|---|---|---|---|---|---|---|",
    )
    for name, one in rules.items():
        precision = "-" if one["precision"] is None else f"{one['precision']:.3f}"
        spans = [
            f"{one[key]:.2f} ({one[key + '_interval'][0]:.2f} to {one[key + '_interval'][1]:.2f})"
            for key in ("recall", "fpr")
        ]
        yield f"| {name} | {one['students']} | {one['nulls']} | {precision} | {' | '.join(spans)} | {', '.join(one['false']) or '-'} |"
    yield ""
    yield (
        "Students are those for which at least half of what they read last came from our model; nulls are students of the other teachers, models of "
        "human text alone and those with 1 to 5 % of incidental text of ours. Methods are read from their papers and written anew on tokens; "
        "the teacher tracing is by n-grams, and by parts of speech that are learned without labels from the teachers' answers (Schuetze 1995): tokens of the zoo are pieces of words, "
        "and no tagger of English was found that ships with its model in a wheel under a permissive licence (NLTK's downloads its own)."
    )
    yield from _packages(raw.get("packages", {}))
    often = raw.get("peers", {}).get("repeated")
    if often:
        yield (
            f"\nRadioactivity under {often['keys']} keys that marked nothing, {often['models']} models: p <= 0.01 in {often['each_pair_once']:.3f} with each pair "
            f"counted once, and in {often['as_often_as_it_occurs']:.3f} with pairs counted as often as they occur."
        )


def _short(scale: dict[str, Any]) -> Iterator[str]:
    """Why some bars are not reached, and what was tried."""
    marked = round(0.05 * READ * RESPONSE / MARKED_ACCOUNTS)
    yield from ("", "### Where bars are missed, and why", "")
    yield (
        f"- **Radioactivity at 5 %.** Such a student read {round(0.05 * READ)} marked rows, {marked} tokens a key: too few for these statistics to reach 1e-8. With logprobs, text and a reference taken away the "
        "same tests find 100 % and mostly 50 %. The way is a larger harvest (a pilot with 65,000 marked tokens under one key had z = 8.4 with logprobs, 3.4 from text), "
        "which was not made here; one key for all accounts in place of one for each was tried, and twenty times the marked rows at the same share: neither reaches the bar (decision of 2026-11-23, one key for all).\n"
        "- **Text alone, Q1.** What S2 reads in likelihoods at once moves the likeliest next word seldom, and S1 and S1b compare whole answers: begun candidates, longest runs and equal starts were tried, and none recites. "
        "S1c asks for one word at places where our model was unsure, against the chances that its words were drawn with; how it was found stands in the decision of 2026-11-23 (the sampler is the null). Its rule was fixed on a second zoo (seed 2) and read here once.\n"
        "- **Text alone, e >= 100.** S3b ranks a suspect among m independents, so it ends at p = 1/(m + 1): with the nulls of a zoo of 48 no rank can give e = 100. It takes 99 independents and more.\n"
        "- **Logits.** A student of our logits on served rows learns what we might have said, and hardly which of it we said: S1 and S2 have nothing to see there, by construction. Q2 is the question for it."
    )
    yield (
        f"\nWho stops early has half of alpha for the bets and half for the exact test of all {scale['items']} items; that, and scoring by the teachers (S3b), were chosen on a second zoo "
        "(seed 2, its first eleven models) and read here once."
    )


def _packages(found: dict[str, Any]) -> Iterator[str]:
    """What the packages were given, and how the one for equality fares at what it is made for."""
    if not found:
        return
    yield (
        "\nPackages run as they ship, in environments of their own, on the zoo's recorded answers. knowlyr-modelaudit asks twenty questions "
        "(greetings, identity, reasoning) that models of the zoo cannot answer; it is given their answers to the zoo's prompts instead, twenty as it "
        "asks for and four hundred, and everything after that is its own: fingerprint, signature, thresholds, votes. No language model judges. "
        "model-equality-testing asks whether two models are the same and never whether one learned from the other; "
        "'not told apart' is the closest that it comes to an accusation."
    )
    for name, one in found.items():
        if "halves" in one:
            yield (
                f"\n{name.split(',')[0]} at its own question, whether the suspect is our model behind another name: of the zoo's models {one['theirs_told_apart']} "
                f"of {len(one['p'])} are told apart from ours at 0.05, and {one['halves_told_apart']:.2f} of {one['halves']} pairs of halves of our own answers. "
                f"S5 tells {one['ours_told_apart']} apart, by the likeliest answers to what unmarked accounts asked: another kind of answer, so "
                "the two counts are no contest."
            )


def _shipped(found: dict[str, Any] | None) -> Iterator[str]:
    """Tier 2: what was read, and what the sibling tests say of it."""
    if found is None:
        return
    scale = found["manifest"]["scale"]
    yield from ("", "## Tier 2: a real teacher and real students", "")
    yield (
        f"SmolLM2-135M-Instruct (a wheel of the package index, four bits widened) answers {found['items']} prompts of each of {scale['accounts']} accounts in "
        f"{scale['tokens']} tokens, with {scale['siblings']} unserved siblings each. Gemma 3 270M (four wheels) is tuned on them, in its last "
        f"{scale['layers']} layers, {scale['epochs']} times over, with tokens of its own; `unserved` reads other answers to the same prompts. "
        "So few models make a smoke test: no rate follows. The student as it ships is the reference of S2, and is itself read without one."
    )
    false, first = found["false"], found["first"]
    made = "; ".join(f"seed {seed}: {', '.join(names)}" for seed, names in found["made"].items())
    yield (
        f"\nMade so far: {made}. Of the accounts that were not read {false['named'] * false['accounts']:.0f} of {false['accounts']} is named ({false['low']:.3f} to {false['high']:.3f}), at 0.01 a suspect. "
        f"Whether served answers were dealt fairly does not hang on any student: `untouched` finds the served one the likeliest of four in {first['rate']:.3f} of {first['items']} items ({first['low']:.3f} to "
        f"{first['high']:.3f}; a quarter by the deal)."
    )
    yield from ("", "| seed | suspect | account | read | S2 p | S2 e | S1 p |", "|---|---|---|---|---|---|---|")
    for row in found["rows"]:
        told = ["-" if row[name] is None else f"{row[name]:.2g}" for name in ("likelihood", "e", "overlap")]
        yield f"| {row['seed']} | {row['suspect']} | {row['account']} | {'yes' if row['read'] else 'no'} | {' | '.join(told)} |"


def _errors(raw: dict[str, Any]) -> Iterator[str]:
    raw = {name: told for name, told in raw.items() if name.startswith("tier0 ")}
    yield from ("", "## Tier 0: how often a test errs", "")
    yield (
        "Count models of word pairs. For tests of exposure the suspect is a student of the same teacher, trained on its responses to somebody "
        "else; for resemblance our model is one of twenty by one author; weights are drawn anew by one recipe; which of four strings is "
        "ours, and the order of training, are drawn by lot; for clearing a fifth of the answers is marked. Fifty audits share a "
        "world, so rates have a 95 % interval by world (Korn and Graubard: that of Clopper and Pearson for as many independent audits as would "
        "tell the rate as well; where no audit erred, nothing tells how those of a world hang together, and each world counts once). A bar fails "
        "where the whole interval lies above it, and is left open where the audits are too few to say that it holds. These models prove validity and "
        "nothing about power: what a large model remembers of one response, they cannot show."
    )
    apart = [name.removeprefix("tier0 ") for name, told in raw.items() if "worlds" not in told]
    if apart:
        yield ""
        yield (
            f"Measured before intervals were taken by world, with those of Clopper and Pearson over audits as if none shared one, which may be too short: {', '.join(apart)}."
        )
    few = [name.removeprefix("tier0 ") for name, told in raw.items() if told["nulls"] < WHOLE]
    if few:
        yield ""
        yield (
            f"Not yet the whole measurement of {WHOLE:,} audits, for want of processor time: {', '.join(few)}. A thousand audits can find a "
            "test that errs grossly; they say little at 0.01 and nothing at 0.001."
        )
    yield from (
        "",
        "| test | audits | undecided | kind | level | rate | interval | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    )
    for part, told in raw.items():
        for row in told["rows"]:
            interval = f"{row['low']:.5f} to {row['high']:.5f}"
            counted = f"{told['nulls']:,} | {told['undecided']} | {row['kind']} | {row['level']}"
            yield f"| {part.removeprefix('tier0 ')} | {counted} | {row['rate']:.5f} | {interval} | {told['cpu_seconds']} |"
