"""`stillwatch forum hub` and `member`: lay out a hub, and write the lines of who comes in."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from stillwatch.cli.case import Flag
from stillwatch.cli.forum import forum_app

__all__ = ["forum_hub", "forum_member"]


@forum_app.command(name="hub")
def forum_hub(folder: Path, /, *, url: str = "https://localhost:8443") -> None:
    """Lay out a hub: its settings with the collections of a forum and nobody in it, and the key of its log.

    Args:
        folder: Where hub.toml and hub.pem are put; nothing is written over.
        url: Address under which members will reach it.
    """
    import uuid
    from urllib.parse import urlsplit

    from stillwatch.cases import make_key
    from stillwatch.engine import durable_create

    folder.mkdir(parents=True, exist_ok=True)
    text = _SAMPLE.format(url=url, origin=f"{urlsplit(url).netloc}/log")
    for title, what, read, write in _COLLECTIONS:
        told = {"id": str(uuid.uuid4()), "api_root": "forum", "title": title, "read": read, "write": write}
        text += f"\n[[collection]]  # {what}\n" + "".join(
            f"{key} = {json.dumps(value)}\n" for key, value in told.items()
        )
    durable_create(folder / "hub.toml", text.encode(), mode=0o600)
    make_key(folder / "hub.pem")
    print(
        f"{folder / 'hub.toml'}: add members with stillwatch forum member, then stillwatch forum serve {folder / 'hub.toml'}"
    )


@forum_app.command(name="member")
def forum_member(
    name: str, /, *, code: str = "", password: Flag = False, certificate: str = "", custodian: Flag = False
) -> None:
    """Write the lines of hub.toml for a member, and its token, which is shown this once.

    Args:
        name: What the hub calls it; a pseudonym will do.
        code: Its code in the forum, eight hex digits; drawn here when it has none yet. It is `member` in its forum.toml.
        password: Ask for a password on standard input, for clients that speak only Basic.
        certificate: Subject of its client certificate, such as CN=lab-a,O=Lab A.
        custodian: It is a custodian of tags, which tells the log what it evaluated.
    """
    import secrets

    from stillwatch.forum.taxii import hash_password, new_token

    lines = ["[[member]]", f"name = {json.dumps(name)}", f"code = {json.dumps(code or secrets.token_hex(4))}"]
    if custodian:
        lines.append("custodian = true")
    if password:
        lines.append(f"password = {json.dumps(hash_password(sys.stdin.readline().rstrip(chr(10))))}")
    if certificate:
        lines.append(f"certificate = {json.dumps(certificate)}")
    if not (password or certificate):
        token, digest = new_token()
        lines.append(f'token_sha256 = "{digest}"')
        print(f"token for {name}: {token}", file=sys.stderr)
    print("\n".join(lines))


_SAMPLE = """\
title = "Forum"
url = "{url}"
origin = "{origin}"  # name of the transparency log, for ever
database = "hub.sqlite"  # or postgresql://user:password@host:port/name
key = "hub.pem"

[[api_root]]
name = "forum"
title = "Warnings of distillation"

[[group]]
name = "finders"
members = []

[[group]]
name = "counter"  # who counts answers and makes boards of tags; best somebody who is no lab
members = []
"""
_COUNTED = "members write, and whoever counts alone reads"
_COLLECTIONS = (
    ("Indicators", "what all tell all, questions too", ["@finders", "@counter"], ["@finders", "@counter"]),
    ("Answers", f"to questions: {_COUNTED}", ["@counter"], ["@finders"]),
    ("Tag lists", _COUNTED, ["@counter"], ["@finders"]),
    ("Tag boards", "made of all lists", ["@finders"], ["@counter"]),
)
"""The collections of a forum: title, what it is for, who reads, who writes."""
