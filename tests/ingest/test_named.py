"""Columns of raw identities become pseudonyms, and the vault is told of each once."""

from __future__ import annotations

import pytest

from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.ingest.named import VaultPair, named

_NAMES = Pseudonymiser(b"k" * 32)


@pytest.mark.parametrize("odd", ["plain", "half \ud83d of a pair"])
def test_each_name_goes_into_the_vault_once_whatever_it_holds(odd: str) -> None:
    vault: list[VaultPair] = []

    found = named(_NAMES, "account", ["b", None, odd, "b"], vault)

    hashed = {raw: _NAMES.name("account", raw) for raw in ("b", odd)}
    assert found.to_pylist() == [hashed["b"], None, hashed[odd], hashed["b"]]
    assert vault == [("account", hashed["b"], "b"), ("account", hashed[odd], odd)]
