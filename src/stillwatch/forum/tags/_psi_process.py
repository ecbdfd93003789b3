"""Private set intersection in a process of its own: openmined-psi brings a protobuf of its own, so nothing of Stillwatch is imported.

One JSON object a line comes in, one goes out; bytes are hexadecimal. Run by `overlap`, with the interpreter of the environment in which
`openmined-psi` is installed. Keys live as long as the process, unless an asker takes its own out to read the
answer in another process later.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

_RATE = 1e-9
"""Chance of a false match; the container that is used has none by design."""


def _message(kind: Any, text: str) -> Any:
    made = kind()
    made.ParseFromString(bytes.fromhex(text))
    return made


def _done(psi: Any, party: Any, do: str, asked: dict[str, Any]) -> Any:
    """What one line asks for; `party` is the asker or the holder that the first line began."""
    if do == "key":
        return party.GetPrivateKeyBytes().hex()
    if do == "request":
        return party.CreateRequest(asked["items"]).SerializeToString().hex()
    if do == "setup":
        made = party.CreateSetupMessage(_RATE, asked["asked"], asked["items"], psi.DataStructure.RAW)
        return made.SerializeToString().hex()
    if do == "response":
        request = _message(psi.Request, asked["request"])
        if len(request.encrypted_elements) != asked["values"]:
            raise ValueError("another number of values than was said")
        return party.ProcessRequest(request).SerializeToString().hex()
    both = _message(psi.ServerSetup, asked["setup"]), _message(psi.Response, asked["response"])
    return party.GetIntersectionSize(*both) if do == "size" else list(party.GetIntersection(*both))


def _main() -> None:
    psi: Any = importlib.import_module("private_set_intersection.python")
    party = None
    for line in sys.stdin:
        asked = json.loads(line)
        do = asked.pop("do")
        try:
            if do == "begin":
                role = psi.client if asked["role"] == "asker" else psi.server
                reveal, key = asked["reveal"], asked["key"]
                party = role.CreateFromKey(bytes.fromhex(key), reveal) if key else role.CreateWithNewKey(reveal)
                found = None
            else:
                found = _done(psi, party, do, asked)
            told = {"found": found}
        except Exception as error:
            told = {"error": type(error).__name__}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
