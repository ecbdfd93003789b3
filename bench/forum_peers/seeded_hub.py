"""Our hub on a port of its own with somebody else's test data in it, until its standard input ends.

    python bench/forum_peers/seeded_hub.py DATA.json PASSWORD [here]

DATA.json is the file that medallion's tests load: API roots with collections, their objects and when each was added. Every user may read and write what
the file says; the first line of output is the port. Discovery names
the file's own server, or with `here` where it listens.
"""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.cases import Signer
from stillwatch.forum.taxii import ApiRoot, Collection, Hub, HubApp, Member, accept_all, hash_password
from stillwatch.forum.taxii.database import connector, make_tables
from stillwatch.forum.taxii.envelope import read_object
from stillwatch.forum.taxii.serving import server
from stillwatch.forum.taxii.store import add_objects
from stillwatch.forum.taxii.wire import micros


def hub_of(data: dict[str, Any], folder: Path, password: str, url: str) -> Hub:
    roots = {name: one for name, one in data.items() if name != "/discovery"}
    member = Member(name="admin", password=hash_password(password))
    return Hub(
        title=data["/discovery"]["title"],
        url=url,
        origin="hub.example/log",
        database=str(folder / "hub.sqlite"),
        max_page=20,
        member=[member],
        api_root=[ApiRoot(name=name, title=one["information"]["title"]) for name, one in roots.items()],
        collection=[
            Collection(
                id=one["id"],
                api_root=name,
                title=one["title"],
                read=["admin"] if one["can_read"] else [],
                write=["admin"] if one["can_write"] else [],
                spec_versions=("2.0", "2.1"),
            )
            for name, root in roots.items()
            for one in root["collections"]
        ],
    )


def seed(hub: Hub, data: dict[str, Any]) -> None:
    """Put the objects in as if each had come at the time that the file says; of two at one time the second comes a microsecond later."""
    connection = connector(hub.database)()
    make_tables(connection)
    connection.begin()
    for collection in hub.collection:
        theirs = next(one for one in data[collection.api_root]["collections"] if one["id"] == collection.id)
        manifest = {(one["id"], one["version"]): one["date_added"] for one in theirs["manifest"]}
        order = {(one["id"], one["version"]): place for place, one in enumerate(theirs["manifest"])}
        for raw in sorted(theirs["objects"], key=lambda one: order[_named(one)]):
            at = manifest[_named(raw)]
            one = read_object(raw, collection, most_bytes=1 << 20, member="admin", accept=accept_all)
            add_objects(
                connection,
                collection.id,
                [one],
                api_root=collection.api_root,
                member="admin",
                clock=lambda at=at: micros(at),
            )
    for root in hub.api_root:
        for one in data[root.name]["status"]:
            connection.do(
                "INSERT INTO statuses (id, api_root, member, at, body) VALUES (?, ?, 'admin', ?, ?)",
                one["id"], root.name, 1 << 60, json.dumps(one).encode(),
            )  # fmt: skip
    connection.do("COMMIT")
    connection.close()


def _named(raw: dict[str, Any]) -> tuple[str, str]:
    return raw["id"], raw.get("modified", raw["created"])


def _until_closed(one: uvicorn.Server) -> None:
    sys.stdin.read()
    one.should_exit = True


def main() -> None:
    data, password = json.loads(Path(sys.argv[1]).read_text("utf-8")), sys.argv[2]
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        here = f"http://127.0.0.1:{free.getsockname()[1]}"
        hub = hub_of(data, Path(folder), password, here if "here" in sys.argv[3:] else "http://localhost:5000")
        seed(hub, data)
        app = HubApp(hub, accept=accept_all, signer=Signer(Ed25519PrivateKey.generate()))
        ours = server(app, host="127.0.0.1", port=0)
        free.listen()
        print(free.getsockname()[1], flush=True)
        threading.Thread(target=_until_closed, args=(ours,), daemon=True).start()
        ours.run(sockets=[free])
        app.close()


if __name__ == "__main__":
    main()
