"""Every pair of options of scikit-learn's steps is restored from a file: outputs and names are equal to the bit."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix, issparse
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from multilayer import load_model, save_model
from multilayer.exceptions import MultilayerError

from ..pairwise import pairwise

M = 40
_RNG = np.random.RandomState(0)
NUMBERS = _RNG.normal(size=(M, 3))
GAPS = NUMBERS.round(1)
GAPS[::4, 0] = GAPS[1::5, 1] = np.nan
GAPS[:, 2] = np.nan  # a column without a value
WORDS = pd.DataFrame(
    {
        "town": _RNG.choice(["Ulm", "Bonn", "Rom", "Kiel"], M, p=[0.5, 0.3, 0.15, 0.05]),
        "pair": _RNG.choice(["q", "r"], M),
    }
)
HOLES = WORDS.astype(object).where(_RNG.rand(M, 2) > 0.2, None)
TABLE = WORDS.assign(size=NUMBERS[:, 0], rooms=_RNG.randint(0, 5, M).astype(float), new=_RNG.rand(M) > 0.5)


def outcome(step: Any, rows: Any) -> Any:
    """Return the output for some rows and its names, or the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = step.transform(rows)
        except ValueError as error:
            return str(error)
        try:
            names = list(step.get_feature_names_out())
        except (ValueError, AttributeError) as error:  # as of some remainders
            names = [str(error)]
    kind = type(found)
    found = found.toarray() if issparse(found) else found
    return kind, [str(each) for each in np.asarray(found).dtype.descr], np.asarray(found).tolist(), names


def assert_restored(step: Any, X: Any, rows: Any, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        step.fit(X)
    save_model(step, path)
    loaded = load_model(path)
    assert type(loaded) is type(step)
    for given in (X, rows):
        np.testing.assert_equal(outcome(loaded, given.copy()), outcome(step, given.copy()))
    if not isinstance(step, ColumnTransformer):  # whose columns are listed in a file
        np.testing.assert_equal(str(loaded.get_params()), str(step.get_params()))
    save_model(loaded, path.with_name("again"))
    assert path.with_name("again").read_bytes() == path.read_bytes()


@pairwise(
    with_mean=[True, False],
    with_std=[True, False],
    form=["array", "float32", "frame", "gaps", "sparse"],
    output=["default", "pandas"],
)
def test_standard_scalers(with_mean: bool, with_std: bool, form: str, output: str, tmp_path: Path) -> None:
    forms = {
        "array": NUMBERS,
        "float32": NUMBERS.astype(np.float32),
        "frame": pd.DataFrame(NUMBERS, columns=list("abc")),
        "gaps": GAPS,
        "sparse": csr_matrix(NUMBERS),
    }
    is_sparse = form == "sparse"
    scaler = StandardScaler(with_mean=with_mean and not is_sparse, with_std=with_std, copy=not is_sparse)
    scaler.set_output(transform="default" if is_sparse else output)
    assert_restored(scaler, forms[form].copy(), forms[form][:5] * 3, tmp_path / "step")


@pairwise(
    feature_range=[(0, 1), (-2.5, 3.0), [0, 2]], clip=[True, False], gaps=[True, False], output=["default", "pandas"]
)
def test_ranges(feature_range: Any, clip: bool, gaps: bool, output: str, tmp_path: Path) -> None:
    scaler = MinMaxScaler(feature_range=tuple(feature_range), clip=clip).set_output(transform=output)
    assert_restored(scaler, GAPS if gaps else NUMBERS, NUMBERS * 5, tmp_path / "step")


@pairwise(
    strategy=["mean", "median", "most_frequent", "constant"],
    add_indicator=[True, False],
    keep_empty_features=[True, False],
    missing_values=[np.nan, 1.0],
    fill_value=[None, 7.5],
)
def test_imputers_of_numbers(
    strategy: str,
    add_indicator: bool,
    keep_empty_features: bool,
    missing_values: float,
    fill_value: Any,
    tmp_path: Path,
) -> None:
    options: dict[str, Any] = {"strategy": strategy, "missing_values": missing_values, "fill_value": fill_value}
    X = GAPS if missing_values != missing_values else np.nan_to_num(NUMBERS.round(0))
    rows = X[::-1][:9].copy()
    rows[0] = missing_values
    imputer = SimpleImputer(add_indicator=add_indicator, keep_empty_features=keep_empty_features, **options)
    assert_restored(imputer, X, rows, tmp_path / "step")


@pairwise(strategy=["most_frequent", "constant"], missing_values=[None, np.nan, "q"], fill_value=[None, "none"])
def test_imputers_of_text(strategy: str, missing_values: Any, fill_value: Any, tmp_path: Path) -> None:
    X = WORDS if missing_values == "q" else HOLES if missing_values is None else HOLES.fillna(np.nan)
    imputer = SimpleImputer(strategy=strategy, missing_values=missing_values, fill_value=fill_value)
    assert_restored(imputer, X, X[::-1][:9], tmp_path / "step")


LIMITS: dict[str, dict[str, Any]] = {
    "none": {},
    "few": {"min_frequency": 5},
    "a share": {"min_frequency": 0.2},
    "most": {"max_categories": 3},
    "both": {"min_frequency": 2, "max_categories": 3},
}


@pairwise(
    handle_unknown=["error", "ignore", "infrequent_if_exist", "warn"],
    limits=LIMITS,
    drop=[None, "first", "if_binary"],
    form=["words", "holes", "numbers"],
    dtype=[np.float64, np.float32, np.int32],
    sparse_output=[True, False],
)
def test_one_hot_encoders(
    handle_unknown: str, limits: str, drop: Any, form: str, dtype: type, sparse_output: bool, tmp_path: Path
) -> None:
    forms = {"words": WORDS, "holes": HOLES, "numbers": TABLE[["rooms", "new"]].to_numpy(float)}
    X = forms[form]
    rows = X[:6].copy()
    if form == "numbers":
        rows[0] = 99.0
    else:
        rows.loc[0] = "unseen"
    options: dict[str, Any] = {"handle_unknown": handle_unknown, "drop": drop, **LIMITS[limits]}
    encoder = OneHotEncoder(dtype=dtype, sparse_output=sparse_output, **options)
    assert_restored(encoder, X, rows, tmp_path / "step")


@pairwise(
    unknown=[{}, {"handle_unknown": "use_encoded_value", "unknown_value": -1},
             {"handle_unknown": "use_encoded_value", "unknown_value": np.nan}],
    limits=LIMITS,
    encoded_missing_value=[np.nan, -2],
    form=["words", "holes", "given"],
)  # fmt: skip
def test_ordinal_encoders(
    unknown: dict[str, Any], limits: str, encoded_missing_value: float, form: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {**unknown, **LIMITS[limits], "encoded_missing_value": encoded_missing_value}
    if form == "given":
        options["categories"] = [["Rom", "Ulm", "Kiel", "Bonn", "Bari"], ["r", "q"]]
    X = HOLES if form == "holes" else WORDS
    rows = X[:6].copy()
    rows.loc[0] = "unseen"
    assert_restored(OrdinalEncoder(**options), X, rows, tmp_path / "step")


@pairwise(
    remainder=["drop", "passthrough", "scaler"],
    columns=["names", "places", "flags", "slice", "function"],
    output=["default", "pandas"],
    weights=[None, {"numbers": 2.0}],
    verbose_feature_names_out=[True, False, "{feature_name}-{transformer_name}"],
    sparse_threshold=[0.3, 0.0, 1.0],
)
def test_column_transformers(
    remainder: str,
    columns: str,
    output: str,
    weights: Any,
    verbose_feature_names_out: Any,
    sparse_threshold: float,
    tmp_path: Path,
) -> None:
    chosen: dict[str, Any] = {
        "names": ["size", "rooms"],
        "places": [2, -2],
        "flags": [False, False, True, True, False],
        "slice": slice(2, 4),
        "function": lambda table: [name for name in table if table[name].dtype == float],
    }
    parts: list[Any] = [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), chosen[columns]),
        ("words", OneHotEncoder(sparse_output=output == "default"), ["town", "pair"]),
    ]
    options = {"transformer_weights": weights, "sparse_threshold": sparse_threshold}
    rest: Any = MinMaxScaler() if remainder == "scaler" else remainder
    transformer = ColumnTransformer(
        parts, remainder=rest, verbose_feature_names_out=verbose_feature_names_out, **options
    ).set_output(transform=output)
    assert_restored(transformer, TABLE, TABLE[::-1][:7], tmp_path / "step")


def test_functions_that_do_nothing_are_restored(tmp_path: Path) -> None:
    assert_restored(FunctionTransformer(feature_names_out="one-to-one"), TABLE, TABLE[:3], tmp_path / "step")


REFUSED: dict[str, tuple[Any, Any, str]] = {
    "a function of names": (
        OneHotEncoder(feature_name_combiner=lambda name, _: name),
        WORDS,
        "'feature_name_combiner' is or contains code",
    ),
    "a statistic": (SimpleImputer(strategy=np.mean), NUMBERS, "'strategy' is or contains code"),
    "names by a function": (
        ColumnTransformer(
            [("a", StandardScaler(), ["size"])], verbose_feature_names_out=lambda *names: "-".join(names)
        ),
        TABLE,
        "'verbose_feature_names_out' is or contains code",
    ),
    "a step of another class": (
        ColumnTransformer([("a", FunctionTransformer(np.abs), ["size"])]),
        TABLE,
        "'.*func' is or contains code",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_options_that_are_code_are_refused_by_name(case: str, tmp_path: Path) -> None:
    step, X, message = REFUSED[case]
    with pytest.raises(MultilayerError, match=f"cannot be stored in a file: {message}"):
        save_model(step.fit(X), tmp_path / "step")
    assert list(tmp_path.iterdir()) == []
