"""The schema of the steps of a pipeline: TableEncoder, and the scalers and encoders of scikit-learn.

Only what a step has learnt is stored; the attributes that follow from it are computed again when a file is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.utils.validation import check_is_fitted

from multilayer.exceptions import ModelFileError, ParameterError
from multilayer.files import categories, columns, encoders
from multilayer.files.columns import ColumnPart
from multilayer.files.kinds import (
    LABELS,
    Kind,
    Place,
    Record,
    array,
    either,
    flag,
    integer,
    mapping,
    nothing,
    number,
    optional,
    pair,
    record,
    sequence,
    text,
)
from multilayer.files.schema import EVERYWHERE, NOT_STORED
from multilayer.tables import TableEncoder

MAX_COLUMNS = 1 << 20  # of a step; scikit-learn makes a name for each
MAX_DEPTH = 8  # of pipelines and column transformers in each other
MAX_JOBS = 64  # processes that scikit-learn starts for a ColumnTransformer
DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "object"),
)
OUTPUT_CONFIG = "_sklearn_output_config"


@dataclass(frozen=True)
class Step(Record):
    """A step of a pipeline: its parameters are those of its class, and ``learnt`` are the attributes in a file.

    ``derived`` are the attributes that ``finish`` computes from the others.
    """

    learnt: Mapping[str, Kind] = field(default_factory=dict)
    derived: tuple[str, ...] = ()
    finish: Callable[[Any], None] | None = None
    dtypes: tuple[str, ...] = ()  # the fields that are types of arrays, and names in a file
    width: Callable[[Any], int] = lambda step: int(step.n_features_in_)

    def parts(self, value: Any) -> dict[str, Any]:
        check_is_fitted(value)
        known = {self.attribute(name): name for name in self.fields}
        held = value.get_params(deep=False) | vars(value)
        found = {}
        for name, each in held.items():
            if name in known:
                found[known[name]] = np.dtype(each).name if known[name] in self.dtypes else each
            elif name not in NOT_STORED and name not in self.derived and not _is_deprecated(each):
                raise ParameterError(
                    f"the attribute {name!r} of {self.name} cannot be stored in a file. Use a parameter's default, or "
                    f"remove the attribute: del step.{name}"
                )
        return found

    def built(self, parts: Mapping[str, Any]) -> Any:
        for name in self.learnt:
            if name not in parts:
                raise ModelFileError(f"{self.name} has no {name!r}")
        given = {name: np.dtype(each) if name in self.dtypes else each for name, each in parts.items()}
        names = set(self.make._get_param_names()) & set(given)
        step = self.make(**{name: _scalar_type(given[name]) for name in names})
        for name in set(given) - names:
            setattr(step, self.attribute(name), given[name])
        if self.finish is not None:
            try:
                self.finish(step)
            except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
                raise ModelFileError(f"{self.name} is inconsistent: {error!s:.200}") from None
        return step


def _is_deprecated(value: Any) -> bool:
    """Return whether it is the value of a parameter that scikit-learn has removed and nobody has set."""
    return isinstance(value, str) and value == "deprecated"


def _scalar_type(value: Any) -> Any:
    return value.type if isinstance(value, np.dtype) else value


def _step(make: Any, parameters: Mapping[str, Kind], learnt: Mapping[str, Kind], **options: Any) -> Step:
    fields = {**parameters, **learnt, "n_features_in_": integer(1, MAX_COLUMNS), **EVERYWHERE}
    attributes = {"output_config": OUTPUT_CONFIG, **options.pop("attributes", {})}
    learnt = {**learnt, "n_features_in_": fields["n_features_in_"]}
    lengths = {"D": "n_features_in_"}
    return Step(make.__name__, make, fields, learnt=learnt, attributes=attributes, lengths=lengths, **options)


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
INDICATOR = _step(
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


_PLAIN_STEPS = (
    _step(
        TableEncoder,
        encoders.OF_ENCODERS,
        encoders.LEARNT,
        derived=("number_columns_",),
        finish=encoders.finish,
        dtypes=("dtype",),
        width=encoders.width,
    ),
    _step(
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
    _step(
        MinMaxScaler,
        {"copy": flag, "clip": flag, "feature_range": either(pair(number(), number()), sequence(number(), list))},
        {
            **dict.fromkeys(("scale_", "min_", "data_min_", "data_max_", "data_range_"), _per_column),
            "n_samples_seen_": number(0.0),
        },
    ),
    _step(
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
    _step(
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
    plain = _step(make, {**_OF_CATEGORIES, **parameters}, _CATEGORIES, attributes=_INFREQUENT, dtypes=("dtype",))
    return _Categories(**{**vars(plain), **options})


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


def record_of_step(value: Any, place: Place) -> Any:
    if place.name.count(".steps.") + place.name.count(".parts.") > MAX_DEPTH:
        raise ModelFileError(f"its pipelines are nested more than {MAX_DEPTH} deep")
    return record(*STEPS)(value, place)


STEP_OR_WORD = either(optional(text("passthrough")), record_of_step)
NAMED_STEPS = sequence(pair(text(), STEP_OR_WORD), list)
OF_PIPELINES: dict[str, Kind] = {"memory": nothing, "transform_input": nothing, "verbose": flag}


class _PipelineStep(Step):
    """A pipeline of steps without a network at its end."""

    def parts(self, value: Any) -> dict[str, Any]:
        return super().parts(value) | {"steps": [tuple(pair) for pair in value.steps]}


def shape_of(step: Any) -> tuple[int, int]:
    """Return the numbers of columns that a fitted step receives and returns."""
    if isinstance(step, Pipeline):
        shapes = [shape_of(each) for _, each in step.steps if each is not None and not isinstance(each, str)]
        return shapes[0][0], shapes[-1][1]
    return int(step.n_features_in_), STEP_OF[type(step)].width(step)


def checked_width(steps: list[tuple[str, Any]]) -> int | None:
    """Return the number of columns after the steps, or raise an error if a step receives another number.

    It is None without a step that fixes the number.
    """
    names = [name for name, _ in steps]
    if len(set(names)) < len(names) or any("__" in name for name in names):
        raise ModelFileError("the steps of a pipeline have names that are not distinct, or contain '__'")
    found = None
    for name, step in steps:
        if step is None or isinstance(step, str):
            continue
        n_received, n_returned = shape_of(step)
        if found not in (None, n_received):
            raise ModelFileError(f"the step {name[:80]!r} was fitted on {n_received} columns and receives {found}")
        found = n_returned
    return found


def _check_pipeline(pipeline: Pipeline) -> None:
    if checked_width(pipeline.steps) is None:
        raise ModelFileError("a pipeline has no step that is fitted")


PIPELINE = _PipelineStep(
    "Pipeline",
    Pipeline,
    {**OF_PIPELINES, "steps": NAMED_STEPS},
    learnt={"steps": NAMED_STEPS},
    check=_check_pipeline,
)


class _ColumnTransformerStep(Step):
    """A ColumnTransformer as its parts; ``transformers`` of a loaded one are clones of the fitted ones."""

    def parts(self, value: Any) -> dict[str, Any]:
        check_is_fitted(value)
        found, remainder = columns.parts_of(value)
        rest = super().parts(value)
        return {**rest, "parts": found, "rest": remainder}

    def built(self, parts: Mapping[str, Any]) -> Any:
        for name in ("parts", "rest", "n_features_in_", "sparse_output_"):
            if name not in parts:
                raise ModelFileError(f"{self.name} has no {name!r}")
        others = {self.attribute(name): each for name, each in parts.items() if name not in ("parts", "rest")}
        return columns.built(others, parts["parts"], parts["rest"], shape_of)


PART = Record(
    "ColumnPart",
    ColumnPart,
    {
        "name": text(),
        "step": either(text("drop"), record_of_step),
        "columns": either(sequence(text(), list), sequence(flag, list), sequence(integer(-MAX_COLUMNS), list)),
        "indices": sequence(integer(0, MAX_COLUMNS), list),
        "passes": flag,
    },
    ("name", "step", "columns", "indices", "passes"),
)
_column_transformer = _step(
    ColumnTransformer,
    {
        "sparse_threshold": number(0.0),
        "n_jobs": optional(integer(-MAX_JOBS, MAX_JOBS)),
        "transformer_weights": optional(mapping(text(), number())),
        "verbose": flag,
        "verbose_feature_names_out": either(flag, text()),
    },
    {"sparse_output_": flag},
    derived=(
        *(
            "transformers",
            "remainder",
            "transformers_",
            "_columns",
            "_transformer_to_input_indices",
            "_remainder",
            "output_indices_",
        ),
        *("_transformers_feature_names_out", "_n_features"),
    ),
)
COLUMN_TRANSFORMER = _ColumnTransformerStep(
    **{
        **vars(_column_transformer),
        "fields": {
            **_column_transformer.fields,
            "parts": sequence(record(PART), list),
            "rest": record(PART),
        },
        "width": columns.width,
    }
)
STEPS = (*_PLAIN_STEPS, *_ENCODERS, PIPELINE, COLUMN_TRANSFORMER)
STEP_OF = {step.make: step for step in STEPS}
RECORDS = (*STEPS, INDICATOR, PART, *encoders.RECORDS)
