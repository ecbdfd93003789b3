"""Measurements to evidence: p-values, e-values and intervals with a stated null, and the error rate that each promises."""

from stillwatch.stats.certificate import certified_rate, certified_rate_everywhere
from stillwatch.stats.circular import HourShape, hour_shape
from stillwatch.stats.collisions import Tiling, repeats_bound, tiling, tiling_needs
from stillwatch.stats.conformal import (
    CrossFitted,
    StratumCalibration,
    assign_folds,
    conformal_e,
    conformal_p,
    cross_fitted_p,
    weighted_conformal_p,
)
from stillwatch.stats.counts import Dispersion, binomial_excess, dispersion, hypergeometric_excess
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
from stillwatch.stats.group_means import GroupMeans, group_mean_test
from stillwatch.stats.intervals import bootstrap, clopper_pearson, dkw, wilson
from stillwatch.stats.looks import accumulate, look_share, shown_so_far
from stillwatch.stats.monitor import null_monitor
from stillwatch.stats.multiplicity import (
    Discoveries,
    Reach,
    benjamini_hochberg,
    e_bh,
    e_needed,
    holm,
    p_needed,
    reach,
    reach_e,
    storey_bh,
)
from stillwatch.stats.novelty import Directions, main_directions, nearest_distances, rank_surprise, residual_energy
from stillwatch.stats.online import OnlineBudget, OnlineRule, online_fdr
from stillwatch.stats.permutation import permutation_p, sequential_permutation
from stillwatch.stats.spread import (
    CellDifference,
    Lift,
    cell_difference,
    group_cell_difference,
    within_account_lift,
)
from stillwatch.stats.tails import GUILTY_SHARES, TailPower, budget_tails, reachable, tail_e, tail_power
from stillwatch.stats.topics import CellScan, cell_scan, mean_shift, share_excess

__all__ = [
    "GUILTY_SHARES",
    "CellDifference",
    "CellScan",
    "CrossFitted",
    "Directions",
    "Discoveries",
    "Dispersion",
    "GroupMeans",
    "HourShape",
    "Lift",
    "OnlineBudget",
    "OnlineRule",
    "Reach",
    "StratumCalibration",
    "TailPower",
    "Tiling",
    "accumulate",
    "assign_folds",
    "benjamini_hochberg",
    "betting_e",
    "binomial_excess",
    "bootstrap",
    "budget_tails",
    "cell_difference",
    "cell_scan",
    "certified_rate",
    "certified_rate_everywhere",
    "clopper_pearson",
    "conformal_e",
    "conformal_p",
    "cross_fitted_p",
    "dispersion",
    "dkw",
    "e_bh",
    "e_needed",
    "e_process",
    "e_to_p",
    "first_alarm",
    "group_cell_difference",
    "group_mean_test",
    "holm",
    "hour_shape",
    "hypergeometric_excess",
    "look_share",
    "main_directions",
    "mean_shift",
    "merge_all_required",
    "merge_average",
    "merge_product",
    "nearest_distances",
    "null_monitor",
    "online_fdr",
    "p_needed",
    "p_to_e",
    "p_to_e_mixture",
    "permutation_p",
    "poisson_e",
    "rank_surprise",
    "reach",
    "reach_e",
    "reachable",
    "repeats_bound",
    "residual_energy",
    "sequential_permutation",
    "share_excess",
    "shown_so_far",
    "storey_bh",
    "tail_e",
    "tail_power",
    "tiling",
    "tiling_needs",
    "weighted_conformal_p",
    "wilson",
    "within_account_lift",
]
