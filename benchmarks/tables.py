"""Table models beside LightGBM, scikit-learn's boosted trees, RealMLP-TD and a linear model, on a folder of tables.

    python benchmarks/tables.py DIR --out FILE                   # everything, three seeds
    python benchmarks/tables.py DIR --out FILE --resume --tables abalone --presets standard --others LightGBM
    python benchmarks/tables.py --sizes --out FILE               # CPU seconds of made tables
    python benchmarks/tables.py --report FILE ...                # the summary of such files

``DIR`` holds gzipped CSV files whose target is the column ``target``: classes if it is text or has two values, amounts
otherwise.  Each seed divides the rows 80 : 20, with the shares of the classes; all models see the same rows.  Every
result is a line of JSON in ``--out`` as soon as it is there.  ``--resume`` skips those that the file has, and several
processes may share a folder: ``--report`` merges their files.

A model is better on a table if the mean of its log-loss or RMSE over the seeds is lower; two models are compared on the
seeds that both have.  CPU seconds are those of the process with all its threads, for the fit and the prediction of the
test rows, after a small fit of the same kind has loaded and compiled everything.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads of trees that wait use no CPU seconds

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

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
from multilayer.tables.models import expected_calibration_error

NOT_FEATURES = {"bank_marketing": ["duration"]}  # known only after the call
NOT_COUNTED = ("credit_default_24k",)  # only with --tables
TREES = ("LightGBM", "HistGradientBoosting")
OTHERS = (*TREES, "RealMLP-TD", "RealMLP-TD (log-loss)", "linear")
PRESETS = ("quick", "standard", "best", "best with trees")
MADE = "made "  # the names of made tables start with it
MOST_CATEGORIES = 255  # of scikit-learn's trees
COVERAGE = 0.9

Line = dict[str, Any]
Found = dict[str, dict[str, dict[int, Line]]]  # the lines by table, model and seed


class Fitted(NamedTuple):
    """A fitted model: the function that returns probabilities or amounts, and the table model if it is one."""

    predict: Callable[[pd.DataFrame], Any]
    table_model: Any = None


# Tables


def load(folder: Path, name: str) -> tuple[pd.DataFrame, Any]:
    """Return the columns and the target of a table."""
    frame = pd.read_csv(folder / f"{name}.csv.gz")
    y = frame.pop("target").to_numpy()
    return frame.drop(columns=["split", *NOT_FEATURES.get(name, [])], errors="ignore"), y


def made(n_rows: int, classifies: bool) -> tuple[pd.DataFrame, Any]:
    """Return a table of 15 columns of numbers and 5 of text, and a target that depends on some of them."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n_rows, 15))
    codes = [rng.randint(n, size=n_rows) for n in (2, 3, 8, 20, 50)]
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + np.abs(X[:, 3]) + 0.5 * rng.standard_normal(n_rows)
    for each in codes:
        y += 0.5 * rng.standard_normal(each.max() + 1)[each]
    frame = pd.DataFrame(X, columns=[f"number {j}" for j in range(15)])
    for j, each in enumerate(codes):
        frame[f"text {j}"] = [f"category {code}" for code in each]
    return frame, np.where(y > np.median(y), "yes", "no") if classifies else y


def classes_in(y: Any) -> Any:
    """Return the classes if y holds text or two values, None if it holds amounts."""
    values = np.unique(y.astype(str) if y.dtype == object else y)
    return values if values.dtype.kind not in "iuf" or len(values) == 2 else None


# Models: functions of the training rows, the seed, and whether the target holds classes


def table_model(preset: str, **options: Any) -> Callable[..., Fitted]:
    def fit(X: pd.DataFrame, y: Any, seed: int, classifies: bool) -> Fitted:
        kind = TableClassifier if classifies else TableRegressor
        model = kind(preset.split()[0], with_trees=preset.endswith("trees"), random_state=seed, **options).fit(X, y)
        return Fitted(model.predict_proba if classifies else model.predict, model)

    return fit


def with_categories(X: pd.DataFrame, like: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the frame with text as categories, those of the fitted frame if one is given."""
    X = X.copy()
    for column in X.select_dtypes(exclude="number"):
        known = None if like is None else like[column].cat.categories
        X[column] = pd.Categorical(X[column].astype("string").fillna("(gap)"), categories=known)
    return X


def with_numbers_for_many(X: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the numbers of categories where they are too many for scikit-learn's trees."""
    many = [column for column in X.select_dtypes("category") if len(X[column].cat.categories) > MOST_CATEGORIES]
    return X.assign(**{column: X[column].cat.codes for column in many})


def on_categories(model: Any, X: pd.DataFrame, y: Any, prepared: Callable[[Any], Any] = lambda X: X) -> Fitted:
    """Fit a model that takes categories."""
    X = with_categories(X)
    model.fit(prepared(X), y)
    predict = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    return Fitted(lambda X_test: predict(prepared(with_categories(X_test, X))))


def lightgbm(X: pd.DataFrame, y: Any, seed: int, classifies: bool) -> Fitted:
    import lightgbm as gbm

    kind = gbm.LGBMClassifier if classifies else gbm.LGBMRegressor
    return on_categories(kind(random_state=seed, verbose=-1), X, y)


def boosting(X: pd.DataFrame, y: Any, seed: int, classifies: bool) -> Fitted:
    kind = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
    return on_categories(kind(random_state=seed, categorical_features="from_dtype"), X, y, with_numbers_for_many)


def realmlp(**options: Any) -> Callable[..., Fitted]:
    """Return a fit of RealMLP-TD, which takes no gaps: they become the mean, and a category that marks them."""

    def fit(X: pd.DataFrame, y: Any, seed: int, classifies: bool) -> Fitted:
        from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

        means = X.mean(numeric_only=True).fillna(0.0)
        gaps = [column for column in means.index if X[column].isna().any()]

        def filled(X: pd.DataFrame) -> pd.DataFrame:
            marks = X[gaps].isna().astype(str).astype(pd.CategoricalDtype(["False", "True"])).add_prefix("gap in ")
            return pd.concat([X.fillna(means.to_dict()), marks], axis=1)

        model = RealMLP_TD_Classifier(**options) if classifies else RealMLP_TD_Regressor()
        return on_categories(model.set_params(random_state=seed, device="cpu"), X, y, filled)

    return fit


def linear(X: pd.DataFrame, y: Any, seed: int, classifies: bool) -> Fitted:
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    encoder = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    final = LogisticRegression(max_iter=1000, random_state=seed) if classifies else Ridge()
    model = make_pipeline(encoder, final).fit(X, y)
    return Fitted(model.predict_proba if classifies else model.predict)


MODELS: dict[str, Callable[[pd.DataFrame, Any, int, bool], Fitted]] = {
    **{preset: table_model(preset) for preset in PRESETS},
    "LightGBM": lightgbm,
    "HistGradientBoosting": boosting,
    "RealMLP-TD": realmlp(),
    # By default it minimises a smoothed log-loss and stops by the error rate.  Amounts have no such variant.
    "RealMLP-TD (log-loss)": realmlp(use_ls=False, val_metric_name="cross_entropy"),
    "linear": linear,
}


# Measurement


@cache
def warm_up(model: str, classifies: bool) -> bool:
    """Load and compile what a model needs; return False if it is not installed."""
    fit = table_model(model, max_time=1.0) if model in PRESETS else MODELS[model]
    try:
        fit(*made(200, classifies), 0, classifies)
    except ImportError:
        return False
    return True


def measured(model: str, X: Any, X_test: Any, y: Any, y_test: Any, seed: int, classes: Any) -> Line:
    """Fit a model, and return its scores on the test rows and its CPU seconds."""
    began, wall = time.process_time(), time.perf_counter()
    fitted = MODELS[model](X, y, seed, classes is not None)
    predicted = np.asarray(fitted.predict(X_test), dtype=np.float64)
    line: Line = {"seconds": time.process_time() - began, "wall_seconds": time.perf_counter() - wall}
    if classes is None:
        line |= {"measure": "RMSE", "score": root_mean_squared_error(y_test, predicted)}
        line["second"] = r2_score(y_test, predicted)
    else:
        predicted /= predicted.sum(axis=1, keepdims=True)  # float32 sums to 1 within 1e-7 only
        line |= {"measure": "log-loss", "score": log_loss(y_test, predicted, labels=classes)}
        line["second"] = accuracy_score(y_test, classes[predicted.argmax(axis=1)])
        line["calibration_error"] = expected_calibration_error(y_test, predicted, classes=classes)
        line["error_by_chance"] = error_by_chance(predicted, classes)
    if fitted.table_model is not None:
        line |= covered(fitted.table_model, X_test, y_test, classes)
    return line


def error_by_chance(probabilities: Any, classes: Any) -> float:
    """Return the mean calibration error of 20 draws of classes that follow the probabilities exactly."""
    rng = np.random.RandomState(0)
    ends = probabilities.cumsum(axis=1)[:, :-1]
    drawn = [classes[(rng.uniform(size=(len(ends), 1)) > ends).sum(axis=1)] for _ in range(20)]
    return float(np.mean([expected_calibration_error(y, probabilities, classes=classes) for y in drawn]))


def covered(model: Any, X_test: Any, y_test: Any, classes: Any) -> Line:
    """Return the share of the targets in sets or intervals, their mean size, and what the model says of itself."""
    if classes is None:
        lower, upper = model.predict_interval(X_test, COVERAGE)
        inside, size = (lower <= y_test) & (y_test <= upper), upper - lower
    else:
        sets = model.predict_set(X_test, coverage=COVERAGE)
        inside, size = sets[np.arange(len(sets)), np.searchsorted(classes, y_test)], sets.sum(axis=1)
    found = {"coverage": float(inside.mean()), "size": float(size.mean())}
    return {**found, "oof_score": model.oof_score_, "weights": model.weights_}


def measure(
    name: str,
    table: tuple[pd.DataFrame, Any],
    models: Iterable[str],
    seeds: Iterable[int],
    out: Path | None,
    *,
    most_rows: int = 0,
    done: frozenset[tuple[Any, ...]] = frozenset(),
) -> list[Line]:
    """Measure the models on a table, and write and return a line for each."""
    X, y = table
    classes, lines = classes_in(y), []
    for seed in seeds:
        stratify = None if classes is None else y
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=seed, stratify=stratify)
        all_rows = len(X_train)
        if most_rows:
            X_train, y_train = X_train[:most_rows], y_train[:most_rows]
        for model in models:
            key = {"table": name, "seed": seed, "model": model, "rows": len(X_train), "all_rows": all_rows}
            if (model == "RealMLP-TD (log-loss)" and classes is None) or tuple(key.values()) in done:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if not warm_up(model, classes is not None):
                    continue
                line = key | measured(model, X_train, X_test, y_train, y_test, seed, classes)
            lines.append(line)
            print(f"{name}, seed {seed}: {model} {line['score']:.5g}, {line['seconds']:.1f} s", flush=True)
            if out is not None:
                with out.open("a") as file:
                    file.write(json.dumps(line) + "\n")
    return lines


def lines_of(paths: Iterable[Path]) -> list[Line]:
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


# Summary


def by_table(lines: Iterable[Line]) -> Found:
    found: Found = {}
    for line in lines:
        name = line["table"] + ("" if line["rows"] == line["all_rows"] else f" ({line['rows']} rows)")
        models = [line["model"]]
        if line["model"] == "RealMLP-TD" and line["measure"] == "RMSE":
            models.append("RealMLP-TD (log-loss)")
        for model in models:
            found.setdefault(name, {}).setdefault(model, {})[line["seed"]] = line
    return found


def mean(of_seeds: dict[int, Line], quantity: str, seeds: Iterable[int] | None = None) -> float:
    """Return the mean over seeds; NaN if it was not measured."""
    values = [of_seeds[seed].get(quantity, np.nan) for seed in (of_seeds if seeds is None else seeds)]
    return float(np.mean(values))


def means(found: Found, model: str, quantity: str) -> dict[str, float]:
    """Return the means of the tables that have the quantity."""
    of_tables = {name: mean(models[model], quantity) for name, models in found.items() if model in models}
    return {name: value for name, value in of_tables.items() if not np.isnan(value)}


def pairs(found: Found, one: str, others: Sequence[str], quantity: str) -> list[tuple[float, ...]]:
    """Return the means of a model and of others, on the tables and seeds that all of them have."""
    kept = []
    for models in found.values():
        if all(model in models for model in (one, *others)):
            seeds = set.intersection(*(set(models[model]) for model in (one, *others)))
            if seeds:
                kept.append(tuple(mean(models[model], quantity, seeds) for model in (one, *others)))
    return kept


def wins(found: Found, one: str, *others: str) -> str:
    """Return on how many tables a model is better than all the others."""
    scores = pairs(found, one, others, "score")
    return f"{sum(own < min(rest) for own, *rest in scores)} of {len(scores)}" if scores else ""


def wins_in_second(found: Found, one: str, other: str) -> str:
    """Return the same for accuracy or R2, in which two models may be equal."""
    scores = pairs(found, one, [other], "second")
    equal = sum(own == others for own, others in scores)
    text = f"{sum(own > others for own, others in scores)} of {len(scores)}"
    return "" if not scores else text + (f", {equal} equal" if equal else "")


def log_ratio(found: Found, one: str, other: str) -> str:
    scores = pairs(found, one, [other], "score")
    return f"{100 * np.mean([np.log(own / others) for own, others in scores]):+.1f} %" if scores else ""


def coverage(found: Found, model: str) -> str:
    of_tables = means(found, model, "coverage")
    if not of_tables:
        return ""
    low, high = min(of_tables, key=of_tables.__getitem__), max(of_tables, key=of_tables.__getitem__)
    ends = f"{100 * of_tables[low]:.1f} ({low}) to {100 * of_tables[high]:.1f} ({high})"
    return f"{100 * np.mean(list(of_tables.values())):.1f} %; {ends}"


def calibration(found: Found, model: str) -> str:
    of_tables = list(means(found, model, "calibration_error").values())
    chance = list(means(found, model, "error_by_chance").values())
    by_chance = f"; {np.mean(chance):.4f} by chance alone" if chance else ""
    return f"{np.mean(of_tables):.4f}, mean of {len(of_tables)}{by_chance}" if of_tables else ""


def print_matrix(title: str, found: Found, quantity: str, form: str) -> None:
    """Print a line for each table and a column for each model."""
    models = [model for model in (*PRESETS, *OTHERS) if means(found, model, quantity)]
    if models:
        print(f"\n{title:<30}" + "".join(f"{model:>{max(len(model), 8) + 2}}" for model in models))
    for name, of in found.items():
        cells = [format(mean(of[model], quantity), form) if model in of else "" for model in models]
        if any(cell not in ("", "nan") for cell in cells):
            widths = [max(len(model), 8) + 2 for model in models]
            print(f"{name:<30}" + "".join(f"{c:>{width}}" for c, width in zip(cells, widths, strict=True)))


def print_goals(found: Found, sizes: Found) -> None:
    """Print the figures that the models are to reach, with the least that is asked of them and the aim."""
    trees, standard = "best with trees", means(found, "standard", "score")
    goals = [
        ("standard better than LightGBM", wins(found, "standard", "LightGBM"), "8; 10"),
        ("standard: mean log-ratio to LightGBM", log_ratio(found, "standard", "LightGBM"), "-8 %; -12 %"),
        ("best better than LightGBM", wins(found, "best", "LightGBM"), "9; 11"),
        ("best with trees better than LightGBM", wins(found, trees, "LightGBM"), "11; 13"),
        ("best with trees better than both kinds of trees", wins(found, trees, *TREES), "10; 12"),
        ("standard better than RealMLP-TD", wins(found, "standard", "RealMLP-TD"), "10; 12"),
        ("the same in accuracy or R2", wins_in_second(found, "standard", "RealMLP-TD"), "half"),
    ]
    for name, goal in (("power_plant", "3.40; 3.25"), ("kin8nm", ".066; .061"), ("wine_quality", ".645; .615")):
        goals.append((f"RMSE of standard on {name}", f"{standard[name]:.4g}" if name in standard else "", goal))
    for model, rows, goal in (("standard", "10,000", "40; 20"), ("quick", "100,000", "60; 30")):
        of = means({name: models for name, models in sizes.items() if f" {rows} " in name}, model, "seconds")
        goals.append((f"CPU seconds of {model} for {rows} x 20", ", ".join(f"{s:.0f}" for s in of.values()), goal))
    goals.append(("expected calibration error of standard", calibration(found, "standard"), ".02; .015"))
    goals.append(("coverage of 90 % sets and intervals", coverage(found, "standard"), "89 to 92 %; each 87 to 94 %"))
    print("\nGoals (least; aim)")
    for text, value, goal in goals:
        if value:
            print(f"{text:<50} {value} ({goal})")


def report(lines: Iterable[Line]) -> None:
    """Print the means over the seeds, the comparisons of each preset, and the goals."""
    both = by_table(lines)
    sizes = {name: models for name, models in both.items() if name.startswith(MADE)}
    found = {name: models for name, models in sorted(both.items()) if name not in sizes}
    print_matrix("log-loss or RMSE", found, "score", ".5g")
    print_matrix("accuracy or R2", found, "second", ".4f")
    print_matrix("CPU seconds", found, "seconds", ".1f")
    print_matrix("expected calibration error", found, "calibration_error", ".4f")
    print_matrix("coverage of 90 %", found, "coverage", ".3f")
    print_matrix("CPU seconds of made tables", sizes, "seconds", ".1f")
    for preset in [preset for preset in PRESETS if means(found, preset, "score")]:
        print(f"\n{preset}")
        for other in OTHERS:
            if better := wins(found, preset, other):
                second, ratio = wins_in_second(found, preset, other), log_ratio(found, preset, other)
                print(f"  better than {other}: {better}; in accuracy or R2 {second}; mean log-ratio {ratio}")
        if better := wins(found, preset, *TREES):
            print(f"  better than both kinds of trees: {better}")
        if text := calibration(found, preset):
            print(f"  expected calibration error: {text}")
        print(f"  coverage: {coverage(found, preset)}")
        seconds = means(found, preset, "seconds").values()
        print(f"  CPU seconds: {np.mean(list(seconds)):.0f} on average, {max(seconds):.0f} at most")
    print_goals(found, sizes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--tables", nargs="*", help=f"all but {', '.join(NOT_COUNTED)} by default")
    parser.add_argument("--presets", nargs="*", choices=PRESETS, default=PRESETS, metavar="PRESET")
    parser.add_argument("--others", nargs="*", choices=OTHERS, default=OTHERS, metavar="MODEL")
    parser.add_argument("--seeds", type=int, default=3, help="the number of seeds")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=0, help="the largest number of training rows")
    parser.add_argument("--sizes", action="store_true", help="measure standard and quick on made tables")
    parser.add_argument("--out", type=Path, help="the file of results, to which lines are appended")
    parser.add_argument("--resume", action="store_true", help="skip the results that --out has")
    parser.add_argument("--report", type=Path, nargs="+", metavar="FILE", help="only print the summary of such files")
    given = parser.parse_args()
    if given.report:
        report(lines_of(given.report))
        return
    lines = lines_of([given.out]) if given.resume and given.out and given.out.exists() else []
    done = frozenset(tuple(line[key] for key in ("table", "seed", "model", "rows", "all_rows")) for line in lines)
    if given.folder:
        names = given.tables or sorted(path.name.removesuffix(".csv.gz") for path in given.folder.glob("*.csv.gz"))
        seeds = range(given.first_seed, given.first_seed + given.seeds)
        for name in [name for name in names if given.tables or name not in NOT_COUNTED]:
            table, models = load(given.folder, name), [*given.presets, *given.others]
            lines += measure(name, table, models, seeds, given.out, most_rows=given.rows, done=done)
    if given.sizes:
        for n_rows, preset in ((10_000, "standard"), (100_000, "quick")):
            for classifies, kind in ((True, "classes"), (False, "amounts")):
                name, table = f"{MADE}{n_rows:,} x 20, {kind}", made(n_rows * 5 // 4, classifies)
                lines += measure(name, table, [preset, "LightGBM"], [0], given.out, done=done)
    report(lines)


if __name__ == "__main__":
    main()
