"""Table models beside LightGBM's and scikit-learn's trees, and a linear model, on a folder of tables.

    python benchmarks/tables.py DIR [--tables NAME ...] [--presets quick standard best] [--seeds 3] [--rows N]

``DIR`` holds gzipped CSV files whose target is the column ``target``.  Each seed divides the rows 80 : 20, with the
shares of the classes; all models see the same rows.  Printed are the log-loss or RMSE on the test rows, the CPU
seconds of each model, the number of tables on which a preset is better than each other model, and the mean logarithm
of the ratio of the scores.  LightGBM and RealMLP-TD (pytabkit) run where they are installed.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from multilayer import TableClassifier, TableRegressor

DROPPED = {"bank_marketing": ["duration"], "adult": ["split"], "higgs_7500": ["split"]}
CLASSES = ("adult", "bank_marketing", "credit_default_24k", "german_credit", "higgs_7500", "mammography", "telco_churn")


def load(folder: Path, name: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the columns and the target of a table."""
    frame = pd.read_csv(folder / f"{name}.csv.gz")
    y = frame.pop("target").to_numpy()
    return frame.drop(columns=DROPPED.get(name, [])), y


def with_categories(frame: pd.DataFrame, like: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the frame with text as categories, of the fitting frame if one is given."""
    frame = frame.copy()
    for column in frame.select_dtypes(exclude="number"):
        known = None if like is None else like[column].cat.categories
        frame[column] = pd.Categorical(frame[column].astype("string").fillna("(gap)"), categories=known)
    return frame


def trees(model: Any) -> Callable[..., Any]:
    def fit_predict(X: Any, y: Any, X_test: Any, classifies: bool) -> Any:
        X = with_categories(X)
        fitted = model.fit(X, y)
        X_test = with_categories(X_test, X)
        return fitted.predict_proba(X_test) if classifies else fitted.predict(X_test)

    return fit_predict


def linear(seed: int, classifies: bool) -> Callable[..., Any]:  # noqa: ARG001
    def fit_predict(X: Any, y: Any, X_test: Any, classifies: bool) -> Any:
        number = make_column_selector(dtype_include="number")
        encoder = make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), number),
            (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
        )
        model = make_pipeline(encoder, LogisticRegression(max_iter=1000) if classifies else Ridge())
        fitted = model.fit(X, y)
        return fitted.predict_proba(X_test) if classifies else fitted.predict(X_test)

    return fit_predict


def lightgbm(seed: int, classifies: bool) -> Callable[..., Any] | None:
    try:
        import lightgbm as gbm
    except ImportError:
        return None
    kind = gbm.LGBMClassifier if classifies else gbm.LGBMRegressor
    return trees(kind(random_state=seed, verbose=-1))


def boosting(seed: int, classifies: bool) -> Callable[..., Any]:
    kind = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
    return trees(kind(random_state=seed, categorical_features="from_dtype"))


def realmlp(seed: int, classifies: bool) -> Callable[..., Any] | None:
    try:
        from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor
    except ImportError:
        return None
    kind = RealMLP_TD_Classifier if classifies else RealMLP_TD_Regressor
    return trees(kind(random_state=seed, device="cpu"))


def table_model(preset: str, with_trees: bool) -> Callable[[int, bool], Callable[..., Any]]:
    def make(seed: int, classifies: bool) -> Callable[..., Any]:
        def fit_predict(X: Any, y: Any, X_test: Any, classifies: bool) -> Any:
            kind = TableClassifier if classifies else TableRegressor
            fitted = kind(preset, with_trees=with_trees, random_state=seed).fit(X, y)
            return fitted.predict_proba(X_test) if classifies else fitted.predict(X_test)

        del classifies
        return fit_predict

    return make


def scores(y: Any, predicted: Any, classes: Any) -> tuple[float, float]:
    """Return log-loss and accuracy, or RMSE and R2."""
    if classes is None:
        return float(root_mean_squared_error(y, predicted)), float(r2_score(y, predicted))
    return float(log_loss(y, predicted, labels=classes)), float(accuracy_score(y, classes[predicted.argmax(axis=1)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", nargs="*")
    parser.add_argument("--presets", nargs="*", default=["quick", "standard", "best"])
    parser.add_argument("--with-trees", action="store_true", help="add the best preset with trees")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=0, help="the largest number of training rows")
    given = parser.parse_args()
    names = given.tables or sorted(path.name.removesuffix(".csv.gz") for path in given.folder.glob("*.csv.gz"))
    models: dict[str, Callable[[int, bool], Any]] = {preset: table_model(preset, False) for preset in given.presets}
    if given.with_trees:
        models["best with trees"] = table_model("best", True)
    models |= {"LightGBM": lightgbm, "HistGradientBoosting": boosting, "RealMLP-TD": realmlp, "linear": linear}
    table: dict[str, dict[str, float]] = {}
    for name in names:
        X, y = load(given.folder, name)
        classes = np.unique(y) if name in CLASSES else None
        found: dict[str, list[tuple[float, float, float]]] = {}
        for seed in range(given.seeds):
            strata = None if classes is None else y
            split = train_test_split(X, y, test_size=0.2, random_state=seed, stratify=strata)
            X_train, X_test, y_train, y_test = split
            if given.rows:
                X_train, y_train = X_train[: given.rows], y_train[: given.rows]
            for model, make in models.items():
                fit_predict = make(seed, classes is not None)
                if fit_predict is None:
                    continue
                began = time.process_time()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    predicted = fit_predict(X_train, y_train, X_test, classes is not None)
                found.setdefault(model, []).append((*scores(y_test, predicted, classes), time.process_time() - began))
        table[name] = {model: float(np.mean([each[0] for each in of_seeds])) for model, of_seeds in found.items()}
        cells = [
            f"{model} {np.mean([each[0] for each in of]):.5g} ({np.mean([each[1] for each in of]):.3f}, "
            f"{np.mean([each[2] for each in of]):.1f} s)"
            for model, of in found.items()
        ]
        print(f"{name}: " + " | ".join(cells), flush=True)
    for preset in [model for model in models if model in given.presets or model == "best with trees"]:
        for other in ("LightGBM", "HistGradientBoosting", "RealMLP-TD", "linear"):
            both = [of for of in table.values() if other in of]
            if both:
                wins = sum(of[preset] < of[other] for of in both)
                ratio = np.mean([np.log(of[preset] / of[other]) for of in both])
                print(
                    f"{preset} better than {other} on {wins} of {len(both)} tables, mean log-ratio {100 * ratio:+.1f} %"
                )


if __name__ == "__main__":
    main()
