"""What `make site` adds to the pages of docs/: the pages at the root, two lists, and every file of the repository that a page links to.

Links of a page are written as they lead in the repository. On the site the repository's root is the site's: `docs/` falls away, a folder
that is linked to becomes a page that lists it, and any other file lies under `source/`.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "SECURITY.md": "SECURITY.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
}
LISTS = {"measured.md": ("What was measured", "docs/benchmarks"), "decisions.md": ("Decisions", "docs/decisions")}
LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s#]+)?(#[^)\s]*)?(\))")


def on_files(files: Files, *, config: Any) -> Files:
    """Add what lies outside docs/ and is shown or linked to."""
    where = {file.src_uri: f"docs/{file.src_uri}" for file in files}
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text("utf-8")))
        where[page] = source
    for page, (title, folder) in LISTS.items():
        files.append(File.generated(config, page, content=listed(title, folder)))
        where[page] = "docs/" + page
    known = {file.src_uri for file in files}
    for file in [one for one in files if one.src_uri.endswith(".md")]:
        for _, target, _, _ in LINK.findall(file.content_string):
            led = leads(where[file.src_uri], target)
            if led is not None and (there := place(led)) not in known:
                known.add(there)
                path = ROOT / led
                if path.is_dir():
                    files.append(File.generated(config, there, content=contents(led)))
                elif path.is_file():
                    files.append(File.generated(config, there, content=path.read_bytes()))
    config["where"] = where
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Files) -> str:
    """Let every link lead to where its target lies on the site."""
    here = page.file.src_uri
    source = config["where"].get(here)
    if source is None:
        return markdown

    def led(found: re.Match[str]) -> str:
        opened, target, anchor, closed = found.groups()
        where = leads(source, target or "")
        if where is None:
            return found[0]
        return f"{opened}{posixpath.relpath(place(where), posixpath.dirname(here) or '.')}{anchor or ''}{closed}"

    return LINK.sub(led, markdown)


def leads(source: str, target: str) -> str | None:
    """The path in the repository that a link of a source leads to; nothing for links out of it and within a page."""
    if not target or re.match(r"[a-z]+:", target):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))


def place(path: str) -> str:
    """Where a file of the repository lies on the site."""
    if path in PAGES:
        return PAGES[path]
    for page, (_, folder) in LISTS.items():
        if path == folder:
            return page
    if (ROOT / path).is_dir():
        return f"source/{path}/index.md"
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"source/{path}.txt" if path.endswith((".md", ".py")) else f"source/{path}"


def listed(title: str, folder: str) -> str:
    """A page that leads to every page of a folder by its own title."""
    lines = [f"# {title}", ""]
    for path in sorted((ROOT / folder).glob("*.md")):
        head = path.read_text("utf-8").splitlines()[0].lstrip("# ")
        lines.append(f"- [{head}]({path.relative_to(ROOT / 'docs').as_posix()})")
    return "\n".join(lines) + "\n"


def contents(folder: str) -> str:
    """A page that names the files of a folder."""
    names = sorted(
        path.name + ("/" if path.is_dir() else "") for path in (ROOT / folder).iterdir() if path.name[0] not in "._"
    )
    return f"# {folder}\n\n" + "\n".join(f"- `{name}`" for name in names) + "\n"
