"""knowlyr-modelaudit on recorded answers, in its own environment: JSON in on standard input, its verdicts out on standard output.

Its audit as it ships (fingerprints of answers, behaviour signatures, votes, its thresholds). Only two things are put in their place: its probes,
as models of the zoo answer no questions, and the call to an API, by what was recorded.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any


def main() -> None:
    """Audit every model against the teacher."""
    import modelaudit.methods.llmmap as asking
    import modelaudit.probes as probes
    from modelaudit.config import AuditConfig
    from modelaudit.engine import AuditEngine
    from modelaudit.probes.prompts import Probe

    told: dict[str, Any] = json.load(sys.stdin)
    many = len(told["answers"][told["teacher"]])
    asked = [Probe(id=str(at), category="continuation", prompt=str(at), description="") for at in range(many)]

    def recorded(*, model: str, prompt: str, **_: object) -> str:
        return str(told["answers"][model][int(prompt)])

    asking._call_model_api = recorded
    asking.get_probes = probes.get_probes = lambda categories=None, count=None: asked[:count]
    engine = AuditEngine(AuditConfig(num_probes=many, provider="custom", api_base="none"), use_cache=False)
    found = {}
    for name in told["answers"]:
        if name != told["teacher"]:
            result = engine.audit(told["teacher"], name, num_probes=many)
            found[name] = {
                "verdict": result.verdict,
                "similarities": {one.method: one.similarity for one in result.comparisons},
            }
    json.dump({"version": version("knowlyr-modelaudit"), "found": found}, sys.stdout)


if __name__ == "__main__":
    main()
