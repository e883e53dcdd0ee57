"""The attributes of scikit-learn's encoders of categories that follow from their categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from multilayer.exceptions import ModelFileError

DERIVED = ("_infrequent_enabled", "_default_to_infrequent_mappings")


def finish_one_hot(encoder: OneHotEncoder) -> None:
    """Compute the attributes of a OneHotEncoder from its categories and the infrequent ones."""
    _finish(encoder, {})
    encoder._set_drop_idx()
    encoder._n_features_outs = encoder._compute_n_features_outs()


def finish_ordinal(encoder: OrdinalEncoder) -> None:
    """Compute the attributes of an OrdinalEncoder from its categories and the infrequent ones."""
    if (encoder.handle_unknown == "use_encoded_value") != (encoder.unknown_value is not None):
        raise ModelFileError("OrdinalEncoder has an unknown_value without use_encoded_value, or the reverse")
    # A gap, NaN, is the last category, and is never infrequent.
    has_gap = {column: len(known) - 1 for column, known in enumerate(encoder.categories_) if _ends_in_gap(known)}
    _finish(encoder, has_gap)
    encoder._missing_indices = has_gap


def _ends_in_gap(known: Any) -> bool:
    last = known[-1] if len(known) else None
    return bool(isinstance(last, float | np.floating) and np.isnan(last))


def _finish(encoder: Any, missing: Mapping[int, int]) -> None:
    known = encoder.categories_
    if len(known) != encoder.n_features_in_ or not all(map(len, known)):
        raise ModelFileError("its categories are not those of its columns")
    encoder._check_infrequent_enabled()
    infrequent = encoder._infrequent_indices
    if encoder._infrequent_enabled != (infrequent is not None):
        raise ModelFileError("it has infrequent categories without an option for them, or the reverse")
    if infrequent is None:
        del encoder._infrequent_indices
        return
    if len(infrequent) != len(known):
        raise ModelFileError("its infrequent categories are not those of its columns")
    encoder._default_to_infrequent_mappings = [
        None if places is None else _grouping(len(each) - (column in missing), places)
        for column, (each, places) in enumerate(zip(known, infrequent, strict=True))
    ]


def _grouping(n: int, infrequent: Any) -> Any:
    """Return the place of each of n categories among the frequent ones, and the place after them for the others."""
    is_infrequent = np.zeros(n, dtype=bool)
    if not len(infrequent) or not 0 <= infrequent.min() <= infrequent.max() < n:
        raise ModelFileError("it has infrequent categories that it does not have")
    is_infrequent[infrequent] = True
    if np.count_nonzero(is_infrequent) < len(infrequent):
        raise ModelFileError("it has an infrequent category twice")
    mapping = np.empty(n, dtype=np.int64)
    mapping[is_infrequent] = n - len(infrequent)
    mapping[~is_infrequent] = np.arange(n - len(infrequent))
    return mapping
