"""The picture of a decision boundary."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, ShapeError, unknown_name
from multilayer.plots._axes import (
    add_legend,
    axes_or_new,
    figure_of,
    has_layout_engine,
    label_axes,
    require_matplotlib,
)
from multilayer.plots._inputs import (
    FloatArray,
    Labels,
    check_count,
    check_fitted,
    feature_names_for,
    read_labels,
    read_names,
    read_two_features,
    shorten_list,
)
from multilayer.plots._style import INK, MUTED, N_STYLES, lighten, point_size, style
from multilayer.plots.data import scatter_class

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

_MARGIN = 0.08  # of the range of each feature, so that no point lies on the frame
# Strength of a region's colour, pale enough to see the points of the same class on it.
_REGION, _CERTAIN = 0.28, 0.5


def plot_decision_boundary(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    response: Literal["class", "probability"] = "class",
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    grid_resolution: int = 250,
    ax: Axes | None = None,
) -> Axes:
    """Draw the region of each class by a classifier, the data on top, and rings around misclassified points.

    The classifier predicts a grid over the range of `X`, by scikit-learn's ``DecisionBoundaryDisplay``.

    Parameters
    ----------
    estimator : fitted classifier
        A network, or any scikit-learn classifier or pipeline, fitted on two features.
    X : array or frame of shape (m, 2)
        The points to draw, which also set the range of the picture.
    y : array-like of shape (m,), optional
        Their classes.  Without it the points are grey and none is marked as misclassified.
    response : {"class", "probability"}, default "class"
        What to colour: the predicted class; or its probability, with a colour bar for two classes, and for more
        classes each region in the colour of its class, stronger for a higher probability.
    feature_names : sequence of 2 str, optional
        Names of the axes.  By default the columns of a frame, the estimator's ``feature_names_in_``, or x_1 and x_2.
    class_names : sequence of str, optional
        Names of the classes in the order of ``estimator.classes_``.  By default the classes themselves.
    grid_resolution : int, default 250
        Grid points along each axis; the estimator predicts the square of it.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    ShapeError
        If the estimator or `X` has other than two features, or `y` not one label for each row.
    InputError
        If `X` holds NaN, `y` holds a label unknown to the estimator, or the estimator is no classifier.
    ParameterError
        If `response`, `grid_resolution` or the number of names is out of range.
    NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from sklearn.datasets import make_moons
    >>> from sklearn.linear_model import LogisticRegression
    >>> from multilayer.plots import plot_decision_boundary
    >>> X, y = make_moons(100, noise=0.1, random_state=0)
    >>> ax = plot_decision_boundary(LogisticRegression().fit(X, y), X, y, grid_resolution=50)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['0', '1', 'misclassified: 14 of 100']
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    points = read_two_features(X)  # (m, 2)
    classes = _read_classes(estimator)
    names = read_names("class_names", class_names, len(classes)) or [str(c) for c in classes]
    x_name, y_name = feature_names_for(feature_names, 2, X, estimator)
    if response not in ("class", "probability"):
        raise unknown_name("response", response, ("class", "probability"))
    check_count("grid_resolution", grid_resolution)
    if response == "probability" and not hasattr(estimator, "predict_proba"):
        raise InputError(f'{type(estimator).__name__} has no predict_proba. Use response="class".')
    if response == "probability" and len(classes) < 2:
        raise InputError('this classifier knows a single class, whose probability is 1. Use response="class".')
    labels = None if y is None else _match_labels(y, len(points), classes)
    # A frame goes to the estimator as a frame only if it was fitted on one; otherwise scikit-learn warns.
    known_by_name = hasattr(X, "columns") and hasattr(estimator, "feature_names_in_")
    table = X if known_by_name else points
    with warnings.catch_warnings():
        # Columns by position are what the caller of an array means.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        predicted = None if labels is None else np.asarray(estimator.predict(table)).reshape(len(points))
        ax = axes_or_new(ax, (7.2, 4.8))
        low, high = _limits(points)
        # Two corners with our own margin: the display's eps is one number for both axes, wrong for both where one
        # feature is in thousands and the other in thousandths.
        corners = np.stack([low, high])
        if known_by_name:
            corners = type(X)(dict(zip(X.columns, corners.T, strict=True)))
        mesh = _draw_regions(ax, estimator, corners, response, int(grid_resolution), len(classes))
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    if response == "probability" and len(classes) == 2:
        # A colour bar below the axes; the legend stands on their right.  A layout engine makes room for the labels.
        pad = 0.02 if has_layout_engine(ax) else 0.2
        bar = figure_of(ax).colorbar(mesh, ax=ax, location="bottom", fraction=0.05, pad=pad, aspect=30)
        bar.set_label(f"probability of {names[1]}", parse_math=False)
    is_wrong = None if labels is None else np.asarray(predicted != labels.classes[labels.codes])
    _draw_points(ax, points, labels, is_wrong, names)
    label_axes(ax, x_name, y_name)
    return ax


def _read_classes(estimator: Any) -> NDArray[Any]:
    """The classes (K,) of a fitted classifier of two features."""
    check_fitted(estimator)
    n = getattr(estimator, "n_features_in_", 2)
    if n != 2:
        raise ShapeError(
            f"this {type(estimator).__name__} was fitted on {n} features, and a decision boundary is a picture of two. "
            "Fit one on two columns, such as X[:, [0, 1]]."
        )
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        raise InputError(
            f"{type(estimator).__name__} has no classes_: a decision boundary needs a classifier. Pass one, fitted."
        )
    if isinstance(classes, list) or np.ndim(classes) != 1:
        raise InputError(
            f"{type(estimator).__name__} predicts several outputs. Fit one classifier for each output and draw each."
        )
    if len(classes) > N_STYLES:
        raise InputError(f"{len(classes)} classes cannot be told apart; at most {N_STYLES}. Group them first.")
    return np.asarray(classes)


def _match_labels(y: Any, m: int, classes: NDArray[Any]) -> Labels:
    """`y` as numbers into the estimator's `classes`, which may hold classes that `y` lacks."""
    found = read_labels(y, m)
    number = {label: k for k, label in enumerate(classes.tolist())}
    unknown = [label for label in found.classes.tolist() if label not in number]
    if unknown:
        raise InputError(
            f"y has labels that the estimator was not fitted on: {shorten_list(unknown)}. "
            f"It knows {shorten_list(classes.tolist())}."
        )
    codes = np.array([number[label] for label in found.classes.tolist()], dtype=np.intp)
    return Labels(classes, codes[found.codes])


def _limits(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The lower and upper corner (2,) of the picture."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    # A constant feature gets a range too, or the grid would be flat.
    margin = np.where(extent > 0, _MARGIN * extent, np.maximum(np.abs(low), 1.0) * 0.5)
    return low - margin, high + margin


def _draw_regions(
    ax: Axes, estimator: Any, corners: Any, response: str, grid_resolution: int, n_classes: int
) -> QuadMesh:
    """Colour the plane between two corners, draw the boundaries, and return the coloured mesh."""
    from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap, ListedColormap
    from sklearn.inspection import DecisionBoundaryDisplay

    colors = [style(k).color for k in range(n_classes)]
    options: dict[str, Any] = {"response_method": "predict"}
    if response == "probability":
        options = {"response_method": "predict_proba", "vmin": 0.0, "vmax": 1.0}
        strong = [lighten(color, _CERTAIN) for color in colors]
        # Of two classes with white where both are equally probable.
        between = LinearSegmentedColormap.from_list("two_classes", [strong[0], "#ffffff", strong[1]])
        options |= {"cmap": between} if n_classes == 2 else {"multiclass_colors": strong}
    # Not contourf, which draws a strip of class 1 between classes 0 and 2.
    options |= {"plot_method": "pcolormesh", "rasterized": True}
    display = DecisionBoundaryDisplay.from_estimator(
        estimator, corners, eps=0.0, grid_resolution=grid_resolution, ax=ax, **options
    )
    mesh = display.surface_
    if response == "class":
        # Set afterwards: which colour arguments the display takes for predicted classes depends on scikit-learn's
        # version.  A map needs two colours at least, also for a single class.
        pale = [lighten(color, _REGION) for color in (*colors, colors[-1])]
        mesh.set_cmap(ListedColormap(pale))
        mesh.set_norm(BoundaryNorm(np.arange(len(pale) + 1) - 0.5, len(pale)))
    _draw_boundaries(ax, display.xx0, display.xx1, np.asarray(display.response), n_classes)
    return mesh


def _draw_boundaries(ax: Axes, xx0: FloatArray, xx1: FloatArray, response: NDArray[Any], n_classes: int) -> None:
    """A thin line around the region of each class, for readers who cannot rely on the colours."""
    for k in range(n_classes):
        if response.ndim == 3:  # probabilities (g, g, K): class k against the best of the others
            margin = response[..., k] - np.delete(response, k, axis=2).max(axis=2)
        elif np.issubdtype(response.dtype, np.floating):  # two classes: the probability of the second
            margin = response - 0.5
        else:  # class numbers
            margin = np.where(response == k, 0.5, -0.5)
        if margin.min() < 0.0 < margin.max():
            ax.contour(xx0, xx1, margin, levels=[0.0], colors=INK, linewidths=0.7)
        if n_classes == 2:
            break


def _draw_points(
    ax: Axes, points: FloatArray, labels: Labels | None, is_wrong: NDArray[np.bool_] | None, names: Sequence[str]
) -> None:
    """The data on top of the regions, rings around mistakes, and the legend of it all."""
    from matplotlib.patches import Patch

    regions: list[Any] = [Patch(color=lighten(style(k).color, _REGION)) for k in range(len(names))]
    if labels is None or is_wrong is None:
        ax.scatter(points[:, 0], points[:, 1], s=0.5 * point_size(len(points)), c=MUTED, linewidths=0)
        add_legend(ax, list(zip(regions, names, strict=True)))
        return
    for k in np.unique(labels.codes):  # an absent class shows its region alone
        regions[k] = (regions[k], scatter_class(ax, points, labels, k))
    look: dict[str, Any] = {"facecolors": "none", "edgecolors": "black", "linewidths": 1.2}
    rings = ax.scatter(points[is_wrong, 0], points[is_wrong, 1], s=4.0 * point_size(len(points)), **look)
    count = f"misclassified: {np.count_nonzero(is_wrong)} of {len(points)}"
    add_legend(ax, [*zip(regions, names, strict=True), (rings, count)])
