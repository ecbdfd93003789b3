"""Write src/stillwatch/text/scaffolds.toml: marks of public harnesses' system texts.

python bench/scaffolds.py FOLDER      FOLDER holds clones of the projects below, each in a folder of its own name

Each text is read at the commit that is checked out; its first twelve digits are noted. Only hashes are kept.
"""

from __future__ import annotations

import ast
import base64
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.text.scaffolds import marks_of

OUT = Path(__file__).parents[1] / "src" / "stillwatch" / "text" / "scaffolds.toml"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where one scaffold's text stands: a whole file, one literal block of a YAML file, or the long strings of a Python file."""

    name: str
    project: str
    licence: str
    path: str
    block: str = ""


SOURCES = (
    Source(name="smolagents", project="huggingface/smolagents", licence="Apache-2.0", path="src/smolagents/prompts/code_agent.yaml", block="system_prompt"),
    Source(name="smolagents, structured", project="huggingface/smolagents", licence="Apache-2.0", path="src/smolagents/prompts/structured_code_agent.yaml", block="system_prompt"),
    Source(name="smolagents, tool calling", project="huggingface/smolagents", licence="Apache-2.0", path="src/smolagents/prompts/toolcalling_agent.yaml", block="system_prompt"),
    Source(name="mini-swe-agent", project="SWE-agent/mini-swe-agent", licence="MIT", path="src/minisweagent/config/default.yaml", block="system_template"),
    Source(name="OpenHands", project="All-Hands-AI/OpenHands", licence="MIT", path="openhands/agenthub/codeact_agent/prompts/system_prompt.j2"),
    Source(name="aider, edit blocks", project="Aider-AI/aider", licence="Apache-2.0", path="aider/coders/editblock_prompts.py"),
    Source(name="aider, whole files", project="Aider-AI/aider", licence="Apache-2.0", path="aider/coders/wholefile_prompts.py"),
    Source(name="aider, unified diffs", project="Aider-AI/aider", licence="Apache-2.0", path="aider/coders/udiff_prompts.py"),
)  # fmt: skip


def main(folder: Path) -> None:
    """Write the file and say how many marks each text gave."""
    out = [
        "# Marks of public harnesses' system texts: hashes of their shingles, no words. Written by bench/scaffolds.py.\n"
    ]
    for one in SOURCES:
        clone = folder / one.project.partition("/")[2]
        commit = _git(clone, "rev-parse", "HEAD").strip()[:12]
        marks = marks_of(_text(_git(clone, "show", f"HEAD:{one.path}"), one))
        told = base64.b64encode(np.asarray(marks, "<u4").tobytes()).decode()
        print(f"{one.name}: {marks.size} marks")
        out.append(
            f'[[scaffold]]\nname = "{one.name}"\nproject = "https://github.com/{one.project}"\nlicence = "{one.licence}"\n'
            f'path = "{one.path}"\ncommit = "{commit}"\nmarks = "{told}"\n'
        )
    OUT.write_text("\n".join(out), "utf-8")


def _git(clone: Path, *command: str) -> str:
    return subprocess.run(["git", "-C", str(clone), *command], check=True, capture_output=True, text=True).stdout


def _text(content: str, source: Source) -> str:
    if source.path.endswith(".py"):
        return "{{ }}".join(_strings(content))
    return "\n".join(_block(content, source.block)) if source.block else content


def _strings(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 80:
            yield node.value.replace("{", "{{ ").replace("}", " }}")


def _block(content: str, key: str) -> Iterator[str]:
    lines = iter(content.splitlines())
    head = next(line for line in lines if line.strip().startswith((f"{key}: |", f"{key} : |")))
    margin = len(head) - len(head.lstrip())
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip()) <= margin:
            return
        yield line


if __name__ == "__main__":
    main(Path(sys.argv[1]))
