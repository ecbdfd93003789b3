"""One door for all forms in which objects can be written."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from stillwatch.cases.canonical import canonical
from stillwatch.forum.exports.loss import Loss
from stillwatch.forum.exports.misp import misp_event
from stillwatch.forum.exports.opencti import opencti_bundle
from stillwatch.forum.stix.bundles import bundle

__all__ = ["Form", "written_as"]


class Form(StrEnum):
    """The forms: STIX as the rules read it, a MISP event, or a bundle for OpenCTI."""

    STIX = "stix"
    MISP = "misp"
    OPENCTI = "opencti"


def written_as(objects: Sequence[dict[str, Any]], form: Form) -> tuple[bytes, tuple[Loss, ...]]:
    """Objects in canonical bytes of a form, and what the form loses."""
    if form is Form.STIX:
        return canonical(bundle(objects)), ()
    made, lost = (misp_event if form is Form.MISP else opencti_bundle)(objects)
    return canonical(made), lost
