"""The schema of the steps of a pipeline: TableEncoder, and the scalers and encoders of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from multilayer.exceptions import ModelFileError
from multilayer.files import categories, encoders
from multilayer.files.kinds import (
    LABELS,
    Kind,
    array,
    either,
    flag,
    integer,
    nothing,
    number,
    optional,
    pair,
    record,
    sequence,
    text,
)
from multilayer.files.step import Step, step_of
from multilayer.tables import TableEncoder

DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "object"),
)


def _check_scaler(scaler: StandardScaler) -> None:
    if (scaler.with_mean and scaler.mean_ is None) or (scaler.with_std and scaler.scale_ is None):
        raise ModelFileError("StandardScaler has no mean_ or no scale_")


def _check_imputer(imputer: SimpleImputer) -> None:
    indicator = imputer.indicator_
    if imputer.add_indicator != (indicator is not None):
        raise ModelFileError("SimpleImputer has an indicator_ without add_indicator, or the reverse")
    if indicator is not None and indicator.n_features_in_ != imputer.n_features_in_:
        raise ModelFileError("the indicator_ of SimpleImputer has another number of columns")


def _width_of_imputer(imputer: SimpleImputer) -> int:
    indicated = 0 if imputer.indicator_ is None else len(imputer.indicator_.features_)
    if imputer.keep_empty_features or imputer.strategy == "constant":
        return int(imputer.n_features_in_) + indicated
    is_empty = [each != each for each in imputer.statistics_.tolist()]
    return len(is_empty) - sum(is_empty) + indicated


def _finish_indicator(indicator: MissingIndicator) -> None:
    indicator._precomputed, indicator._n_features = True, indicator.n_features_in_
    places = indicator.features_
    if len(places) and not (places.min() >= 0 and places.max() < indicator.n_features_in_):
        raise ModelFileError("MissingIndicator has numbers of columns that it does not have")


_per_column = array("f", "D")
_scalar: Kind = either(text(), flag, number(infinite=True, nan=True))
_values_of_labels = either(array(LABELS, None), sequence(optional(_scalar)))
_dtype = text(*DTYPES)
INDICATOR = step_of(
    MissingIndicator,
    {
        "missing_values": optional(_scalar),
        "features": text("missing-only", "all"),
        "sparse": either(text("auto"), flag),
        "error_on_new": flag,
    },
    {"features_": array("i", None)},
    derived=("_precomputed", "_n_features"),
    finish=_finish_indicator,
)
_OF_CATEGORIES: dict[str, Kind] = {
    "categories": either(text("auto"), sequence(_values_of_labels)),
    "dtype": _dtype,
    "min_frequency": optional(either(integer(1), number(0.0))),
    "max_categories": optional(integer(1)),
}
_CATEGORIES: dict[str, Kind] = {
    "categories_": sequence(array(LABELS, None), list),
    "infrequent": optional(sequence(optional(array("i", None)), list)),
}
_INFREQUENT = {"infrequent": "_infrequent_indices"}


class _Categories(Step):
    """An encoder of categories; ``infrequent`` is null if it has no infrequent categories."""

    def parts(self, value: Any) -> dict[str, Any]:
        return {"infrequent": None} | super().parts(value)


class _TableEncoderStep(Step):
    """A TableEncoder, whose names of identifiers are a list in a file, and notes on its table an entry of their own."""

    def parts(self, value: Any) -> dict[str, Any]:
        found, names = super().parts(value), value.identifiers
        found |= {"reading_notes": value.columns_.notes} if value.columns_.notes else {}
        return found if isinstance(names, str | Mapping) else found | {"identifiers": sorted(names)}


TABLE_ENCODER = step_of(
    TableEncoder,
    encoders.OF_ENCODERS | {"reading_notes": encoders.TEXTS},
    encoders.LEARNT,
    attributes={"reading_notes": encoders.NOTES},
    derived=("number_columns_",),
    finish=encoders.finish,
    dtypes=("dtype",),
    width=encoders.width,
    kind=_TableEncoderStep,
)
_PLAIN_STEPS = (
    TABLE_ENCODER,
    step_of(
        StandardScaler,
        {"copy": flag, "with_mean": flag, "with_std": flag},
        {
            "n_samples_seen_": either(number(0.0), array("if", "D")),
            "mean_": optional(_per_column),
            "var_": optional(_per_column),
            "scale_": optional(_per_column),
        },
        check=_check_scaler,
    ),
    step_of(
        MinMaxScaler,
        {"copy": flag, "clip": flag, "feature_range": either(pair(number(), number()), sequence(number(), list))},
        {
            **dict.fromkeys(("scale_", "min_", "data_min_", "data_max_", "data_range_"), _per_column),
            "n_samples_seen_": number(0.0),
        },
    ),
    step_of(
        SimpleImputer,
        {
            "missing_values": optional(_scalar),
            "strategy": text("mean", "median", "most_frequent", "constant"),
            "fill_value": optional(_scalar),
            "copy": flag,
            "add_indicator": flag,
            "keep_empty_features": flag,
        },
        {
            "statistics_": array("biufO", "D"),
            "indicator_": optional(record(INDICATOR)),
            "fit_dtype": _dtype,
            "fill_dtype": _dtype,
        },
        attributes={"fit_dtype": "_fit_dtype", "fill_dtype": "_fill_dtype"},
        dtypes=("fit_dtype", "fill_dtype"),
        check=_check_imputer,
        width=_width_of_imputer,
    ),
    step_of(
        FunctionTransformer,  # without a function: "passthrough" in a ColumnTransformer
        {
            **dict.fromkeys(("func", "inverse_func", "kw_args", "inv_kw_args"), nothing),
            **dict.fromkeys(("validate", "accept_sparse", "check_inverse"), flag),
            "feature_names_out": optional(text("one-to-one")),
        },
        {},
    ),
)


def _categorical(make: Any, parameters: Mapping[str, Kind], **options: Any) -> Step:
    every = {**_OF_CATEGORIES, **parameters}
    return step_of(make, every, _CATEGORIES, _Categories, attributes=_INFREQUENT, dtypes=("dtype",), **options)


_ENCODERS = (
    _categorical(
        OneHotEncoder,
        {
            "drop": optional(either(text("first", "if_binary"), _values_of_labels)),
            "sparse_output": flag,
            "handle_unknown": text("error", "ignore", "infrequent_if_exist", "warn"),
            "feature_name_combiner": text("concat"),
        },
        derived=(*categories.DERIVED, "drop_idx_", "_drop_idx_after_grouping", "_n_features_outs"),
        finish=categories.finish_one_hot,
        width=lambda step: int(sum(step._n_features_outs)),
    ),
    _categorical(
        OrdinalEncoder,
        {
            "handle_unknown": text("error", "use_encoded_value"),
            "unknown_value": optional(number(nan=True)),
            "encoded_missing_value": number(nan=True),
        },
        derived=(*categories.DERIVED, "_missing_indices"),
        finish=categories.finish_ordinal,
    ),
)


PLAIN_STEPS = (*_PLAIN_STEPS, *_ENCODERS)
