"""Tier 1 of the zoo: 48 small transformers with known teachers, on which an audit's tests are tried where truth is known."""

from stillwatch.audit.zoo.build import Made, build, manifest_of, missing
from stillwatch.audit.zoo.recipes import ACCOUNTS, MARKED, OURS, RECIPES, Change, Recipe, Role, Scale
from stillwatch.audit.zoo.suspects import Seen, Zoo, read_zoo

__all__ = [
    "ACCOUNTS",
    "MARKED",
    "OURS",
    "RECIPES",
    "Change",
    "Made",
    "Recipe",
    "Role",
    "Scale",
    "Seen",
    "Zoo",
    "build",
    "manifest_of",
    "missing",
    "read_zoo",
]
