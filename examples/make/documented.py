"""Write the samples of services that cannot be run here: `python documented.py EXAMPLES_FOLDER`. Standard library only.

Envelopes follow the documentation named in each folder's README; the bodies inside are those of the mock server.
"""

from __future__ import annotations

import sys
from pathlib import Path

from documented_clouds import azure_apim_llm, bedrock_invocation, envoy_aigw
from documented_observers import helicone, langfuse
from documented_openai import openai_batch, openai_stored
from mock_pieces import SALT


def main() -> None:
    """Write every documented format."""
    target = Path(sys.argv[1])
    for make in (openai_batch, openai_stored, langfuse, helicone, bedrock_invocation, azure_apim_llm, envoy_aigw):
        SALT[0] = make.__name__
        (target / make.__name__).mkdir(exist_ok=True)
        make(target / make.__name__)


if __name__ == "__main__":
    main()
