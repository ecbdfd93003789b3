"""Read our objects by outside validators and hide what must not leave in many disguises, and say what was found and missed.

    python bench/forum_rules.py [emitted|hidden] [--validator PATH]

--validator names stix2_validator of stix2-validator 3.2.0 (not a dependency: install it beside). Every object that we emit goes through it
in default mode, those of a withdrawal and of opinions included. Hidden are mail addresses, telephone numbers, cards and forbidden words,
seeded, each under chains of one to three disguises; what the rules read in quiet texts counts as a false alarm. Figures go into
docs/benchmarks/ (`--out` names another folder); a part that is not run keeps its own.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from bars import bars_of
from figures import ROOT, Figures, bar, keep

sys.path.insert(0, str(ROOT))

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.forum.harvest import NOW, arriving, facts, leaving, policy, previewed
from tests.forum.tags.test_carried import committee
from tests.forum.tags.world import EPOCH

from stillwatch.cases import Signer
from stillwatch.forum import Doubt, lint, not_harvesting, preview, seen_too, sender_of, withdrawal
from stillwatch.forum.asking import (
    Answer,
    Looked,
    answer_object,
    question_object,
    questions_in,
    tally,
    told_object,
)
from stillwatch.forum.rules.personal import personal
from stillwatch.forum.rules.words_denied import denied
from stillwatch.forum.stix.bundles import bundle
from stillwatch.forum.stix.extension import tags_extension
from stillwatch.forum.tags import Kind, Role, board_of, list_objects
from stillwatch.forum.writing.objects import common_objects

_GREEK = str.maketrans("aeopcyx", "аеорсух")
DISGUISES: dict[str, Callable[[str, random.Random], str]] = {
    "full width": lambda t, r: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
    "zero width": lambda t, r: "".join(c + r.choice(["", "\u200b", "\u200d", "\u2060"]) for c in t),
    "look-alikes": lambda t, r: t.translate(_GREEK),
    "bold": lambda t, r: "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c for c in t),
    "spaced": lambda t, r: " ".join(t),
    "percent": lambda t, r: urllib.parse.quote(t, safe="").replace("e", "%65"),
    "entities": lambda t, r: "".join(f"&#{ord(c)};" for c in t),
    "escapes": lambda t, r: "".join(f"\\u{ord(c):04x}" for c in t) if t.isascii() else t,
    "base64": lambda t, r: base64.b64encode(t.encode()).decode(),
    "base32": lambda t, r: base64.b32encode(t.encode()).decode(),
    "hex": lambda t, r: t.encode().hex(),
    "tags": lambda t, r: "".join(chr(0xE0000 + ord(c)) if c.isascii() and c.isprintable() else c for c in t),
    "rot13": lambda t, r: t.translate(str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")),
    "reversed": lambda t, r: t[::-1],
}
BEYOND = ("rot13", "reversed")
"""Disguises that the rules do not claim to see through: they stand here so that the page says what passes."""
QUIET = (
    "a mark of coordinated harvesting seen from july to september",
    "python-requests/2.32.3",
    "mozilla/5.0 (x11; linux x86_64) applewebkit/537.36 (khtml, like gecko) chrome/120.0.0.0 safari/537.36",
    "reasoning traces in one language, problems in another",
    "the template asks for every step in order and for a grade at the end",
    "evidence was sealed on 2026-11-20 and reviewed by two people",
)


def secrets(rng: random.Random) -> list[tuple[str, Callable[[str], Any]]]:
    name = "".join(rng.choices("abcdefghijklmnoprstuvw", k=7))
    digits = "".join(rng.choices("0123456789", k=8))
    return [
        (f"{name}@example.org", lambda t: "an e-mail address" in personal(t)),
        (f"+44 20 {digits[:4]} {digits[4:]}", lambda t: bool(personal(t))),
        ("4111 1111 1111 1111", lambda t: bool(personal(t))),
        (
            rng.choice(
                ["new prices for the spring", "our biggest customer", "short of gpus", "market share of rivals"]
            ),
            lambda t: bool(denied(t)),
        ),
    ]


def hidden(rounds: int, seed: int) -> dict[str, Any]:
    """How much of what was hidden is found, by disguise and by number of layers."""
    rng = random.Random(seed)
    single: dict[str, list[int]] = {name: [0, 0] for name in DISGUISES}
    layers: dict[str, list[int]] = {"2": [0, 0], "3": [0, 0]}
    seen = [name for name in DISGUISES if name not in BEYOND]
    begun, texts = time.process_time(), 0
    for _ in range(rounds):
        for text, found in secrets(rng):
            for name, disguise in DISGUISES.items():
                single[name][0] += bool(found(disguise(text, rng)))
                single[name][1] += 1
                texts += 1
            for depth in (2, 3):
                worn = text
                for name in rng.sample(seen, depth):
                    worn = DISGUISES[name](worn, rng)
                layers[str(depth)][0] += bool(found(worn))
                layers[str(depth)][1] += 1
                texts += 1
    quiet = sum(bool(personal(t) or denied(t)) for t in QUIET)
    return {
        "single": {name: {"found": f, "of": n} for name, (f, n) in single.items()},
        "layers": {name: {"found": f, "of": n} for name, (f, n) in layers.items()},
        "quiet_texts_refused": quiet,
        "quiet_texts": len(QUIET),
        "cpu_ms_a_text": round((time.process_time() - begun) / texts * 1e3, 2),
    }


def emitted() -> dict[str, list[dict[str, Any]]]:
    """Everything that we emit, by what it is."""
    whole = list(previewed().objects)
    one = next(o for o in whole if o["type"] == "indicator")
    sender, today = sender_of(policy(member="0d0d0d0d")), NOW.date()
    open_case = preview(facts(concluded=False), policy(), {}, now=NOW, signed_by="00ff00ff")
    said = [seen_too(one, sender, accounts=41, first=today, last=today, today=today)]
    said += not_harvesting(one, sender, Doubt.FALSE_POSITIVE, today=today)
    gone = withdrawal("C-0000000000001", policy(), {o["id"]: o for o in whole}, why="innocent", now=NOW)
    signer = Signer(Ed25519PrivateKey.from_private_bytes(bytes([7] * 32)))
    data = np.random.default_rng(1).bytes(16 * 20_000)
    tags = board_of(Kind.EMAIL, EPOCH, [data[at : at + 16] for at in range(0, len(data), 16)])
    listed = list_objects(tags, Role.LIST, committee(), sender, signer, {}, today=today)
    question = question_object([one["id"]], sender, today=today)
    (asked,) = questions_in([question])
    looked = Looked(accounts=41, open=0, whole=True)
    notes = [question, *(answer_object(asked, answer, looked, sender, today=today) for answer in Answer)]
    counted = {f"identity--{number}": 10 for number in range(3)}
    told = tally(asked, counted, [])
    assert told is not None
    return {
        "a list of tags": [*common_objects(sender), tags_extension(), *listed],
        "a question": [*common_objects(sender), notes[0], told_object(told, sender, today=today)],
        **{f"an answer, {one['abstract']}": [*common_objects(sender), one] for one in notes[1:]},
        "a case": whole,
        "an open case": list(open_case.objects),
        "a withdrawal": list(gone.objects),
        "opinions": said,
    }


def validated(validator: str | None) -> dict[str, Any]:
    """What stix2-validator and the rules say of everything that we emit, and what reading by the rules costs."""
    out: dict[str, Any] = {}
    for name, objects in emitted().items():
        answer = None
        if validator:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "objects.json"
                path.write_text(json.dumps(bundle(objects)))
                done = subprocess.run(
                    [validator, "--version", "2.1", str(path)], capture_output=True, text=True, check=False
                )
                answer = done.returncode == 0 and "STIX JSON: Valid" in done.stdout
        lint(objects, leaving())
        begun = time.process_time()
        refusals = [*lint(objects, leaving()).refusals, *lint(objects, arriving()).refusals]
        cost = (time.process_time() - begun) / 2 / len(objects) * 1e3
        out[name] = {
            "objects": len(objects),
            "valid": answer,
            "refused": len(refusals),
            "cpu_ms_an_object": round(cost, 2),
        }
    return out


def emitting(wanted: argparse.Namespace) -> Figures:
    """Everything that we emit, beside its bars."""
    told = validated(wanted.validator)
    refused = sum(one["refused"] for one in told.values())
    objects = sum(one["objects"] for one in told.values())
    valid = None if wanted.validator is None else sum(one["valid"] for one in told.values())
    whole = None if valid is None else valid == len(told)
    bars = [
        bar("kinds of bundles that stix2-validator 3.2.0 finds valid", valid, f"of {len(told)}", "all", whole),
        bar(
            "refusals by our own rules of what we emit, out and in", refused, f"of {objects} objects", "0", refused == 0
        ),
    ]
    return bars, told


def hiding(wanted: argparse.Namespace) -> Figures:
    """What was hidden and found, beside its bars."""
    told = hidden(wanted.rounds, wanted.seed)
    plain = [one for name, one in told["single"].items() if name not in BEYOND]
    found, of = (sum(one[key] for one in plain) for key in ("found", "of"))
    bars = [
        bar("hidden under one disguise that the rules claim to read, found", round(found / of, 4), f"of {of}", ">= 0.99", found >= 0.99 * of),
        bar("quiet texts refused", told["quiet_texts_refused"], f"of {told['quiet_texts']}", "0", not told["quiet_texts_refused"]),
        bar("CPU a text", told["cpu_ms_a_text"], "ms", "no bar", None),
    ]  # fmt: skip
    return bars, {**told, "rounds": wanted.rounds, "seed": wanted.seed}


def page(found: dict[str, Any]) -> dict[str, str]:
    """The page, from both parts."""
    marks = {True: "valid", False: "**not valid**", None: "not run"}
    lines = ["# What the sharing rules read", "", *bars_of(found, "bench/forum_rules.py")]
    if told := found["raw"].get("emitted"):
        lines += ["", "## Everything that we emit", "", "| objects | how many | stix2-validator 3.2.0 (default mode) | refused by our own rules, out and in | CPU an object, ms |", "|---|---|---|---|---|"]  # fmt: skip
        lines += [
            f"| {n} | {v['objects']} | {marks[v['valid']]} | {v['refused']} | {v['cpu_ms_an_object']} |"
            for n, v in told.items()
        ]
    if hide := found["raw"].get("hidden"):
        lines += ["", "## What was hidden and found", "", f"Mail addresses, telephone numbers, a card and forbidden words, {hide['rounds']} seeded rounds (seed {hide['seed']}).", "", "| disguise | found | of |", "|---|---|---|"]  # fmt: skip
        lines += [f"| {n} | {v['found']} | {v['of']} |" for n, v in hide["single"].items()]
        lines += [
            f"| {n} of those above but the last two, chained | {v['found']} | {v['of']} |"
            for n, v in hide["layers"].items()
        ]
        lines += ["", f"The rules do not claim to read {' and '.join(BEYOND)}: between peers the closed shapes (R1) leave no free text in which it could stand."]  # fmt: skip
    return {"forum_rules.md": "\n".join(lines) + "\n"}


PARTS = {"emitted": emitting, "hidden": hiding}


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("part", nargs="?", choices=list(PARTS))
    asked.add_argument("--validator")
    asked.add_argument("--rounds", type=int, default=20)
    asked.add_argument("--seed", type=int, default=9)
    asked.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    wanted = asked.parse_args()
    for name in [wanted.part] if wanted.part else PARTS:
        keep(wanted.out, "forum_rules", name, PARTS[name](wanted), page)


if __name__ == "__main__":
    main()
