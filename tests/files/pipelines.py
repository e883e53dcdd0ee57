"""Fitted pipelines of every step, and their tables."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from multilayer import EnsembleClassifier, MLPClassifier
from multilayer.tables import TableEncoder

M = 120
_RNG = np.random.RandomState(0)
MANY = _RNG.randint(0, 80, M)
TABLE = pd.DataFrame(
    {
        "size": _RNG.normal(size=M),
        "rooms": _RNG.randint(0, 9, M).astype(float),
        "town": _RNG.choice(list("xyz"), M),
        "pair": _RNG.choice(["q", "r"], M),
        "new": _RNG.rand(M) > 0.5,
        "when": pd.Timestamp("2020-01-01 06:00") + pd.to_timedelta(_RNG.randint(0, 90_000, M), unit="min"),
        "many": [f"c{number:03d}" for number in MANY],
        "spelled": [str(number) for number in range(M - 2)] + ["oops", "oops"],
        "huge": _RNG.normal(size=M) * 1e200,
    }
)
TABLE.loc[::7, "size"] = np.nan
TABLE.loc[3, "town"] = TABLE.loc[5, "many"] = None
TABLE.loc[8, "when"] = pd.NaT
Y = np.where(np.nan_to_num(TABLE["size"]) > 0, "yes", "no")
WHOLE = TABLE.fillna({"town": "x", "many": "c000", "size": 0.5})


def network(**options: Any) -> MLPClassifier:
    defaults: dict[str, Any] = {"max_iter": 3, "random_state": 0, "engine": "reference", "n_iter_no_change": 9}
    return MLPClassifier((4,), **(defaults | options))


RICH: dict[str, Any] = {
    "numbers": "robust",
    "piecewise": "tree",
    "two_values": "signs",
    "many_categories": "target",
    "max_categories": 16,
    "text": "typed",
    "identifiers": ["spelled"],
}
NUMBERS = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
RARE: dict[str, Any] = {"handle_unknown": "infrequent_if_exist", "min_frequency": 3, "drop": "if_binary"}
UNKNOWN: dict[str, Any] = {"handle_unknown": "use_encoded_value", "unknown_value": -1}
CASES: dict[str, Callable[[], tuple[Any, Any]]] = {
    "encoder": lambda: (make_pipeline(TableEncoder(), network()), TABLE),
    "rich encoder": lambda: (make_pipeline(TableEncoder(**RICH), network(normalization="layer")), TABLE),
    "many texts": lambda: (
        make_pipeline(TableEncoder(max_categories=80, identifiers={"pair": "a code"}), network()),
        TABLE,
    ),
    "encoder of float32": lambda: (
        make_pipeline(TableEncoder(dtype=np.float32, identifiers={"many"}), StandardScaler(), network()),
        TABLE,
    ),
    "ensemble": lambda: (
        make_pipeline(TableEncoder(), EnsembleClassifier(network(), 2, random_state=0)),
        TABLE,
    ),
    "columns": lambda: (
        make_pipeline(
            ColumnTransformer(
                [
                    ("numbers", NUMBERS, ["size", "rooms"]),
                    ("texts", OneHotEncoder(**RARE), ["town", "many"]),
                    ("none", "drop", ["pair"]),
                    ("rest", "passthrough", ["new"]),
                ]
            ),
            network(),
        ),
        WHOLE.assign(size=TABLE["size"]),
    ),
    "selected columns": lambda: (
        make_pipeline(
            ColumnTransformer(
                [
                    ("numbers", SimpleImputer(strategy="median"), make_column_selector(dtype_include=float)),
                    ("texts", OrdinalEncoder(**UNKNOWN, max_categories=2), slice(2, 4)),
                ],
                remainder="passthrough",
                transformer_weights={"numbers": 0.5},
            ),
            network(),
        ),
        WHOLE[["size", "rooms", "town", "pair", "new"]],
    ),
    "frames between steps": lambda: (
        make_pipeline(
            ColumnTransformer(
                [
                    ("rooms", MinMaxScaler(feature_range=(-1, 1), clip=True), ["rooms"]),
                    ("table", TableEncoder(), ["when", "town", "size"]),
                ],
                remainder=OneHotEncoder(sparse_output=False),
            ).set_output(transform="pandas"),
            network(),
        ),
        TABLE[["rooms", "when", "town", "size", "pair"]],
    ),
    "array": lambda: (
        Pipeline(
            [
                ("gaps", SimpleImputer(strategy="constant", fill_value=2.0)),
                ("none", None),
                ("scales", StandardScaler(with_std=False)),
                ("range", MinMaxScaler()),
                ("same", "passthrough"),
                ("network", network()),
            ],
            verbose=False,
        ),
        TABLE[["size", "rooms"]].to_numpy(),
    ),
    "given categories": lambda: (
        make_pipeline(
            OneHotEncoder(categories=[list("zyxw"), ["q", "r"]], drop=["x", "q"], dtype=np.float32), network()
        ),
        WHOLE[["town", "pair"]],
    ),
    "gaps as categories": lambda: (
        make_pipeline(OrdinalEncoder(**UNKNOWN, encoded_missing_value=-2, min_frequency=5), SimpleImputer(), network()),
        TABLE[["rooms", "size"]].round(0).to_numpy(),
    ),
    "a pipeline in a pipeline": lambda: (
        make_pipeline(make_pipeline(SimpleImputer(strategy="most_frequent"), StandardScaler()), network()),
        TABLE[["size", "rooms"]],
    ),
}


@functools.cache
def fitted(name: str) -> tuple[Any, Any]:
    model, X = CASES[name]()
    return model.fit(X, Y), X
