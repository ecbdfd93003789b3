"""Lay out OpenTAXII over SQLite with objects in a public collection, by its own code; it runs where OpenTAXII is installed.

    python bench/forum_peers/opentaxii_seed.py FOLDER

FOLDER holds objects.json; opentaxii.yml is written there, and the path of the collection is printed.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

_SETTINGS = """
domain: "127.0.0.1"
support_basic_auth: yes
auth_api:
  class: opentaxii.auth.sqldb.SQLDatabaseAPI
  parameters: {{db_connection: "sqlite:///{folder}/auth.db", create_tables: yes, secret: for-a-measurement}}
taxii1:
taxii2:
  public_discovery: true
  max_content_length: 10000000
  title: Forum
  persistence_api:
    class: opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI
    parameters: {{db_connection: "sqlite:///{folder}/taxii2.db", create_tables: yes}}
logging: {{opentaxii: warning, root: warning}}
"""


def main() -> None:
    folder = Path(sys.argv[1])
    settings = folder / "opentaxii.yml"
    settings.write_text(_SETTINGS.format(folder=folder), "utf-8")
    os.environ["OPENTAXII_CONFIG"] = str(settings)
    from opentaxii.http import app

    with app.app_context():
        held = app.taxii_server.servers.taxii2.persistence.api
        root = held.add_api_root(title="Distillation", default=True, is_public=True)
        made = held.add_collection(api_root_id=root.id, title="Shared", is_public=True)
        held.add_objects(root.id, made.id, json.loads((folder / "objects.json").read_text("utf-8")))
    print(f"/taxii2/{root.id}/collections/{made.id}/")


if __name__ == "__main__":
    main()
