"""What a mark is: wordings and habits drawn by account for a time, and the name of the account's key for the engine that marks itself."""

from __future__ import annotations

import datetime as dt
import re

import msgspec

from stillwatch.policy.fields import Fields

__all__ = ["EPOCHS", "KEY_FIELDS", "Marker", "Place", "epoch_of", "read_markers"]

EPOCHS = ("day", "week", "month")
"""How long an account keeps what was drawn for it."""

KEY_FIELDS = ("vllm_xargs", "extra_body", "custom_params", "watermark", "watermarking", "watermark_config")
"""Fields of a request in which an engine may get the name of a key: of those that clients have taken away from them."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}(\.[A-Za-z_][A-Za-z0-9_]{0,63})?")
_WORDING = "{wording}"
_LONGEST = 2000


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One place in answers where several wordings are as good.

    `asks` is the question that brings it up in an audit; `wordings` is what gives each away; `says` is what the model is told, one for
    each wording. A habit is told in one of `one_in` requests, drawn by the account's key and the request.
    """

    item: str
    asks: str
    wordings: tuple[str, ...]
    says: tuple[str, ...]
    one_in: int = 1


class Marker(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How answers to an account are marked, until a day.

    `key` says that the engine behind gets the name of the account's key in the header `x-stillwatch-key`, `key_field` that it gets it in
    this field of the request.
    """

    name: str
    epoch: str = "month"
    until: float | None = None
    places: tuple[Place, ...] = ()
    key: bool = False
    key_field: str | None = None

    @property
    def keyed(self) -> bool:
        """Whether anything of it is drawn by a key."""
        return bool(self.places or self.key or self.key_field)


def epoch_of(at: float, epoch: str) -> str:
    """The name of the epoch at a time (seconds since 1970), in UTC; weeks are those of ISO 8601.

    >>> [epoch_of(1_795_000_000.0, one) for one in EPOCHS]
    ['2026-11-18', '2026-W47', '2026-11']
    """
    day = dt.datetime.fromtimestamp(at, dt.UTC)
    if epoch == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return day.strftime("%Y-%m-%d" if epoch == "day" else "%Y-%m")


def read_markers(top: Fields) -> dict[str, Marker]:
    """Read the tables `[[marks]]` of a policy, by name."""
    found: dict[str, Marker] = {}
    for fields in top.tables("marks"):
        name = fields.text("name")
        if name is None or not _NAME.fullmatch(name):
            if name is not None or "name" not in fields:
                fields.fault("name", 'expected a name such as "house-marks", in small letters, digits, hyphens')
            name = ""
        elif name in found:
            fields.fault("name", f'got "{name}", which is the name of another mark already')
        made = _marker(fields, name)
        fields.left()
        if name:
            found[name] = made
    return found


def _marker(fields: Fields, name: str) -> Marker:
    epoch, until = fields.text("epoch", one_of=EPOCHS), fields.day("until")
    key, field = fields.flag("key"), fields.text("key_field")
    if field is not None and (not _FIELD.fullmatch(field) or field.partition(".")[0] not in KEY_FIELDS):
        fields.fault(
            "key_field",
            f'expected a field such as "vllm_xargs.stillwatch_key"; it begins with one that clients cannot send: {", ".join(KEY_FIELDS)}',
        )
    places = tuple(
        place
        for key, read in (("variants", _variant), ("habits", _habit))
        for one in fields.tables(key)
        if (place := read(one)) is not None
    )
    if places and until is None and "until" not in fields:
        fields.fault("until", "missing; what changes answers is for a time: expected its last day, such as 2026-12-31")
    items = [place.item for place in places]
    for item in sorted({one for one in items if items.count(one) > 1}):
        fields.fault("", f'item "{item}" stands twice')
    if not places and not key and field is None:
        fields.fault("", "empty; expected variants, habits, key = true or key_field")
    return Marker(name=name, epoch=epoch or "month", until=until, places=places, key=bool(key), key_field=field)


def _variant(fields: Fields) -> Place | None:
    """Wordings that are as good as each other, put into one instruction."""
    item, asks = _item(fields)
    told, wordings = _text(fields, "instruction"), fields.texts("wordings")
    fields.left()
    if told is not None and told.count(_WORDING) != 1:
        fields.fault("instruction", f"expected {_WORDING} in it, once")
        return None
    if not item or not asks or told is None or not _several(fields, "wordings", wordings) or wordings is None:
        return None
    says = tuple(told.replace(_WORDING, one) for one in wordings)
    return Place(item=item, asks=asks, wordings=wordings, says=says)


def _habit(fields: Fields) -> Place | None:
    """Ways of behaving that are as good as each other, each with what gives it away in an answer."""
    item, asks = _item(fields)
    says, shows = fields.texts("instructions"), fields.texts("shows")
    one_in = fields.whole("one_in", low=1, high=1000)
    fields.left()
    if not _several(fields, "instructions", says) or says is None or shows is None or len(shows) != len(says):
        fields.fault("shows", "expected as many texts as there are instructions: what in an answer gives each away")
        return None
    if not item or not asks or not _several(fields, "shows", shows):
        return None
    return Place(item=item, asks=asks, wordings=shows, says=says, one_in=one_in or 1)


def _item(fields: Fields) -> tuple[str, str]:
    item = fields.text("item")
    if item is None or not _NAME.fullmatch(item):
        if item is not None or "item" not in fields:
            fields.fault("item", 'expected a name of the place such as "closing"')
        item = ""
    return item, _text(fields, "asks") or ""


def _text(fields: Fields, key: str) -> str | None:
    value = fields.text(key)
    if value is None and key not in fields:
        fields.fault(key, "missing; expected a text")
    if value is not None and len(value) > _LONGEST:
        fields.fault(key, f"got {len(value)} characters, expected at most {_LONGEST}")
    return value


def _several(fields: Fields, key: str, given: tuple[str, ...] | None) -> bool:
    """Whether there are two wordings or more, none of which holds another: the audit could not tell them apart."""
    if given is None:
        if key not in fields:
            fields.fault(key, "missing; expected two texts or more")
        return False
    plain = [" ".join(one.casefold().split()) for one in given]
    alike = any(a in b for at, a in enumerate(plain) for to, b in enumerate(plain) if at != to)
    if not 2 <= len(given) <= 64 or alike:
        fields.fault(key, "expected 2 to 64 texts, none of which stands within another")
        return False
    return True
