"""R1. Only fields of the closed shapes travel: what nobody thought of is refused, not passed."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.forum.rules.closed import FIXED
from stillwatch.forum.rules.rule import Batch, Object, Refusal, Rule, Setting, refusal
from stillwatch.forum.stix.ids import CONDUCT
from stillwatch.forum.stix.pattern import TEMPLATE_PATTERN, read_pattern
from stillwatch.forum.stix.shape import nested
from stillwatch.forum.stix.shapes import SHAPES
from stillwatch.forum.stix.tag_shapes import no_tags
from stillwatch.forum.words import Kind, Lane, Way

__all__ = ["RULE"]

_MEND = "Leave it out, or put it into the form that docs/forum.md lists; the profile is closed on purpose"
_ADD = "Add the field; docs/forum.md lists what each type needs"


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """Every object is of a known type and of its shape, and every pattern one that we know."""
    for one in batch:
        for path, why in (*_faults(one), *_not_public(one, setting)):
            yield refusal("R1", one, path, why, _ADD if why == "is missing" else _MEND)


def _faults(one: Object) -> Iterator[tuple[str, str]]:
    kind, made = one.get("type"), str(one.get("id"))
    if kind in ("marking-definition", "extension-definition", "attack-pattern") or made in FIXED:
        if FIXED.get(made) != one:
            yield "", "is not one of the definitions or techniques that the forum knows, or differs from it"
        return
    if not isinstance(kind, str) or kind not in SHAPES:
        yield ".type", f"does not travel between peers; known are {', '.join(sorted(SHAPES))}"
        return
    yield from nested(SHAPES[kind]).wrong(one)
    yield from no_tags(one)
    if kind == "indicator":
        yield from _pattern(one)


def _not_public(one: Object, setting: Setting) -> Iterator[tuple[str, str]]:
    """A model's name has no closed form, so what leaves may name only models of which the house says that the public knows them."""
    if setting.way is Way.IN or setting.policy is None or one.get("revoked") is True:
        return
    compared = read_pattern(str(one.get("pattern")), str(one.get("pattern_type")))
    named = {".model": one.get("model") if one.get("type") == CONDUCT else None}
    named[".pattern"] = compared.value if compared is not None and compared.kind is Kind.MODEL else None
    for path, model in named.items():
        if model is not None and model not in setting.policy.public_models:
            yield path, "is not known to be a public model (forum.toml: public_models)"


def _pattern(one: Object) -> Iterator[tuple[str, str]]:
    compared = read_pattern(str(one.get("pattern")), str(one.get("pattern_type")))
    if compared is None:
        yield (
            ".pattern",
            f"is none of the patterns of one comparison that travel: {', '.join(Kind)}, or `{TEMPLATE_PATTERN}`",
        )
        return
    extensions = one.get("extensions")
    for made, told_of in extensions.items() if isinstance(extensions, dict) else ():
        if isinstance(told_of, dict) and told_of.get("kind") != compared.kind:
            yield f".extensions.{made}.kind", "is not the kind of thing that the pattern compares"


RULE = Rule(code="R1", title="Closed list of fields", check=check, lanes=frozenset({Lane.PEER}))
