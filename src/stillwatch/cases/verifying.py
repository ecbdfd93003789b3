"""Check a sealed file with nothing but the file and public keys: every byte of it, or nothing is said for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.x509 import Certificate

from stillwatch.cases.archive import unpack
from stillwatch.cases.canonical import canonical, read_canonical
from stillwatch.cases.dsse import opened_envelope
from stillwatch.cases.exhibit import opened_exhibit
from stillwatch.cases.rotation import heirs
from stillwatch.cases.sealing import ENVELOPE, FORM, MANIFEST, REDACTION, STAMP, STAYS
from stillwatch.cases.signing import PublicKey
from stillwatch.cases.stamping import Stamp, stamp_in
from stillwatch.core import handle, unhandle
from stillwatch.core.errors import CaseError, TamperingFound

__all__ = ["REDACTION_FORM", "ROTATIONS", "Item", "Verified", "verified"]

REDACTION_FORM = "urn:stillwatch:case-redaction:1"
"""Names the predicate of a redaction."""

ROTATIONS = "rotations/"
"""Folder of a copy's statements of keys and their successors, in order, where a successor made the copy."""

_ITEM = re.compile(r"items/(\d{6})\.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One item that is in the file and is what was sealed."""

    number: str
    kind: str
    content: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """A sealed file in which every byte is as it was sealed (or, of a redacted copy, as it was redacted).

    `removed` gives the kind and the reason of each item that was taken out; `signed` the ids of the keys under the seal,
    `redacted_by` those under the redaction.
    """

    case: str
    seal: Mapping[str, Any]
    items: tuple[Item, ...]
    removed: Mapping[str, tuple[str, str]]
    signed: tuple[str, ...]
    redacted_by: tuple[str, ...]
    files: Mapping[str, bytes]
    stamp: Stamp | None = None


def verified(
    data: bytes,
    keys: Sequence[PublicKey],
    authority: Sequence[Certificate] = (),
    *,
    auditors: Sequence[PublicKey] = (),
) -> Verified:
    """What a sealed file says, when all of it is as it was sealed. Every signature must be by a key that is given.

    Exhibits in it are checked likewise, against the same keys and those of `auditors`, which count for exhibits alone.

    A redaction counts only when it leaves what speaks for the accused, and by keys that signed the seal too, or by successors that those
    keys named: whoever else holds a copy cannot take anything out of it. With certificates of a time-stamping `authority` a time stamp has
    to be under one of them.

    Raises:
        TamperingFound: when it is not, with what is wrong.
    """
    try:
        files = unpack(data)
        if not {ENVELOPE, MANIFEST} <= files.keys():
            raise ValueError("no sealed case: envelope or manifest is missing")
        digest = hashlib.sha256(files[MANIFEST]).hexdigest()
        seal, signed = opened_envelope(files[ENVELOPE], keys, FORM, digest, MANIFEST)
        if seal["keys"] != list(signed):
            raise ValueError(f"the seal names {len(seal['keys'])} keys, and is signed by {len(signed)}, or by others")
        manifest = read_canonical(files[MANIFEST])
        _check_case(manifest["case"])
        kinds = {one["item"]: one["kind"] for one in manifest["items"]}
        statements = [files[name] for name in sorted(files) if name.startswith(ROTATIONS)]
        entitled = (*signed, *heirs(statements, keys, signed))
        gone: dict[str, str] = {}
        redacted_by: tuple[str, ...] = ()
        if REDACTION in files:
            told, redacted_by = opened_envelope(files[REDACTION], keys, REDACTION_FORM, digest, MANIFEST)
            gone = {one["item"]: one["why"] for one in told["removed"]}
            _check_redaction(gone, kinds, redacted_by, entitled)
        items = _items(files, manifest, gone)
        _check_exhibits(items, [*keys, *auditors])
        stamp = stamp_in(files, keys, entitled, authority)
    except (ValueError, KeyError, TypeError) as error:
        raise TamperingFound([f"sealed file: {error}"]) from error
    return Verified(
        case=manifest["case"],
        seal=seal,
        items=items,
        removed={number: (kinds[number], why) for number, why in gone.items()},
        signed=signed,
        redacted_by=redacted_by,
        files=files,
        stamp=stamp,
    )


def _items(files: Mapping[str, bytes], manifest: Mapping[str, Any], gone: Mapping[str, str]) -> tuple[Item, ...]:
    """The items that are there, each checked against the manifest.

    Raises:
        ValueError: when one is changed, too many, or missing without having been redacted.
    """
    listed = {one["item"]: one for one in manifest["items"]}
    there = {found[1]: name for name in files if (found := _ITEM.fullmatch(name))}
    handed_on = {name for name in files if name.startswith(ROTATIONS)}
    known = {ENVELOPE, MANIFEST, REDACTION, STAMP, *handed_on, *there.values()}
    if files.keys() - known or there.keys() - listed.keys() or gone.keys() - listed.keys():
        raise ValueError("holds a file that the manifest does not know")
    if there.keys() & gone.keys():
        raise ValueError("holds an item that was taken out")
    missing = sorted(listed.keys() - there.keys() - gone.keys())
    if missing:
        raise ValueError(f"item {missing[0]} is missing, and no redaction says that it was taken out")
    items = []
    for number in sorted(there):
        data = files[there[number]]
        if hashlib.sha256(data).hexdigest() != listed[number]["sha256"]:
            raise ValueError(f"item {number} is not what was sealed")
        told = read_canonical(data)
        if told["kind"] != listed[number]["kind"]:
            raise ValueError(f"item {number} is of another kind than the manifest says")
        items.append(Item(number=number, kind=told["kind"], content=told["content"]))
    return tuple(items)


def _check_exhibits(items: Sequence[Item], keys: Sequence[PublicKey]) -> None:
    """Each exhibit that is there is as its auditor signed it.

    Raises:
        ValueError: when one is not, with the number of its item.
    """
    for item in items:
        if item.kind != "exhibit":
            continue
        try:
            if hashlib.sha256(canonical(item.content["file"])).hexdigest() != item.content["sha256"]:
                raise ValueError("has another digest than it says")
            opened_exhibit(item.content["file"], keys)
        except (TamperingFound, CaseError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"item {item.number}: {error}") from error


def _check_case(case: object) -> None:
    """The id of a case is one handle in its one spelling: files are named after it.

    Raises:
        ValueError: when it is not.
    """
    kind, number = unhandle(str(case))
    if kind != "case" or handle(kind, number) != case:
        raise ValueError("the manifest names no case")


def _check_redaction(
    gone: Mapping[str, str], kinds: Mapping[str, str], by: Sequence[str], entitled: Sequence[str]
) -> None:
    """What was taken out may be missing, and those who took it out may say so.

    Raises:
        ValueError: when something was taken out that stays in every copy, or by somebody who did not sign the seal.
    """
    stranger = next((key for key in by if key not in entitled), None)
    if stranger is not None:
        raise ValueError(f"redacted by key {stranger[:16]}, which did not sign the seal")
    for number in gone:
        if kinds.get(number) in STAYS:
            raise ValueError(f"item {number} was taken out, of the part {kinds[number]!r}, which stays in every copy")
