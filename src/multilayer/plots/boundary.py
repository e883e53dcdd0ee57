"""The picture of a decision boundary."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, ParameterError, ShapeError, unknown_name
from multilayer.plots._axes import add_legend, axes_or_new, figure_of, label_axes, require_matplotlib
from multilayer.plots._inputs import (
    FloatArray,
    Labels,
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
    axis_names = feature_names_for(feature_names, 2, X, estimator)
    _check_parameters(estimator, response, grid_resolution, len(classes))
    labels = None if y is None else _match_labels(y, len(points), classes)
    # A frame goes to the estimator as a frame only if it was fitted on one; otherwise scikit-learn warns.
    known_by_name = hasattr(X, "columns") and hasattr(estimator, "feature_names_in_")
    table = X if known_by_name else points
    wrong = None if labels is None else _misclassified(estimator, table, labels)

    ax = axes_or_new(ax, (7.2, 4.8))
    surface = _draw_response(ax, estimator, table, points, response, grid_resolution, len(classes))
    if response == "probability" and len(classes) == 2:
        _draw_scale(ax, surface, names[1])
    _draw_points(ax, points, labels, wrong, names)
    label_axes(ax, axis_names)
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


def _check_parameters(estimator: Any, response: str, grid_resolution: int, n_classes: int) -> None:
    if response not in ("class", "probability"):
        raise unknown_name("response", response, ("class", "probability"))
    if isinstance(grid_resolution, bool) or not isinstance(grid_resolution, (int, np.integer)) or grid_resolution < 2:
        raise ParameterError(f"grid_resolution must be an integer of at least 2, got {grid_resolution!r}.")
    if response == "probability" and not hasattr(estimator, "predict_proba"):
        raise InputError(f'{type(estimator).__name__} has no predict_proba. Use response="class".')
    if response == "probability" and n_classes < 2:
        raise InputError('this classifier knows a single class, whose probability is 1. Use response="class".')


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


def _misclassified(estimator: Any, table: Any, labels: Labels) -> NDArray[np.bool_]:
    """Which examples (m,) the estimator assigns to another class than theirs."""
    with warnings.catch_warnings():
        # Columns by position are what the caller of an array means.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        predicted = np.asarray(estimator.predict(table)).reshape(len(labels.codes))
    return np.asarray(predicted != labels.classes[labels.codes], dtype=np.bool_)


def _draw_response(
    ax: Axes, estimator: Any, table: Any, points: FloatArray, response: str, grid_resolution: int, n_classes: int
) -> Any:
    """Colour the plane, draw the boundaries, fit the limits, and return the coloured mesh (or meshes)."""
    from sklearn.inspection import DecisionBoundaryDisplay

    low, high = _limits(points)
    colors = [style(k).color for k in range(n_classes)]
    options: dict[str, Any] = {"response_method": "predict"}
    if response == "probability":
        options = {"response_method": "predict_proba", "vmin": 0.0, "vmax": 1.0}
        strong = [lighten(color, _CERTAIN) for color in colors]
        options |= {"cmap": _two_class_colors(strong)} if n_classes == 2 else {"multiclass_colors": strong}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        display = DecisionBoundaryDisplay.from_estimator(
            estimator,
            # Two corners with our own margin: the display's eps is one number for both axes, wrong for both
            # where one feature is in thousands and the other in thousandths.
            _like(table, np.stack([low, high])),
            eps=0.0,
            grid_resolution=int(grid_resolution),
            # Not contourf, which draws a strip of class 1 between classes 0 and 2.
            plot_method="pcolormesh",
            rasterized=True,
            ax=ax,
            **options,
        )
    if response == "class":
        _color_regions(display.surface_, colors)
    _draw_boundaries(ax, display.xx0, display.xx1, np.asarray(display.response), n_classes)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    return display.surface_


def _limits(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The lower and upper corner (2,) of the picture."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    # A constant feature gets a range too, or the grid would be flat.
    margin = np.where(extent > 0, _MARGIN * extent, np.maximum(np.abs(low), 1.0) * 0.5)
    return low - margin, high + margin


def _like(table: Any, values: FloatArray) -> Any:
    """`values` (rows, 2) as a frame of the same kind and columns as `table`, or as they are for an array."""
    if not hasattr(table, "columns"):
        return values
    return type(table)(dict(zip(table.columns, values.T, strict=True)))


def _draw_scale(ax: Axes, mesh: Any, name: str) -> None:
    """A colour bar below the axes; the legend stands on their right."""
    figure = figure_of(ax)
    # Without a layout engine the axis label is not made room for.
    pad = 0.2 if figure.get_layout_engine() is None else 0.02
    bar = figure.colorbar(mesh, ax=ax, location="bottom", fraction=0.05, pad=pad, aspect=30)
    bar.set_label(f"probability of {name}", parse_math=False)


def _two_class_colors(ends: Sequence[str]) -> Any:
    """From one colour to the other, with white where both classes are equally probable."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("two_classes", [ends[0], "#ffffff", ends[1]])


def _color_regions(mesh: Any, colors: Sequence[str]) -> None:
    """Give class k of a mesh of class numbers a pale ``colors[k]``."""
    from matplotlib.colors import BoundaryNorm, ListedColormap

    # Set afterwards: which colour arguments the display takes for predicted classes depends on scikit-learn's version.
    # A map needs two colours at least, also for a single class.
    pale = [lighten(color, _REGION) for color in (*colors, colors[-1])]
    mesh.set_cmap(ListedColormap(pale))
    mesh.set_norm(BoundaryNorm(np.arange(len(pale) + 1) - 0.5, len(pale)))


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
    ax: Axes, points: FloatArray, labels: Labels | None, wrong: NDArray[np.bool_] | None, names: Sequence[str]
) -> None:
    """The data on top of the regions, rings around mistakes, and the legend of it all."""
    from matplotlib.patches import Patch

    regions = [Patch(color=lighten(style(k).color, _REGION)) for k in range(len(names))]
    if labels is None or wrong is None:
        ax.scatter(points[:, 0], points[:, 1], s=0.5 * point_size(len(points)), c=MUTED, linewidths=0)
        add_legend(ax, regions, names)
        return
    handles: list[Any] = [
        # The marker on its region; an absent class shows its region alone.
        (region, scatter_class(ax, points, labels, k)) if np.any(labels.codes == k) else region
        for k, region in enumerate(regions)
    ]
    rings = ax.scatter(
        points[wrong, 0],
        points[wrong, 1],
        s=4.0 * point_size(len(points)),
        facecolors="none",
        edgecolors="black",
        linewidths=1.2,
    )
    add_legend(ax, [*handles, rings], [*names, f"misclassified: {np.count_nonzero(wrong)} of {len(points)}"])
