#!/usr/bin/env python3
"""Write what Stillwatch is made of as a CycloneDX 1.6 document, from `constraints.txt` alone.

    make sbom

The same constraints and version give the same bytes: the moment is that of `SOURCE_DATE_EPOCH`, the serial number a digest. Libraries that
only extras or development need have the scope `optional`. Hashes are those of all files that the package index has of a version.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PINNED = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.\-]*)==(?P<version>[^\s;\\]+)(?P<rest>[^\n]*)\n(?P<hashes>(?: +--hash=[^\n]*\n)+)",
    re.MULTILINE,
)


def document(constraints: str, project: dict[str, Any], made: dt.datetime) -> dict[str, Any]:
    """The document for one text of constraints and one `[project]` table."""
    core, _, rest = constraints.partition("# development\n")
    parts = [*_components(core, "required"), *_components(rest, "optional")]
    own = f"pkg:pypi/{project['name']}@{project['version']}"
    required = [one["bom-ref"] for one in parts if one["scope"] == "required"]
    digest = hashlib.sha256((own + constraints).encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {
            "timestamp": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project["name"],
                "version": project["version"],
                "description": project["description"],
                "licenses": [{"license": {"id": project["license"]}}],
                "purl": own,
            },
        },
        "components": parts,
        "dependencies": [{"ref": own, "dependsOn": sorted(required)}],
    }


def _components(text: str, scope: str) -> list[dict[str, Any]]:
    made = []
    for found in PINNED.finditer(text):
        purl = f"pkg:pypi/{found['name'].lower()}@{found['version']}"
        hashes = sorted(re.findall(r"sha256:([0-9a-f]{64})", found["hashes"]))
        files = {
            "type": "distribution",
            "url": f"https://pypi.org/project/{found['name']}/{found['version']}/#files",
            "hashes": [{"alg": "SHA-256", "content": one} for one in hashes],
        }
        made.append(
            {
                "type": "library",
                "bom-ref": purl,
                "name": found["name"],
                "version": found["version"],
                "scope": scope,
                "purl": purl,
                "externalReferences": [files],
            }
        )
    return made


def main(target: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    made = dt.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), dt.UTC)
    told = document((ROOT / "constraints.txt").read_text("utf-8"), project, made)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", "utf-8")
    print(f"{target}: {len(told['components'])} components")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
