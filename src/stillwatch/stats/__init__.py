"""Measurements to evidence: p-values, e-values and intervals with a stated null, and the error rate that each promises."""

from stillwatch.stats.conformal import (
    CrossFitted,
    StratumCalibration,
    assign_folds,
    conformal_e,
    conformal_p,
    cross_fitted_p,
)
from stillwatch.stats.evalues import (
    betting_e,
    e_process,
    e_to_p,
    first_alarm,
    merge_all_required,
    merge_average,
    merge_product,
    p_to_e,
    p_to_e_mixture,
    poisson_e,
)
from stillwatch.stats.multiplicity import (
    Discoveries,
    Reach,
    benjamini_hochberg,
    e_bh,
    e_needed,
    p_needed,
    reach,
    reach_e,
)
from stillwatch.stats.permutation import group_mean_test, permutation_p, sequential_permutation

__all__ = [
    "CrossFitted",
    "Discoveries",
    "Reach",
    "StratumCalibration",
    "assign_folds",
    "benjamini_hochberg",
    "betting_e",
    "conformal_e",
    "conformal_p",
    "cross_fitted_p",
    "e_bh",
    "e_needed",
    "e_process",
    "e_to_p",
    "first_alarm",
    "group_mean_test",
    "merge_all_required",
    "merge_average",
    "merge_product",
    "p_needed",
    "p_to_e",
    "p_to_e_mixture",
    "permutation_p",
    "poisson_e",
    "reach",
    "reach_e",
    "sequential_permutation",
]
