"""Read a checkpoint by sigstore's own parser, where sigstore is installed: `python sigstore_read.py FILE`; prints what it understood."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sigstore._internal.rekor.checkpoint import SignedCheckpoint


def main() -> None:
    told = SignedCheckpoint.from_text(Path(sys.argv[1]).read_text("utf-8"))
    found = told.checkpoint
    names = [one.name for one in told.signed_note.signatures]
    print(json.dumps({"origin": found.origin, "size": found.log_size, "root": found.log_hash, "names": names}))


if __name__ == "__main__":
    main()
