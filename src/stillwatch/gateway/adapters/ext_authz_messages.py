"""Envoy's `CheckRequest` and `CheckResponse` as far as they are read and written here; fields that are not listed are passed over.

Source: envoy/service/auth/v3/external_auth.proto and attribute_context.proto, envoy/config/core/v3/base.proto, google/rpc/status.proto.
Numbers are what goes over the wire; names of messages do not, so these have a package of their own and meet nobody else's.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["CheckRequest", "CheckResponse"]

_PACKAGE = "stillwatch.ext_authz"
_FIELD = descriptor_pb2.FieldDescriptorProto
_KINDS = {
    "string": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
    "bool": _FIELD.TYPE_BOOL,
}
_SHAPES: dict[str, tuple[tuple[int, str, str], ...]] = {
    "Entry": ((1, "key", "string"), (2, "value", "string")),
    "Value": ((1, "key", "string"), (2, "value", "string"), (3, "raw_value", "bytes")),
    "Values": ((1, "headers", "*Value"),),
    "Http": (
        (2, "method", "string"), (3, "headers", "*Entry"), (4, "path", "string"), (7, "query", "string"), (9, "size", "int64"),
        (11, "body", "string"), (12, "raw_body", "bytes"), (13, "header_map", "Values"),
    ),
    "Request": ((2, "http", "Http"),),
    "Attributes": ((4, "request", "Request"),),
    "CheckRequest": ((1, "attributes", "Attributes"),),
    "Status": ((1, "code", "int32"),),
    "Option": ((1, "header", "Value"), (3, "append_action", "int32")),
    "Denied": ((1, "status", "Status"), (2, "headers", "*Option"), (3, "body", "string")),
    "Ok": ((2, "headers", "*Option"), (6, "response_headers_to_add", "*Option")),
    "CheckResponse": ((1, "status", "Status"), (2, "denied_response", "Denied"), (3, "ok_response", "Ok")),
}  # fmt: skip
"""Messages with their fields: number, name, kind; a star before the kind is "many". A map is many entries of key and value."""


def _made() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="stillwatch/ext_authz.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _SHAPES.items():
        message = file.message_type.add(name=name)
        for number, field, kind in fields:
            plain = kind.removeprefix("*")
            added = message.field.add(name=field, number=number)
            added.label = _FIELD.LABEL_REPEATED if plain != kind else _FIELD.LABEL_OPTIONAL
            if plain in _KINDS:
                added.type = _KINDS[plain]
            else:
                added.type, added.type_name = _FIELD.TYPE_MESSAGE, f".{_PACKAGE}.{plain}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


_POOL = _made()
CheckRequest: Any = message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.CheckRequest"))
CheckResponse: Any = message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.CheckResponse"))
