"""Put an audit's exhibit into a case, and revoke one everywhere. Each step is a record of the journal."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from stillwatch.cases.book import Book
from stillwatch.cases.canonical import canonical
from stillwatch.cases.desk import Desk, note_entry, subject_of
from stillwatch.cases.exhibit import Exhibit, name_mark, opened_exhibit, read_exhibit
from stillwatch.cases.journal import Entry, Private
from stillwatch.cases.record import Case, State
from stillwatch.cases.signing import PublicKey, read_public
from stillwatch.core.errors import CaseError

__all__ = ["add_exhibit", "auditor_keys", "revoke_exhibit", "trusted_auditors"]


def trusted_auditors(root: Path) -> list[PublicKey]:
    """Public keys of auditors whom this installation believes: those that somebody put into `keys/auditors/` of its workspace.

    Raises:
        CaseError: when a file there holds no public key.
    """
    return [read_public(path) for path in sorted((root / "keys" / "auditors").glob("*.pub.pem"))]


def auditor_keys(book: Book) -> list[PublicKey]:
    """The keys under every exhibit that was put into a case, as they were believed then; also where its case was forgotten."""
    raw = dict.fromkeys(key for told in book.kinds.get("case.exhibit_added", ()) for key in told.record.body["keys"])
    return [PublicKey(bytes.fromhex(one)) for one in raw]


def add_exhibit(desk: Desk, case_id: str, data: bytes, *, by: str, why: str, keys: Sequence[PublicKey] = ()) -> Case:
    """Put an exhibit into a case, once every signature and digest in it was checked.

    It is believed when it is signed by this installation, by a key in `keys/auditors/`, or by one of the `keys`.

    Raises:
        TamperingFound: when it is not as it was signed, or by a key that nobody gave.
        CaseError: when it was revoked, is in the case already, the case is merged, or no reason is given.
    """
    if not why.strip():
        raise CaseError(f"{case_id}: say why the exhibit belongs to the case")
    file = read_exhibit(data)
    believed = [desk.signer.public, *trusted_auditors(desk.workspace.root), *keys]
    exhibit, told, signed = opened_exhibit(file, believed)
    digest = hashlib.sha256(canonical(file)).hexdigest()
    with desk.journal.writing() as append:
        revoked = desk.book().feedback.revoked
        for one in (digest, exhibit.outcome, *signed):
            if one in revoked:
                raise CaseError(f"exhibit {digest[:16]}: was revoked ({one[:16]}): {revoked[one]}")
        case = desk.case(case_id)
        if case.state is State.MERGED:
            raise CaseError(f"{case_id}: is merged into {case.merged_into}; put the exhibit there")
        if any(given.sha256 == digest for given in case.exhibits):
            raise CaseError(f"{case_id}: has exhibit {digest[:16]} already")
        raw = {key.id: key.raw.hex() for key in believed}
        body = {
            "sha256": digest,
            "keys": [raw[one] for one in signed],
            "signed_at": told["at"],
            "days_meet": _days_meet(exhibit, case),
        }
        about = subject_of(case.handle)
        private = (Private(field="exhibit", subject=about, value=file), *_named(exhibit, case))
        append([note_entry("case.exhibit_added", case, by, why, body, private)])
    return desk.case(case_id)


def revoke_exhibit(desk: Desk, digest: str, *, by: str, why: str) -> list[str]:
    """Revoke an exhibit here, by its SHA-256, that of the outcome it tells of, or the id of a key that signs such; the cases concerned.

    It counts in no case any more, stays in their history, and is never taken in again.

    Raises:
        CaseError: when it is no SHA-256, was revoked before, or no reason is given.
    """
    name = digest.strip().lower()
    if len(name) != 64 or not set(name) <= set("0123456789abcdef"):
        raise CaseError("expected the SHA-256 of an exhibit or an outcome, or the id of a key: 64 hexadecimal digits")
    if not why.strip():
        raise CaseError(f"exhibit {name[:16]}: say why it is revoked")
    if name == desk.signer.public.id:
        raise CaseError("that is this installation's own key: revoke its exhibits one by one")
    desk.journal.begin()
    with desk.journal.writing() as append:
        book = desk.book()
        if name in book.feedback.revoked:
            raise CaseError(f"exhibit {name[:16]}: was revoked already")
        note = Private(field="note", subject=f"exhibit:{name}", value=why)
        entries = [Entry(kind="exhibit.revoked", by=by, body={"of": name}, private=(note,))]
        held = []
        for case in book.cases.values():
            for given in case.exhibits:
                ids = [PublicKey(bytes.fromhex(key)).id for key in given.keys]
                if given.counts and name in (given.sha256, given.exhibit.outcome, *ids):
                    entries.append(note_entry("case.exhibit_revoked", case, by, why, {"sha256": given.sha256}))
                    held.append(case.id)
        append(entries)
    return list(dict.fromkeys(held))


def _named(exhibit: Exhibit, case: Case) -> tuple[Private, ...]:
    """The members that the exhibit names, each under the key of its own account."""
    marks = set(exhibit.marks)
    found = [m.handle for m in case.members if name_mark(exhibit.salt, m.handle) in marks]
    return tuple(Private(field=f"named/{n}", subject=subject_of(one), value=one) for n, one in enumerate(found))


def _days_meet(exhibit: Exhibit, case: Case) -> bool | None:
    """Whether the harvest of the audit and the days of the case overlap; unknown where either is."""
    begun, ended = exhibit.harvest_begun, exhibit.harvest_ended
    days = [(one.first_seen.date(), one.last_seen.date()) for one in case.openings if one.first_seen and one.last_seen]
    if begun is None or not days:
        return None
    return any(last >= begun and (ended is None or first <= ended) for first, last in days)
