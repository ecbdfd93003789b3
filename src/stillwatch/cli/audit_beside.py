"""What `stillwatch audit plan` and `run` take for the tests beside exposure, and `stillwatch audit keys`, which derives keys of marks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from stillwatch.audit import Asked, Shown

__all__ = ["AskedBeside", "ShownBeside", "audit_keys"]

Flag = Annotated[bool, Parameter(negative=())]
Names = Annotated[list[str] | None, Parameter(negative=())]
Files = Annotated[list[Path] | None, Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class AskedBeside:
    """Tests beside exposure.

    Args:
        teacher: Name of a model that the suspect may write like, ours among them; once for each.
        twin: Name of a model as capable as ours, made by the like recipe on other data; once for each.
        twins_score: Ours and the twins tell how likely they find the others' answers, in place of answering.
        independent: Name of a model that learned from none of the teachers, nor from ours; once for each.
        weights: Compare the order of hidden units in the suspect's weights with ours.
        tensor: Pattern of names of the matrices to compare, in place of those of common models; once for each.
        weight_control: Name of a model whose weights were made independently, to compare spectra; once for each.
        artefacts: JSON lines of strings that were ours alone, with decoys of the same form that were never served.
        older: Name of a model released before the harvest, and the day; once for each.
        order: JSON lines of place and text: our training data in the random order of training.
    """

    teacher: Names = None
    twin: Names = None
    twins_score: Flag = False
    independent: Names = None
    weights: Flag = False
    tensor: Names = None
    weight_control: Names = None
    artefacts: Path | None = None
    older: Annotated[list[tuple[str, dt.date]] | None, Parameter(negative=())] = None
    order: Path | None = None

    def asked(self) -> Asked:
        """As the plan holds it: names, and digests of what is secret."""
        from stillwatch.audit import HIDDEN_UNITS, Asked, artefacts_digest, order_digest, read_artefacts, read_order

        return Asked(
            teachers=tuple(self.teacher or ()),
            twins=tuple(self.twin or ()),
            twins_score=self.twins_score,
            independents=tuple(self.independent or ()),
            tensors=tuple(self.tensor or (HIDDEN_UNITS if self.weights else ())),
            weight_controls=tuple(self.weight_control or ()),
            artefacts="" if self.artefacts is None else artefacts_digest(read_artefacts(self.artefacts)),
            older=tuple(self.older or ()),
            order="" if self.order is None else order_digest(read_order(self.order)),
        )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ShownBeside:
    """Files for the tests beside exposure; each model's is named after it.

    Args:
        teacher: Answers of a teacher; once for each, in the order of the plan.
        twin: Answers of a twin; once for each, in the order of the plan; --ours gives those of our model.
        independent: Answers of an independent model; once for each, in the order of the plan.
        weights: The suspect's weights: .safetensors, a folder of them, .npz or .gguf.
        our_weights: Our weights.
        weight_control: A control's weights; once for each, in the order of the plan.
        artefacts: The artefacts of the plan.
        older: Answers of a model released before the harvest; once for each, in the order of the plan.
        order: The training order of the plan.
    """

    teacher: Files = None
    twin: Files = None
    independent: Files = None
    weights: Path | None = None
    our_weights: Path | None = None
    weight_control: Files = None
    artefacts: Path | None = None
    older: Files = None
    order: Path | None = None

    def shown(self) -> Shown:
        """Everything read."""
        from stillwatch.audit import Shown, read_artefacts, read_order, read_suspect, read_weights

        return Shown(
            teachers=[read_suspect(one) for one in self.teacher or ()],
            twins=[read_suspect(one) for one in self.twin or ()],
            independents=[read_suspect(one) for one in self.independent or ()],
            weights=None if self.weights is None else read_weights(self.weights),
            our_weights=None if self.our_weights is None else read_weights(self.our_weights),
            weight_controls=[read_weights(one) for one in self.weight_control or ()],
            artefacts=() if self.artefacts is None else read_artefacts(self.artefacts),
            older=[read_suspect(one) for one in self.older or ()],
            order=() if self.order is None else read_order(self.order),
        )


def audit_keys(
    master: Path, served: Path, /, *, epoch: str, new: Flag = False, share: float = 0.25, out: Path = Path("keys.json")
) -> None:
    """Derive a key for every account, HMAC(master, account, epoch), and write down the digests that a plan freezes.

    Args:
        master: File of the master key; it stays with you.
        served: JSON lines of served responses; their siblings may be missing.
        epoch: Name of the epoch, for instance 2026-11; another epoch has other keys.
        new: Make the master key first, where there is none.
        share: Share of word pairs that a key makes green.
        out: File of the digests; never written over.
    """
    from stillwatch.audit import derive_keys, make_master, read_master, read_served, write_keys

    items = read_served(served, bare=True)
    if new:
        make_master(master)
    keys = derive_keys(read_master(master), [one.account for one in items], epoch=epoch, share=share)
    write_keys(out, keys)
    print(f"{out}: digests of {len(keys.digests)} keys of epoch {epoch}; the keys themselves are written nowhere")
