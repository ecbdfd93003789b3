"""Write the reference pages from the code.

make docs                       writes them
python docs/make.py --check     says which are out of date; `make check` runs it, and so do the tests
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa

from stillwatch.actors.held_out_tests import TESTS
from stillwatch.actors.lookalikes import LOOKALIKES
from stillwatch.audit import TESTS as AUDIT_TESTS
from stillwatch.cli import app
from stillwatch.core import Settings, Technique
from stillwatch.core.records import OPEN_REQUESTS
from stillwatch.engine import TABLES, DuckEngine
from stillwatch.engine.tables import CONTRACT_VERSION, Column
from stillwatch.ingest import FORMATS
from stillwatch.ingest.column_map import TARGETS
from stillwatch.range.campaigns import PROFILES, SCENARIOS
from stillwatch.range.evasion.moves import KNOBS
from stillwatch.range.lookalikes.roster import ALL_LOOKALIKES
from stillwatch.range.peers.actor_roster import account_peers, actor_peers
from stillwatch.range.presets import PRESETS
from stillwatch.range.products import PRODUCTS
from stillwatch.range.studies.order import Size
from stillwatch.range.windows.detectors import ABSENT, chosen
from stillwatch.signals import FAMILIES, SIGNALS, SUBJECT, Example, Signal, measure, tables

ROOT = Path(__file__).parents[1]
NOTE = "<!-- Written by docs/make.py from the code. Change the code, then run: make docs -->\n"
TYPES = {
    "timestamp[us, tz=UTC]": "time, UTC, microseconds",
    "list<item: int64>": "list of int64",
    "list<item: double>": "list of double",
    "list<item: string>": "list of string",
}
LEAVES = {"never": "never", "as_count": "as a count", "as_tag": "as a blinded tag", "free": "freely"}


def tables_page() -> str:
    """Every table with its columns."""
    out = [
        "# Tables",
        _prose(f"""
            Contracts of version {CONTRACT_VERSION}, declared in `src/stillwatch/engine/tables.py`; every write is checked against them.
            Tables lie as Parquet parts under `tables/` in the workspace, so any engine reads them. Unknown is null, never zero.
            Pseudonyms and hashes are keyed and signed 64-bit.
        """),
        "*Leaves* says whether a value may leave the house: never, as a count, as a blinded tag, or freely.",
    ]
    for one in TABLES.values():
        days = "; one part a day or more" if one.by_day else ""
        rows = [
            (f"`{c.name}`", _type(c), "yes" if c.required else "", LEAVES[c.leaves], c.meaning) for c in one.columns
        ]
        out += [
            f"## {one.name}",
            f"{one.row} Key: {', '.join(f'`{name}`' for name in one.key)}{days}.",
            _table(("column", "type", "required", "leaves", "meaning"), rows),
        ]
    return _page(out)


def signals_page() -> str:
    """Every signal with what its examples give."""
    out = [
        "# Signals",
        _prose("""
            What is measured about every account. A signal alone says little: each is set against the accounts of the same product type
            ([how it decides](how-it-decides.md)). Larger is more suspicious. An account with fewer observations than a signal needs is
            undecided in it. *Links* are signals about what accounts share, *Describes* marks what says
            something of an account and cannot be weighed fairly; neither ever counts against a single account.
        """),
        "*Quiet* and *loud* are the values of the two examples that stand beside the signal in the code and are tested.",
    ]
    with DuckEngine() as engine:
        for family in FAMILIES:
            out.append(f"## {family.replace('_', ' ').capitalize()}")
            for one in SIGNALS.values():
                if one.family == family:
                    out += _signal(engine, one)
    return _page(out)


def settings_page() -> str:
    """Every setting with its default and bounds."""
    out = [
        "# Settings",
        _prose("""
            Read from `stillwatch.toml` in the workspace, or from the file that `--settings` names. An unknown key is an error, and all
            faults are reported at once. Everything has a default: an empty file, or none, is fine.
        """),
    ]
    for path, group in _groups(Settings(), ""):
        rows = []
        for one in dataclasses.fields(group):
            if dataclasses.is_dataclass(getattr(group, one.name)):
                continue
            low, high = one.metadata["low"], one.metadata["high"]
            bounds = [f"{sign} {_number(bound)}" for sign, bound in ((">=", low), ("<=", high)) if bound is not None]
            default = json.dumps(getattr(group, one.name))
            rows.append((f"`{one.name}`", f"`{default}`", ", ".join(bounds), one.metadata["meaning"]))
        about = inspect.getdoc(type(group)) or ""
        out += [f"## [{path}]", about, _table(("setting", "default", "bounds", "meaning"), rows)]
    return _page(out)


def cli_page() -> str:
    """The help of every command."""
    with mock.patch.object(sys, "argv", ["stillwatch"]):
        told = app.generate_docs(output_format="markdown")
    body = told.split("**Commands**:", 1)[1].strip()
    status = [
        "## Exit status",
        _prose("""
            0 when it ran; 2 when the input, the settings or the workspace cannot be used (the message says what to mend); 130 after
            Ctrl-C. What was committed before is whole in each case, and the same command goes on from there.
        """),
    ]
    return _page(["# Command line", "What `stillwatch --help` and `stillwatch COMMAND --help` say.", body, *status])


def formats_page() -> str:
    """Every log format with its sample."""
    counts = json.loads((ROOT / "examples" / "index.json").read_text("utf-8"))
    known = TABLES["exchanges"].names()
    rows = [
        (f"[`{one.name}`](#{one.name})", one.title, str(sum(counts[one.sample].values()))) for one in FORMATS.values()
    ]
    out = [
        "# Log formats",
        _prose("""
            Formats are told by content; `--format NAME` forces one. Files, folders and globs, plain, gzip or zstd; JSON lines, one JSON
            document, or JSON documents in a row. A field that a format lacks is unknown, never zero. Every sample is read in the tests.
        """),
        _table(("format", "title", "exchanges in its sample"), rows),
    ]
    for one in FORMATS.values():
        lacks = [name for name in known if name in one.lacks]
        out += [
            f"## {one.name}",
            f"**{one.title}.** Told by: {one.wants}. Sample: [`examples/{one.sample}/`](../examples/{one.sample}/).",
            _readme(one.sample),
        ]
        if one.joined is not None:
            out.append("Exchanges that lie in several records, or in files beside one another, are joined.")
        out.append(
            f"Never has: {', '.join(f'`{n}`' for n in lacks)}." if lacks else "Can fill every column of `exchanges`."
        )
    out += [
        "## Columns that a mapping may fill",
        _prose("""
            For `--columns FILE`: `[columns]` with `ours = "theirs"`, `[constants]` with `ours = value`; `at` is needed. Without a
            mapping, columns are matched by these names and by common other names for them.
        """),
        ", ".join(f"`{name}`" for name in TARGETS) + ".",
    ]
    return _page(out)


def audit_tests_page() -> str:
    """Every test of a suspect, as it is declared."""
    out = [
        "# Tests of a suspect",
        "What an [audit](audit.md) may run, as declared before anything is asked. A p-value answers its own question and no other.",
    ]
    for test in AUDIT_TESTS.values():
        told = [
            ("question", f"{test.question.value}. {test.question.words}"),
            ("needs", test.needs.value),
            ("null", test.null),
            ("statistic", test.statistic),
            ("ties", test.ties),
            ("assumes", "; ".join(test.assumptions)),
            ("misled by", test.misled_by),
            ("source", test.source),
        ]
        out += [f"## {test.title}", f"`{test.name}`", "\n".join(f"- {name}: {value}" for name, value in told)]
    return _page(out)


def actor_tests_page() -> str:
    """Every test of an actor, every innocent explanation, every technique."""
    out = [
        "# Tests of actors",
        _prose("""
            A candidate actor is found in one half of the hours and tested in the other half, against random groups of accounts that were
            as busy ([how it decides](how-it-decides.md)). *Coordination* shows that the members act together, *structural* that they ask
            for what trains a copy; both are needed. *Behavioural* tests describe: an operator can forge them, and none decides alone.
        """),
        "## Tests",
    ]
    for test in TESTS.values():
        out += [f"### {test.name}", f"*{test.vote.value.capitalize()}.* {_doc(test.run)}"]
    out += [
        "## Innocent explanations",
        _prose("""
            Each is considered for every candidate. One that fits sets the candidate aside, for a person to read; it proves nothing, as an
            attacker can dress as any of them.
        """),
    ]
    for name, look in LOOKALIKES.items():
        out += [f"### {name}", _doc(look)]
    rows = [
        (str(bit), f"`{one.value}`", "open request" if one in OPEN_REQUESTS else "pressing")
        for bit, one in enumerate(Technique)
    ]
    out += [
        "## Techniques",
        _prose("""
            Ways of asking for what trains a copy, as bits of `features.elicitation`, told by phrases in
            [`lexicon.toml`](../src/stillwatch/text/lexicon.toml) or, in prompts, by a [learned model](elicitation-model.md). *Open
            requests* are made by ordinary people and honest firms every day and count only for a group that behaves like a job queue.
        """),
        _table(("bit", "technique", "kind"), rows),
    ]
    return _page(out)


def range_page() -> str:
    """Every preset, kind of customer, lookalike, campaign, evasion and detector of the range."""
    knobs = ((k.name, k.family, k.says, ", ".join(f"{v:g}" for v in k.values) + f" ({k.unit})") for k in KNOBS.values())
    campaigns = (
        (c.key, c.alleged, _prose(c.says), "yes" if c.detectable else "no") for c in (PROFILES | SCENARIOS).values()
    )
    alike = ((one.name, one.stands_for, one.trips, one.differs) for one in ALL_LOOKALIKES.values())
    sizes = ((p.name, p.question, p.runs, _size(p.size), p.cost) for p in PRESETS.values())
    abouts = {name: peer.about for name, peer in actor_peers().items()}
    abouts |= {name: peer.about for name, peer in account_peers().items() if name not in abouts}
    windows = ((one.name, ", ".join(one.tails), _prose(inspect.getdoc(type(one)) or "")) for one in chosen())
    return _page(
        [
            "# What the range is made of",
            _prose("""
                What `stillwatch range run` builds worlds from and runs on them. [The range](range.md) says what it is for, how to read a
                result and how to add to these lists.
            """),
            "## Presets",
            _table(("preset", "question", "runs", "worlds", "cost on two cores"), sizes),
            "## Ordinary customers",
            "Shares of accounts, out of 1,000.",
            _table(
                ("product", "share", "median requests"), ((p.name, str(p.share), f"{p.median:g}") for p in PRODUCTS)
            ),
            "## Lookalikes",
            "Innocent populations that trip what looks for campaigns. A name with a stroke is a variant.",
            _table(("name", "stands for", "trips", "differs"), alike),
            "## Campaigns",
            _prose("""
                C1 to C17 are campaigns of the public record, as those who found them described them; every attribution is an allegation of
                an interested party. The others are one plain scenario for each way of harvesting. Where one cannot be detected in traffic,
                it must stay undetected.
            """),
            _table(("name", "alleged", "what is said", "detectable"), campaigns),
            "## Evasions",
            _table(("knob", "idea", "what it turns", "values"), knobs),
            "## Detectors of actors and accounts",
            _table(
                ("name", "title", "source", "how we read it", "limits"),
                ((f"`{n}`", *dataclasses.astuple(about)) for n, about in abouts.items()),
            ),
            "## Detectors of windows",
            _table(("name", "tails", "what it is"), ((f"`{name}`", *rest) for name, *rest in windows)),
            "Not run: " + "; ".join(f"{name} ({why})" for name, why in ABSENT.items()) + ".",
        ]
    )


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables_page,
    "signals.md": signals_page,
    "settings.md": settings_page,
    "cli.md": cli_page,
    "formats.md": formats_page,
    "tests-of-actors.md": actor_tests_page,
    "range-parts.md": range_page,
    "audit-tests.md": audit_tests_page,
}
"""Every generated page by file name under `docs/`."""


def out_of_date() -> dict[str, str]:
    """Pages that do not say what the code says, each with the difference."""
    found = {}
    for name, write in PAGES.items():
        path = ROOT / "docs" / name
        there = path.read_text("utf-8") if path.exists() else ""
        if there != (now := write()):
            found[name] = "".join(
                difflib.unified_diff(there.splitlines(True), now.splitlines(True), name, "the code", n=1)
            )
    return found


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        stale = out_of_date()
        for difference in stale.values():
            print(difference)
        if stale:
            print(f"out of date: {', '.join(stale)}; run: make docs")
        return 1 if stale else 0
    for name, write in PAGES.items():
        (ROOT / "docs" / name).write_text(write(), "utf-8")
    return 0


def _signal(engine: DuckEngine, one: Signal) -> list[str]:
    quiet, loud = (_value(engine, one, examples) for examples in (one.quiet, one.loud))
    kind = " *Links.*" if one.relational else "" if one.evidence else " *Describes.*"
    told = [
        ("unit", one.unit),
        ("larger means", one.larger_means),
        ("needs", f"{one.needs} observation{'s' if one.needs > 1 else ''}"),
        ("quiet and loud", f"{quiet:.3g} and {loud:.3g}"),
        ("reads", ", ".join(f"`{name}`" for name in one.query.inputs)),
        ("misled by", one.misled_by),
    ]
    return [
        f"### {one.name}",
        f"{_prose(one.meaning)}{kind}",
        *([_prose(one.doc)] if one.doc else []),
        "\n".join(f"- {name}: {value}" for name, value in told),
    ]


def _value(engine: DuckEngine, one: Signal, examples: Iterable[Example]) -> float:
    relations = {name: engine.from_arrow(rows) for name, rows in tables(examples).items()}
    rows = measure(engine, **relations, signals=[one])[one.name].to_pylist()
    return next(float(row["value"]) for row in rows if row["account"] == SUBJECT)


def _size(size: Size) -> str:
    return f"{size.worlds} of {size.accounts:,} accounts and {size.exchanges:,} exchanges over {size.days} days"


def _groups(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every table of the settings file with its path, a table before those inside it."""
    for one in dataclasses.fields(group):
        inner = getattr(group, one.name)
        if dataclasses.is_dataclass(inner):
            yield f"{path}{one.name}", inner
            yield from _groups(inner, f"{path}{one.name}.")


def _type(column: Column) -> str:
    plain = str(column.type)
    return TYPES.get(plain, "date" if pa.types.is_date(column.type) else plain)


def _number(bound: float) -> str:
    return f"{bound:,.0f}" if bound == int(bound) and abs(bound) >= 1000 else f"{bound:g}"


def _readme(sample: str) -> str:
    """What the sample's own page says, without its heading, with paths seen from the repository's root."""
    text = (ROOT / "examples" / sample / "README.md").read_text("utf-8").partition("\n")[2]
    return re.sub(r"`make/", "`examples/make/", text.strip())


def _doc(function: Callable[..., object]) -> str:
    return _prose(inspect.getdoc(function) or "")


def _prose(text: str) -> str:
    """A docstring as Markdown: paragraphs kept, line ends inside them not."""
    return "\n\n".join(" ".join(part.split()) for part in textwrap.dedent(text).split("\n\n") if part.strip())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _page(parts: list[str]) -> str:
    title, *rest = parts
    return "\n\n".join([title, NOTE.strip(), *rest]).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
