"""The first day of the forum in the demo: a hub and two custodians are laid out, everybody is let in, and the servers start."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence

from stillwatch.cases import collector
from stillwatch.cli._forum_member import Member
from stillwatch.cli._forum_play import CUSTODIANS, Play

__all__ = ["open_forum"]


def open_forum(play: Play, labs: Sequence[Member], counter: Member) -> None:
    """Lay out the hub and both custodians, let everybody in, start the servers, and draw a kept line from each member to each."""
    from stillwatch.forum.taxii import read_hub

    hub, forum = play.out / "forum" / "hub", "forum"
    port = _free_port()
    play.run(forum, "forum", "hub", hub, "--url", f"http://127.0.0.1:{port}")
    settings = (hub / "hub.toml").read_text("utf-8")
    play.signers.mkdir(parents=True)
    for one in (*labs, counter):
        told = play.run(forum, "forum", "member", one.name, "--code", one.code, secret=True)
        token, _, lines = told.partition("\n")
        one.keep_token("hub", token.partition(": ")[2])
        settings += lines
        (play.signers / f"{one.code}.pub.pem").write_bytes(collector(one.space).public.pem())
    for names in ([one.name for one in labs], [counter.name]):
        settings = settings.replace("members = []", f"members = {json.dumps(names)}", 1)
    (hub / "hub.toml").write_text(settings, "utf-8")
    statements = []
    for name, folder in zip(CUSTODIANS, play.custodians, strict=True):
        made = play.run(name, "forum", "custodian", "rotate", folder, name).strip().split("\t")
        play.epoch = made[0]
        statements.append(made[-1])
        for one in labs:
            token = play.run(name, "forum", "custodian", "admit", folder, one.name, secret=True)
            one.keep_token(name, token.strip())
    ports = {"hub": port, **{name: _free_port() for name in CUSTODIANS}}
    play.serve(port, "forum", "serve", hub / "hub.toml")
    for name, folder in zip(CUSTODIANS, play.custodians, strict=True):
        play.serve(ports[name], "forum", "custodian", "serve", folder)
    collections = {one.title: one.id for one in read_hub(hub / "hub.toml").collection}
    for one in (*labs, counter):
        one.join(ports, statements, collections, play.stack)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
