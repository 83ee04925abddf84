"""Functions that get no row, with what to write instead."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import refused

_func: Any
for _func, _instead, _rewritten in (
    (
        np.copyto,
        "y = np.broadcast_to(values, y.shape), or np.where(mask, values, y) with where=mask",
        "{0} = np.broadcast_to({1}, np.shape({0}))",
    ),
    (
        np.put,
        "y = modes.at(np.ravel(y), indices).set(values), reshaped",
        "{0} = np.reshape(modes.at(np.ravel({0}), {1}).set({2}), np.shape({0}))",
    ),
    (np.place, "y = modes.at(y, mask).set(values)", "{0} = modes.at({0}, {1}).set({2})"),
    (np.putmask, "y = np.where(mask, values, y)", "{0} = np.where({1}, {2}, {0})"),
    (np.put_along_axis, "y = modes.at(y, index).set(values), with the index of every axis", None),
    (
        np.fill_diagonal,
        "y = modes.at(y, np.diag_indices_from(y)).set(values)",
        "{0} = modes.at({0}, np.diag_indices_from({0})).set({1})",
    ),
):
    refused(
        _func,
        f"it writes into an array, and arrays that are differentiated are not modified; make a new one: {_instead}; or "
        f"build it with np.where, np.concatenate or np.stack, and np.full(shape, value) with np.broadcast_to(value, "
        f"shape)",
        _rewritten,
    )
for _func in (
    *(np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values),
    *(np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d),
):
    refused(_func, "equal values stop being so as they move; take np.sort, or find the set on plain values outside")
for _func in (np.histogram, np.histogram2d, np.histogramdd, np.histogram_bin_edges):
    refused(_func, "counts jump as values move; find the bins on plain values outside, and add up with np.sum")
for _func in (np.apply_along_axis, np.apply_over_axes):
    refused(_func, "apply the function to whole arrays with axis=, or np.stack its results")
for _func in (np.nanmedian, np.nanquantile, np.nanpercentile):
    refused(_func, "choose the entries that are not NaN first: np.median(x[~np.isnan(x)])")
for _func in (np.cov, np.corrcoef):
    refused(_func, "write it with products: d = x - np.mean(x, axis=1, keepdims=True); d @ d.T / (d.shape[1] - 1)")
for _func in (np.nextafter, np.spacing):
    refused(_func, "it speaks of how numbers are stored; compute it on plain values outside")
