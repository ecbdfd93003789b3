"""What the forum writes down is readable by its owner alone, and what members send a server is not sent in clear."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from tests.forum.taxii.hub import settings

from stillwatch.cli.forum_hub import forum_hub
from stillwatch.cli.forum_server import forum_serve
from stillwatch.cli.forum_tags import _write
from stillwatch.core import Error
from stillwatch.forum.tags import Kind, Tag
from stillwatch.forum.taxii import Inbox
from stillwatch.forum.taxii.database import connector, make_tables


def test_files_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    connection = connector(settings(tmp_path).database)()
    make_tables(connection)
    box = Inbox(tmp_path / "inbox.sqlite")
    forum_hub(tmp_path / "hub")
    _write(Kind.EMAIL, "2026-q4", [Tag(kind=Kind.EMAIL, epoch="2026-q4", value=b"x" * 16)], tmp_path / "tags")
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()}
    box.close()
    connection.close()
    assert {"hub.sqlite", "hub.sqlite-wal", "inbox.sqlite", "hub.toml", "hub.pem", "tags"} <= made.keys()
    assert {name for name, mode in made.items() if mode & 0o077} <= {"hub.pub.pem"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"host": "0.0.0.0"}, "tokens would travel in clear"),  # noqa: S104
        ({"certificate": Path("chain.pem")}, "--certificate and --tls-key belong together"),
        ({"clients": Path("ca.pem")}, "--clients"),
    ],
    ids=["in clear", "half of TLS", "clients without TLS"],
)
def test_a_hub_does_not_listen_in_clear(given: dict[str, Path], told: str, tmp_path: Path) -> None:
    with pytest.raises(Error, match=told):
        forum_serve(tmp_path / "hub.toml", **given)  # type: ignore[arg-type]
