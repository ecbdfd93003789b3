"""What README, CONTRIBUTING and the pages tell people to type exists, and what they link to is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from stillwatch.cli import app
from stillwatch.core import get_extra
from stillwatch.core.settings import settings_from
from stillwatch.engine import TABLES
from stillwatch.ingest import FORMATS
from stillwatch.ingest.column_map import TARGETS
from stillwatch.range.campaigns import CAMPAIGNS
from stillwatch.range.lookalikes import LOOKALIKES

ROOT = Path(__file__).parents[2]
WRITTEN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOR_NEWCOMERS = (
    "quickstart",
    "tutorial",
    "how-to",
    "concepts",
    "threat-model",
    "fairness",
    "engines",
    "comparison",
    "operate",
)
TO_TYPE = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("map", "how-it-decides", *FOR_NEWCOMERS)),
]
PACKAGE = re.compile(r"^([a-z0-9][a-z0-9.\-]*)==([0-9][^\s;]*)(?: ; [^\\]+)? \\$")
LONGEST_NOTE = 25
WORDS_OF_NUMBERS = {
    3: "three",
    9: "nine",
    10: "ten",
    11: "eleven",
    12: "twelve",
    16: "sixteen",
    17: "seventeen",
    18: "eighteen",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def slugs(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", WRITTEN, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, place = target.partition("#")
        there = path.parent / file if file else path
        assert there.exists(), f"{target}: no such file"
        if place:
            assert place in slugs(there.read_text("utf-8")), f"{target}: no such heading"


@pytest.mark.parametrize("path", TO_TYPE, ids=name_of)
def test_make_targets_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    for named in re.findall(r"`make ([a-z-]+)|^\s*make ([a-z-]+)", path.read_text("utf-8"), flags=re.MULTILINE):
        assert (named[0] or named[1]) in targets


@pytest.mark.parametrize("path", TO_TYPE, ids=name_of)
def test_commands_and_options_exist(path: Path) -> None:
    text = path.read_text("utf-8")
    for line in re.findall(r"^\s*(?:\.venv/bin/)?(stillwatch .+)$|`(stillwatch [^`]+)`", text, flags=re.MULTILINE):
        words = (line[0] or line[1]).partition("#")[0].split()
        command, depth = app, 1
        while depth < len(words) and words[depth] in list(command):
            command, depth = command[words[depth]], depth + 1
        assert depth > 1 or words[1].isupper(), f"no command {words[1]}"
        assert command.default_command is not None or depth == len(words), f"no command {' '.join(words[: depth + 1])}"
        told = command.assemble_argument_collection() if command.default_command is not None else ()
        known = {name for one in told for name in one.names}
        for option in (word for word in words if word.startswith("--")):
            assert option in known or option == "--help", f"{words[1]} has no {option}"


def test_the_readme_tells_the_two_commands_and_the_formats() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert "make demo" in text
    assert "make test" in text
    for named in re.findall(r"--format (\w+)", text):
        assert named in FORMATS
    for named in re.findall(r"examples/(\w+)/", text):
        assert (ROOT / "examples" / named).is_dir()


def test_numbers_in_the_readme_are_those_of_the_code() -> None:
    text = (ROOT / "README.md").read_text("utf-8").lower()
    assert f"[{WORDS_OF_NUMBERS[len(FORMATS)]} are known](docs/formats.md)" in text
    assert f"{WORDS_OF_NUMBERS[len(CAMPAIGNS)]} hidden actors" in text
    assert f"{WORDS_OF_NUMBERS[len(LOOKALIKES)]} kinds of innocent customers" in text


def test_the_readme_s_toml_can_be_used() -> None:
    blocks = [
        tomllib.loads(block)
        for block in re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), flags=re.DOTALL)
    ]
    assert blocks
    for one in blocks:
        if "columns" in one:
            assert {*one["columns"], *one.get("constants", {})} <= set(TARGETS)
            assert "at" in one["columns"]
        else:
            assert settings_from(one).changed(), "an example changes something"


def test_tables_that_words_name_exist() -> None:
    text = (ROOT / "docs" / "how-it-decides.md").read_text("utf-8")
    for named in re.findall(r"table `(\w+)`", text):
        assert named in TABLES


def test_a_decision_note_is_short_and_says_what_why_and_what_else() -> None:
    notes = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert notes
    for note in notes:
        text = note.read_text("utf-8")
        assert re.match(r"\d{4}-\d\d-\d\d-[a-z0-9-]+\.md$", note.name), note.name
        assert len(text.splitlines()) < LONGEST_NOTE, note.name
        for part in ("**What.**", "**Why.**", "**What else.**"):
            assert part in text, f"{note.name}: no {part}"


def test_constraints_have_names_versions_and_hashes_and_no_addresses() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert "://" not in text
    assert "index" not in text
    assert text.count("\n# development\n") == 1
    pinned: dict[str, int] = {}
    name = ""
    for line in text.splitlines():
        if found := PACKAGE.match(line):
            name = found[1]
            assert name not in pinned
            pinned[name] = 0
        elif re.match(r"    --hash=sha256:[0-9a-f]{64}( \\)?$", line):
            pinned[name] += 1
        else:
            assert line.startswith("# "), line
    assert all(pinned.values())


def test_constraints_hold_all_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    run, _, check = (ROOT / "constraints.txt").read_text("utf-8").partition("\n# development\n")

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[<>=!~ \[;]", one)[0].lower() for one in requirements}

    def pinned(text: str) -> set[str]:
        return {found[1] for line in text.splitlines() if (found := PACKAGE.match(line))}

    assert names(project["project"]["dependencies"]) <= pinned(run), "run: make lock"
    assert names(project["build-system"]["requires"]) <= pinned(run), "run: make lock"
    assert names(project["project"]["optional-dependencies"]["dev"]) <= pinned(run) | pinned(check), "run: make lock"


def test_nobody_is_told_to_install_a_name_that_a_package_index_knows_nothing_of_or_of_somebody_else() -> None:
    """One place says how extras are installed; pages and messages name the extra and point there."""
    known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    code = (ROOT / "src").rglob("*.py")
    for path in [*WRITTEN, *code, *(ROOT / "deploy").rglob("*")]:
        if path.is_dir():
            continue
        text = path.read_text("utf-8")
        assert not re.search(r"(pip|uv) [^\n`]*install[^\n`]* ['\"]?stillwatch\b", text), name_of(path)
        for told in re.findall(r"\bstillwatch\[([a-z,]+)\]", text):
            assert set(told.split(",")) <= set(known), f"{name_of(path)}: no extra {told}"


def test_the_extras_that_make_servers_leaves_out_are_named() -> None:
    lock = (ROOT / ".ci" / "lock.py").read_text("utf-8")
    apart = re.findall(r'"(\w+)"', re.findall(r"^APART = (.+)$", lock, flags=re.MULTILINE)[0])
    text = (ROOT / "docs" / "operate.md").read_text("utf-8").partition("\n## Extras\n")[2].partition("\n## ")[0]
    told = re.findall(r"but (.+?):", text)[0]
    assert re.findall(r"`(\w+)`", told) == sorted(apart)


def test_a_missing_library_is_told_with_its_extra_and_where_it_stands_how_to_install_it() -> None:
    told = get_extra("zoo", "gguf")
    assert "stillwatch[zoo,gguf]" in told
    page, head = re.findall(r"(docs/\S+\.md) says under (\w+)", told)[0]
    assert f"\n## {head}\n" in (ROOT / page).read_text("utf-8")
