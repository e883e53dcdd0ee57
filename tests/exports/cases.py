"""Networks, encoders and rows that all exported forms are compared on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from multilayer.network import PeriodicEmbedding

from ..files.pipelines import RICH, TABLE

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 3))
EDGES = np.array([[0.0, 0.0, 0.0], [-0.0, 1e-300, 1.0], [1e3, -1e3, 1e3], [-1e3, 1e3, -1e3], [1e6, 1e6, 1e6]])
ROWS = np.vstack([X, EDGES])
Y = RNG.normal(size=(60, 3))
THREE = np.array(["a", "b", "c"])[RNG.randint(0, 3, 60)]
MANY = (RNG.rand(60, 3) > 0.5).astype(int)
OPTIONS: dict[str, Any] = {"max_iter": 5, "n_iter_no_change": None, "random_state": 0, "engine": "reference"}
CLASSIFIERS: dict[str, tuple[dict[str, Any], Any]] = {
    "two classes": ({}, THREE == "a"),
    "two units of softmax": ({"output": "softmax"}, np.where(THREE == "a", "yes", "no")),
    "two units of sigmoid": ({"output": "sigmoid"}, (THREE == "a").astype(int)),
    "three units of sigmoid": ({"output": "sigmoid"}, THREE),
    "numbers as labels": ({}, RNG.randint(-3, 0, 60)),
    "floats as labels": ({}, RNG.choice([1.0, 2.0, 5.0], 60)),
    "objects as labels": ({}, THREE.astype(object)),
    "one class": ({}, np.full(60, "only")),
    "several labels": ({}, MANY),
    "focal loss": ({"loss": "focal"}, THREE),
    "no hidden layer": ({"hidden_layer_sizes": ()}, THREE),
    "normalisation": ({"normalization": "layer", "hidden_layer_sizes": (5, 4)}, THREE),
    "embedding": ({"embedding": "periodic"}, THREE),
    "averaged weights": ({"weight_averaging": 0.9, "dropout": 0.2}, THREE),
    "best weights": ({"early_stopping": True, "validation_fraction": 0.3}, THREE),
}
REGRESSORS: dict[str, tuple[dict[str, Any], Any]] = {
    "one output": ({}, Y[:, 0]),
    "several outputs": ({}, Y),
    "standardised": ({"standardize_targets": True}, 1e4 * Y + 1e6),
    "a constant output": ({"standardize_targets": True}, np.column_stack([Y[:, 0], np.full(60, 0.1)])),
    "absolute error": ({"loss": "absolute_error"}, Y[:, 0]),
    "huber": ({"loss": "huber"}, Y),
    "poisson": ({"loss": "poisson"}, np.abs(Y[:, 0])),
    "gamma": ({"loss": "gamma"}, np.abs(Y) + 0.1),
    "one quantile": ({"loss": "quantile", "quantile": 0.9}, Y[:, 0]),
    "quantiles": ({"loss": "quantile", "quantile": [0.1, 0.5, 0.9], "standardize_targets": True}, Y[:, 0]),
    "normalisation": ({"normalization": "layer", "activation": "silu"}, Y),
    "embedding": ({"embedding": PeriodicEmbedding((0, 2), 5, 2)}, Y),
    "no hidden layer": ({"hidden_layer_sizes": ()}, Y[:, 0]),
}
ENCODERS: dict[str, dict[str, Any]] = {
    "default": {},
    "rich": RICH,
    "robust": {"numbers": "robust"},
    "quantile parts": {"piecewise": "quantile", "dtype": np.float32},
    "signs": {"two_values": "signs"},
    "few categories": {"max_categories": 3},
    "frequent categories": {"min_frequency": 3, "max_categories": 200},
    "target": {"many_categories": "target", "max_categories": 2},
    "typed": {"text": "typed"},
}


def strange_rows() -> pd.DataFrame:
    """Return rows with gaps in each column, unseen texts, and numbers and dates far outside the fit."""
    rows = pd.concat([TABLE.iloc[:12]] * 2, ignore_index=True).astype({"new": object})
    for place, name in enumerate(TABLE.columns):
        rows.loc[place, name] = None
    rows["new"] = rows["new"].astype("boolean")
    for name in ("town", "pair", "many"):
        rows.loc[10:12, name] = "unseen"
    rows.loc[13, "town"], rows.loc[14, "town"] = "", "x "
    rows.loc[10:15, "size"] = [0.0, np.inf, -np.inf, 1e300, -1e-300, 1e9]
    rows.loc[10:15, "huge"] = [0.0, np.inf, -np.inf, 1e308, 1e100, -1e308]
    days = [
        "1969-12-31 23:59:59.5",
        "1600-02-29",
        "2000-02-29 12:00",
        "2100-03-01",
        "2024-12-31 23:59:59",
        "1970-01-01",
    ]
    rows["when"] = rows["when"].astype("datetime64[us]")
    rows.loc[10:15, "when"] = np.array(days, dtype="datetime64[us]")
    return rows
