"""The zoo: 48 small transformers with known teachers and a few real models, on which an audit's tests are tried where truth is known."""

from stillwatch.audit.zoo.build import Made, build, manifest_of, missing
from stillwatch.audit.zoo.recipes import ACCOUNTS, MARKED, OURS, RECIPES, Change, Recipe, Role, Scale
from stillwatch.audit.zoo.shipped import SUSPECTS, Small, SmallMade, Tuned, build_shipped, read_shipped
from stillwatch.audit.zoo.suspects import Seen, Zoo, read_zoo

__all__ = [
    "ACCOUNTS",
    "MARKED",
    "OURS",
    "RECIPES",
    "SUSPECTS",
    "Change",
    "Made",
    "Recipe",
    "Role",
    "Scale",
    "Seen",
    "Small",
    "SmallMade",
    "Tuned",
    "Zoo",
    "build",
    "build_shipped",
    "manifest_of",
    "missing",
    "read_shipped",
    "read_zoo",
]
