"""TAXII 2.1: the hub that labs share, and the client that fetches from it and from other people's servers."""

from __future__ import annotations

from stillwatch.forum.taxii.app import HubApp
from stillwatch.forum.taxii.doorkeeper import hash_password, new_token
from stillwatch.forum.taxii.envelope import Accept, Refused, accept_all
from stillwatch.forum.taxii.exchanging import Pulled, Pushed, pull, push
from stillwatch.forum.taxii.hub import ApiRoot, Collection, Group, Hub, Member, read_hub
from stillwatch.forum.taxii.inbox import Held, Inbox
from stillwatch.forum.taxii.remote import Credentials, Remote, RemoteError
from stillwatch.forum.taxii.serving import serve

__all__ = [
    "Accept",
    "ApiRoot",
    "Collection",
    "Credentials",
    "Group",
    "Held",
    "Hub",
    "HubApp",
    "Inbox",
    "Member",
    "Pulled",
    "Pushed",
    "Refused",
    "Remote",
    "RemoteError",
    "accept_all",
    "hash_password",
    "new_token",
    "pull",
    "push",
    "read_hub",
    "serve",
]
