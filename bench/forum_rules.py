"""Read our objects by outside validators and hide what must not leave in many disguises, and say what was found and missed.

    python bench/forum_rules.py [--validator PATH] [--write]
    python bench/forum_rules.py schemas FOLDER

--validator names stix2_validator of stix2-validator 3.2.0 (not a dependency: install it beside). Every object that we emit goes through it
in default mode, those of a withdrawal and of opinions included. Hidden are mail addresses, telephone numbers, cards and forbidden words,
seeded, each under chains of one to three disguises; what the rules read in quiet texts counts as a false alarm. Prints JSON; --write puts
it and a page into docs/benchmarks/.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.forum.harvest import NOW, arriving, facts, leaving, policy, previewed  # noqa: E402

from stillwatch.forum import Doubt, lint, not_harvesting, preview, seen_too, sender_of, withdrawal  # noqa: E402
from stillwatch.forum.rules.personal import personal  # noqa: E402
from stillwatch.forum.rules.words_denied import denied  # noqa: E402
from stillwatch.forum.stix.bundles import bundle  # noqa: E402
from stillwatch.forum.stix.extension import schemas  # noqa: E402

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
    return {
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


def page(found: dict[str, Any]) -> str:
    marks = {True: "valid", False: "**not valid**", None: "not run"}
    lines = [
        "# What the sharing rules read",
        "",
        f"Written by `python bench/forum_rules.py --write`, never by hand. Python {found['python']}, stix2 {found['stix2']}, stix2-validator 3.2.0. CPU time of one thread.",
        "",
        "## Everything that we emit",
        "| objects | how many | stix2-validator 3.2.0 (default mode) | refused by our own rules, out and in | CPU an object, ms |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {n} | {v['objects']} | {marks[v['valid']]} | {v['refused']} | {v['cpu_ms_an_object']} |"
        for n, v in found["emitted"].items()
    ]
    hide = found["hidden"]
    lines += [
        "",
        "## What was hidden and found",
        (
            f"Mail addresses, telephone numbers, a card and forbidden words, {found['rounds']} seeded rounds (seed {found['seed']}). "
            f"{hide['cpu_ms_a_text']} ms of CPU a text. Quiet texts refused: {hide['quiet_texts_refused']} of {hide['quiet_texts']}."
        ),
        "",
        "| disguise | found | of |",
        "|---|---|---|",
    ]
    lines += [f"| {n} | {v['found']} | {v['of']} |" for n, v in hide["single"].items()]
    lines += [
        f"| {n} of those above but the last two, chained | {v['found']} | {v['of']} |"
        for n, v in hide["layers"].items()
    ]
    lines += [
        "",
        f"The rules do not claim to read {' and '.join(BEYOND)}: between peers the closed shapes (R1) leave no free text in which it could stand.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    if sys.argv[1:2] == ["schemas"]:
        folder = Path(sys.argv[2])
        folder.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas().items():
            (folder / name).write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n")
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--validator")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    found = {
        "made": dt.datetime.now(dt.UTC).date().isoformat(),
        "python": platform.python_version(),
        "stix2": version("stix2"),
        "seed": 9,
        "rounds": asked.rounds,
        "emitted": validated(asked.validator),
        "hidden": hidden(asked.rounds, 9),
    }
    print(json.dumps(found, indent=2))
    if asked.write:
        folder = ROOT / "docs" / "benchmarks"
        (folder / "forum_rules.json").write_text(json.dumps(found, indent=2) + "\n")
        (folder / "forum_rules.md").write_text(page(found))


if __name__ == "__main__":
    main()
