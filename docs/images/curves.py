"""Draw the pictures of the how-to pages: python docs/images/curves.py"""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from sklearn.datasets import load_digits, make_classification
from sklearn.model_selection import StratifiedKFold

from multilayer import MLPClassifier
from multilayer.plots import (
    plot_capacity_curve,
    plot_cost,
    plot_cross_validation,
    plot_diagnosis,
    plot_learning_curve,
    plot_regularization_path,
    plot_search,
    plot_seed_spread,
    plot_step_sizes,
)
from multilayer.selection import (
    capacity_curve,
    cross_validate,
    find_step_size,
    learning_curve,
    regularization_path,
    search,
    seed_spread,
)

HERE = Path(__file__).parent


def main() -> None:
    matplotlib.use("Agg")
    # As docs/how-to/curves.md begins.
    X, y = load_digits(return_X_y=True)
    X = X / 16
    rng = np.random.RandomState(0)
    rows = rng.permutation(len(y))[:1000]
    noisy, labels = X[rows] + 0.25 * rng.normal(size=(1000, 64)), y[rows]
    model = MLPClassifier((32,), max_iter=60, n_iter_no_change=None, learning_rate_init=0.01, random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    # As in docs/how-to/search.md.
    network = MLPClassifier(max_iter=54, n_iter_no_change=None, random_state=0)
    space = {
        "hidden_layer_sizes": [(8,), (32,), (64,), (64, 32)],
        "learning_rate_init": [1e-4, 1e-3, 1e-2],
        "alpha": [1e-3, 1.0, 10.0],
    }

    for name, ax in {
        "cross-validation": plot_cross_validation(
            cross_validate(model, noisy, labels, cv=folds, return_train_score=True)
        ),
        "learning-curve": plot_learning_curve(learning_curve(model, X, y, cv=folds)),
        "capacity-curve": plot_capacity_curve(capacity_curve(model, noisy, labels, cv=folds)),
        "regularization-path": plot_regularization_path(regularization_path(model, noisy, labels, cv=folds)),
        "search": plot_search(search(network, space, X, y, cv=3)),
        "seed-spread": plot_seed_spread(seed_spread(model, noisy, labels, cv=folds)),
        # As in docs/how-to/options.md.
        "step-sizes": plot_step_sizes(find_step_size(MLPClassifier((64,), random_state=0), X, y)),
        "validation": plot_cost(overfitted(), scores=True),
        "diagnosis": plot_diagnosis(dead_units().diagnose(X, y)),
    }.items():
        save(ax.figure, HERE / f"{name}.png")


def overfitted() -> MLPClassifier:
    """A network that overfits 200 rows, with the cost of validation rows after each epoch."""
    X, y = make_classification(600, 8, flip_y=0.2, random_state=0)
    model = MLPClassifier((64,), learning_rate_init=0.01, max_iter=60, n_iter_no_change=None, random_state=0)
    return model.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])


def dead_units() -> MLPClassifier:
    """A network most of whose units died from a step size that is far too large."""
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((32, 16), learning_rate_init=0.5, max_iter=20, n_iter_no_change=None, random_state=0)
    return model.fit(X / 16, y)


def save(figure: Figure, path: Path) -> None:
    """Write a picture in at most 256 colours, which makes the file about a third as large."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=130)
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
