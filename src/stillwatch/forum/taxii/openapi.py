"""What a hub answers, as an OpenAPI 3.1 document: paths, parameters, statuses and bodies, for makers of clients and of hostile requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stillwatch.forum.taxii.hub import Hub
from stillwatch.forum.taxii.wanted import MOST_LIMIT
from stillwatch.forum.taxii.wire import MEDIA

__all__ = ["openapi"]

Object = dict[str, Any]

_ID = r"^[a-z0-9][a-z0-9-]*--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_JSON = "application/json"
_MOMENT: Object = {"type": "string", "format": "date-time"}
_TEXT: Object = {"type": "string"}
_NUMBER: Object = {"type": "integer", "minimum": 0}


def openapi(hub: Hub, collections: Iterable[str]) -> Object:
    """The document of one hub for a member: `collections` are the ids of those that it sees, and no other is named."""
    here = {"root": [one.name for one in hub.api_root], "collection": list(collections)}
    schemas = dict(_PARAMETERS) | {name: _TEXT | {"enum": values} for name, values in here.items() if values}
    root, one, item = "/{root}/", "/{root}/collections/{collection}/", "/{root}/collections/{collection}/objects/{id}/"
    paths: Object = {
        "/taxii2/": _get("Discovery", _ref("Discovery")),
        root: _get("One API root", _ref("ApiRoot"), "root"),
        "/{root}/status/{status}/": _get("What became of a push", _ref("Status"), "root", "status"),
        "/{root}/collections/": _get("Collections that the member sees", _ref("Collections"), "root"),
        one: _get("One collection", _ref("Collection"), "root", "collection"),
        f"{one}manifest/": _get("What is there", _ref("Manifest"), "root", "collection", *_PAGE),
        f"{one}objects/": _get("A page of objects", _ref("Envelope"), "root", "collection", *_PAGE) | _push(),
        item: _get("Versions of one object", _ref("Envelope"), *_ITEM, *_PAGE_OF_ONE) | _delete(),
        f"{item}versions/": _get(
            "Its versions", _ref("Versions"), *_ITEM, "limit", "next", "added_after", "match[spec_version]"
        ),
        f"{item}holders/": _get("Who was given it, for its owner", _ref("Holders"), *_ITEM),
        "/log/checkpoint": _get("The log's signed head", _TEXT, media="text/plain"),
        "/log/consistency": _get("Proof that the log only grew", _ref("Hashes"), "first", "second", media=_JSON),
        "/log/inclusion": _get("Proof that an event is in it", _ref("Hashes"), "seq", "size", media=_JSON),
        "/log/leaves": _get("Hashes of leaves", _ref("Hashes"), "start", "end", media=_JSON),
        "/log/mine": _get("The member's own events", _ref("Mine"), "start", media=_JSON),
        "/log/keys": _get("Digests of custodians' keys", _ref("Keys"), media=_JSON),
        "/log/cosign": _post("A checkpoint cosigned", _ref("Cosigned"), _TEXT, "text/plain", _JSON),
        "/log/evaluations": _post("What a custodian evaluated", _ref("Logged"), _ref("Evaluations"), _JSON, _JSON),
        "/openapi.json": _get("This document", {"type": "object"}, media=_JSON),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": hub.title, "version": "1", "summary": "TAXII 2.1 with a transparency log"},
        "servers": [{"url": hub.url}],
        "security": [{"token": []}, {"basic": []}, {"certificate": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "certificate": {"type": "mutualTLS"},
            },
            "parameters": {name: _parameter(name, schema) for name, schema in schemas.items()},
            "schemas": _SCHEMAS,
        },
    }


_PARAMETERS: Mapping[str, Object] = {
    "root": _TEXT,
    "collection": _TEXT,
    "status": _TEXT,
    "id": {"type": "string", "pattern": _ID},
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_LIMIT},
    "next": _TEXT,
    "added_after": _MOMENT,
    "match[id]": _TEXT,
    "match[type]": _TEXT,
    "match[version]": _TEXT,
    "match[spec_version]": _TEXT,
    **dict.fromkeys(("first", "second", "seq", "size", "start", "end"), _NUMBER | {"maximum": 10**14}),
}
_IN_PATH = frozenset({"root", "collection", "status", "id"})
_NEEDED = _IN_PATH | {"first", "second", "seq", "size", "start", "end"}
_ITEM = ("root", "collection", "id")
_PAGE_OF_ONE = ("limit", "next", "added_after", "match[version]", "match[spec_version]")
_PAGE = (*_PAGE_OF_ONE, "match[id]", "match[type]")


def _object(needed: Mapping[str, Object], **more: Object) -> Object:
    return {"type": "object", "properties": {**needed, **more}, "required": sorted(needed)}


def _list(of: Object) -> Object:
    return {"type": "array", "items": of}


def _ref(name: str) -> Object:
    return {"$ref": f"#/components/schemas/{name}"}


_YES: Object = {"type": "boolean"}
_STATED = _object({"id": _TEXT, "version": _TEXT}, message=_TEXT)
_COLLECTION = _object({"id": _TEXT, "title": _TEXT, "can_read": _YES, "can_write": _YES}, media_types=_list(_TEXT))
_ANY: Object = {"description": "What is no STIX object is refused by itself, in the status (TAXII 2.1, 5.4)."}
_SCHEMAS: Object = {
    "Error": _object(
        {"title": _TEXT, "description": _TEXT, "error_id": _TEXT, "error_code": _TEXT, "http_status": _TEXT}
    ),
    "Discovery": _object({"title": _TEXT, "api_roots": _list(_TEXT)}, default=_TEXT),
    "ApiRoot": _object({"title": _TEXT, "versions": _list(_TEXT), "max_content_length": _NUMBER}),
    "Collection": _COLLECTION,
    "Collections": _object({}, collections=_list(_ref("Collection"))),
    "Envelope": _object({}, more=_YES, next=_TEXT, objects=_list({"type": "object"})),
    "Manifest": _object(
        {},
        more=_YES,
        next=_TEXT,
        objects=_list(_object({"id": _TEXT, "date_added": _MOMENT, "version": _MOMENT, "media_type": _TEXT})),
    ),
    "Versions": _object({}, more=_YES, next=_TEXT, versions=_list(_MOMENT)),
    "Holders": _object({"holders": _list(_object({"member": _TEXT, "given": _MOMENT}, told_of_retraction=_MOMENT))}),
    "Status": _object(
        {
            "id": _TEXT,
            "status": {"enum": ["complete", "pending"]},
            **dict.fromkeys(("total_count", "success_count", "failure_count", "pending_count"), _NUMBER),
        },
        successes=_list(_STATED),
        failures=_list(_STATED),
        request_timestamp=_MOMENT,
    ),
    "Hashes": _list(_TEXT),
    "Mine": _object({"events": _list(_object({"seq": _NUMBER, "salt": _TEXT, "event": _TEXT})), "next": _NUMBER}),
    "Keys": _object({"keys": _list(_object({"custodian": _TEXT, "epoch": _TEXT, "digest": _TEXT}))}),
    "Cosigned": _object({"signatures": _list(_TEXT)}),
    "Evaluations": _object({}, keys=_list(_object({"epoch": _TEXT, "digest": _TEXT})), lines=_list({"type": "object"})),
    "Logged": _object({"last": _NUMBER, "changed": _list(_TEXT)}),
    "Objects": _object(
        {"objects": _list({"anyOf": [_object({"id": {"type": "string", "pattern": _ID}, "type": _TEXT}), _ANY]})}
    ),
}
_REFUSED = {
    400: "what is asked cannot be read",
    401: "who asks is not known",
    403: "the member may not",
    404: "it is not there, or not for this member",
    405: "not by this method",
    406: "the client takes no TAXII",
    408: "the body took too long",
    413: "too large",
    415: "the body is not TAXII",
    422: "the body cannot be used",
    429: "a quota is spent",
    503: "too many at once",
}


def _parameter(name: str, schema: Object) -> Object:
    where = "path" if name in _IN_PATH else "query"
    return {"name": name, "in": where, "required": name in _NEEDED, "schema": schema}


def _operation(summary: str, status: str, schema: Object | None, media: str, names: tuple[str, ...]) -> Object:
    refused = {MEDIA: {"schema": _ref("Error")}}
    done = {} if schema is None else {"content": {media: {"schema": schema}}}
    return {
        "summary": summary,
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in names],
        "responses": {
            status: {"description": summary, **done},
            **{str(code): {"description": why, "content": refused} for code, why in _REFUSED.items()},
        },
    }


def _get(summary: str, schema: Object, *names: str, media: str = MEDIA) -> Object:
    return {"get": _operation(summary, "200", schema, media, names)}


def _post(
    summary: str, answer: Object, body: Object, takes: str, gives: str, *names: str, status: str = "200"
) -> Object:
    told = _operation(summary, status, answer, gives, names)
    return {"post": told | {"requestBody": {"required": True, "content": {takes: {"schema": body}}}}}


def _push() -> Object:
    return _post("Share objects", _ref("Status"), _ref("Objects"), MEDIA, MEDIA, "root", "collection", status="202")


def _delete() -> Object:
    names = (*_ITEM, "match[version]", "match[spec_version]")
    return {"delete": _operation("Erase an object for good", "200", None, MEDIA, names)}
