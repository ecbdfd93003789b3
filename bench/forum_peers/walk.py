"""Walk a hub with other people's clients: taxii2-client, cytaxii2 and cc-taxii2-client. Prints one line of JSON a client.

python bench/forum_peers/walk.py PORT PASSWORD COLLECTION
"""

from __future__ import annotations

import json
import sys
import uuid

import taxii2client
from cc_taxii2_client import CCTaxiiClient
from cytaxii2 import cytaxii2
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

PORT, PASSWORD, COLLECTION = sys.argv[1:]
BASE = f"http://127.0.0.1:{PORT}"


def fresh(number: int) -> dict[str, str]:
    at = f"2026-11-01T00:00:{number:02}.000Z"
    return {
        "type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid.uuid4()}", "created": at, "modified": at,
        "pattern": "[autonomous-system:number = 64500]", "pattern_type": "stix", "valid_from": at,
    }  # fmt: skip


def with_taxii2client() -> dict[str, object]:
    named = {"user": "admin", "password": PASSWORD}
    title = Server(f"{BASE}/taxii2/", **named).title
    root = ApiRoot(f"{BASE}/trustgroup1/", **named)
    seen = {one.id for one in root.collections}
    collection = Collection(f"{BASE}/trustgroup1/collections/{COLLECTION}/", **named)
    mine = [fresh(number) for number in range(30)]
    status = collection.add_objects({"objects": mine}, wait_for_completion=True)
    sizes = [len(page.get("objects", [])) for page in as_pages(collection.get_objects, per_request=7)]
    manifest = [len(page.get("objects", [])) for page in as_pages(collection.get_manifest, per_request=20)]
    versions = collection.object_versions(mine[0]["id"])["versions"]
    collection.delete_object(mine[0]["id"])
    return {
        "client": f"taxii2-client {taxii2client.__version__}",
        "ok": bool(title) and COLLECTION in seen and status.status == "complete" and status.success_count == 30
        and sum(sizes) == sum(manifest) == 30 and len(versions) == 1 and root.get_status(status.id).success_count == 30,
    }  # fmt: skip


def with_cytaxii2() -> dict[str, object]:
    client = cytaxii2.cytaxii2(discovery_url=f"{BASE}/taxii2/", username="admin", password=PASSWORD, version=2.1)
    client.api_root = f"{BASE}/trustgroup1/"
    steps = [
        client.discovery_request(),
        client.root_discovery(),
        client.collection_request(),
        client.poll_request(collection_id=COLLECTION),
    ]
    return {
        "client": "cytaxii2",
        "ok": all(one["status"] for one in steps),
        "codes": [one["status_code"] for one in steps],
    }


def with_cc_taxii2_client() -> dict[str, object]:
    """After the first, which left 29 of its 30 objects. It knows one server by heart, and wants that server's own fields in every indicator."""
    client = CCTaxiiClient("admin", PASSWORD)
    client.url = BASE
    sizes, mark = [], ""
    while True:
        page = client._get_json("trustgroup1", COLLECTION, f"objects/?limit=10{mark}")
        sizes.append(len(page.objects or []))
        if not page.more:
            break
        mark = f"&next={page.next}"
    known = COLLECTION in client.get_collections("trustgroup1")
    return {"client": "cc-taxii2-client", "ok": known and sizes == [10, 10, 9], "pages": sizes}


for walk in (with_taxii2client, with_cytaxii2, with_cc_taxii2_client):
    try:
        print(json.dumps(walk()))
    except Exception as error:
        print(json.dumps({"client": walk.__name__, "ok": False, "error": f"{type(error).__name__}: {error}"[:300]}))
