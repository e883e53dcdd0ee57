"""The picture of a decision boundary."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, ShapeError, unknown_name
from multilayer.plots._axes import (
    YEARS,
    add_legend,
    axes_or_new,
    figure_of,
    has_layout_engine,
    label_axes,
    require_matplotlib,
    write_thousands,
)
from multilayer.plots._inputs import (
    FloatArray,
    Labels,
    check_count,
    check_fitted,
    check_rows,
    feature_names_for,
    read_labels,
    read_names,
    read_numbers,
    read_two_features,
    shorten_list,
    without_second_axis,
)
from multilayer.plots._style import INK, MUTED, N_STYLES, PALE, lighten, point_size, style
from multilayer.plots.readable import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

_MARGIN = 0.08  # of the range of each feature, so that no point lies on the frame
# Strength of a region's colour: flat, and at probabilities of 1. Pale enough to see the points of the same class on it.
_REGION, _CERTAIN = 0.28, 0.42
_RIGHT = 0.6  # strength of the colour of points that are classified correctly
_LARGEST_IMAGE = 800  # pixels along each axis of the picture of more than two classes
_DIFFERENT = 0.005  # share of the grid where the most probable class need not be the predicted one
_N_LEVELS = 9  # of a regressor's contour lines, at most


class _Grid(NamedTuple):
    """What the estimator says on a grid over the plane."""

    x: FloatArray  # (g,)
    y: FloatArray  # (g,)
    values: FloatArray  # (g, g, K) scores that are highest for the predicted class; (g, g, 1) of a regressor
    are_probabilities: bool
    are_steps: bool = False  # 1 for the predicted class and 0 for the others: nothing between them


def plot_decision_boundary(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    response: Literal["auto", "class", "probability"] = "auto",
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    grid_resolution: int = 200,
    ax: Axes | None = None,
) -> Axes:
    """Draw the region of each class by a classifier, with the data on top and misclassified points marked.

    The boundary is the line where the probabilities of two classes are equal, and regions are the paler the less
    certain their class is.  Points that are classified correctly are pale.  Mistakes lie on top of them in the full
    colour and the marker of their class, with a dark edge and a cross.

    Of a regressor the predictions are colours with labelled contour lines, and the points have the colours of `y`.

    Parameters
    ----------
    estimator : fitted classifier or regressor
        A network, or any estimator or pipeline of scikit-learn, fitted on two features.
    X : array or frame of shape (m, 2)
        The points to draw, which also set the range of the picture.
    y : array-like of shape (m,), optional
        Their classes, or amounts for a regressor.  Without it the points are grey and none is marked as misclassified.
    response : {"auto", "class", "probability"}, default "auto"
        What to colour.  "class" is the predicted class, in flat colours.  "probability" is the probability: two
        classes have a colour bar, and of more classes a region is the stronger the larger the lead of its class.
        "auto" is the probability where the most probable class is the predicted one, otherwise the class.
    feature_names : sequence of 2 str, optional
        Names of the axes.  By default the columns of a frame, the estimator's ``feature_names_in_``, or x_1 and x_2.
    class_names : sequence of str, optional
        Names of the classes in the order of ``estimator.classes_``.  By default the classes themselves.
    grid_resolution : int, default 200
        Grid points along each axis; the estimator predicts the square of it, 40,000 points by default.  Scores are
        interpolated between them, so that boundaries are smooth.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    ShapeError
        If the estimator or `X` has other than two features, or `y` not one value for each row.
    InputError
        If `X` or amounts hold NaN, `y` holds a label unknown to the estimator, or the estimator is neither a classifier
        nor a regressor.
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
    if response not in ("auto", "class", "probability"):
        raise unknown_name("response", response, ("auto", "class", "probability"))
    check_count("grid_resolution", grid_resolution)
    classes = _read_classes(estimator)
    x_name, y_name = feature_names_for(feature_names, 2, X, estimator)
    if classes is None:
        return _draw_regressor(ax, estimator, X, points, y, int(grid_resolution), (x_name, y_name))
    names = read_names("class_names", class_names, len(classes)) or [str(c) for c in classes]
    if response == "probability" and not hasattr(estimator, "predict_proba"):
        raise InputError(f'{type(estimator).__name__} has no predict_proba. Use response="class".')
    if response == "probability" and len(classes) < 2:
        raise InputError('this classifier knows a single class, whose probability is 1. Use response="class".')
    labels = None if y is None else _match_labels(y, len(points), classes)
    grid = _classify(estimator, X, points, int(grid_resolution), classes, response)
    predicted = None if labels is None else _call(estimator.predict, estimator, X, points).reshape(len(points))
    ax = axes_or_new(ax, (7.2, 4.8), "Decision boundary")
    shaded = response != "class" and grid.are_probabilities and len(classes) > 1
    image = _draw_regions(ax, grid, shaded=shaded)
    _draw_boundaries(ax, grid)
    ax.set(xlim=(grid.x[0], grid.x[-1]), ylim=(grid.y[0], grid.y[-1]))
    if shaded and len(classes) == 2:
        _add_bar(ax, image).set_label(f"probability of {names[1]}", parse_math=False)
    is_wrong = None if labels is None else np.asarray(predicted != labels.classes[labels.codes])
    _draw_points(ax, points, labels, is_wrong, names, pale_is_uncertain=shaded and len(classes) > 2)
    label_axes(ax, x_name, y_name)
    write_thousands(ax.xaxis, ax.yaxis, least=YEARS)
    return readable(ax)


def _add_bar(ax: Axes, image: Any) -> Any:
    """A colour bar below the axes; the legend stands on their right.  A layout engine makes room for the labels."""
    pad = 0.02 if has_layout_engine(ax) else 0.2
    return figure_of(ax).colorbar(image, ax=ax, location="bottom", fraction=0.05, pad=pad, aspect=30)


def _read_classes(estimator: Any) -> NDArray[Any] | None:
    """The classes (K,) of a fitted classifier of two features; None for a regressor."""
    check_fitted(estimator)
    n = getattr(estimator, "n_features_in_", 2)
    if n != 2:
        raise ShapeError(
            f"this {type(estimator).__name__} was fitted on {n} features, and a decision boundary is a picture of two. "
            "Fit one on two columns, such as X[:, [0, 1]]."
        )
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        from sklearn.base import is_regressor

        if is_regressor(estimator):
            return None
        raise InputError(
            f"{type(estimator).__name__} has no classes_ and is no regressor. Pass a fitted classifier or regressor."
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


def _plane(points: FloatArray, grid_resolution: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The coordinates (g,) along both axes, and all points of the grid (g * g, 2), the lowest row first."""
    low, high = _limits(points)
    x, y = np.linspace(low, high, grid_resolution).T
    return x, y, np.stack([each.ravel() for each in np.meshgrid(x, y)], axis=1)


def _call(method: Any, estimator: Any, X: Any, points: FloatArray) -> NDArray[Any]:
    """What a method of `estimator` says of `points` (m, 2), which have the columns of `X`."""
    table: Any = points
    # A frame goes to the estimator as a frame only if it was fitted on one; otherwise scikit-learn warns.
    if hasattr(X, "columns") and hasattr(estimator, "feature_names_in_"):
        table = type(X)(dict(zip(X.columns, points.T, strict=True)))
    with warnings.catch_warnings():
        # Columns by position are what the caller of an array means.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        return np.asarray(method(table))


def _classify(
    estimator: Any, X: Any, points: FloatArray, grid_resolution: int, classes: NDArray[Any], response: str
) -> _Grid:
    """The scores of all classes on a grid: probabilities if they agree with what is predicted, or were asked for."""
    x, y, plane = _plane(points, grid_resolution)
    shape = (grid_resolution, grid_resolution, len(classes))
    number = {label: k for k, label in enumerate(classes.tolist())}
    predicted = _call(estimator.predict, estimator, X, plane).reshape(-1)
    codes = np.array([number[label] for label in predicted.tolist()], dtype=np.intp)
    for name in ("predict_proba", "decision_function"):
        if not hasattr(estimator, name):
            continue
        scores = np.asarray(_call(getattr(estimator, name), estimator, X, plane), dtype=np.float64)
        if scores.ndim == 1:
            scores = np.stack([-scores, scores], axis=1)
        is_wanted = name == "predict_proba" and response == "probability"
        # A classifier with another threshold than 1/2, or with several votes for a class, decides by other rules.
        if is_wanted or (
            scores.shape == (len(plane), len(classes))
            and np.isfinite(scores).all()
            and np.mean(scores.argmax(axis=1) != codes) <= _DIFFERENT
        ):
            return _Grid(x, y, scores.reshape(shape), are_probabilities=name == "predict_proba")
    return _Grid(x, y, np.eye(len(classes))[codes].reshape(shape), are_probabilities=False, are_steps=True)


def _margin(values: FloatArray, k: int) -> FloatArray:
    """How much the score of class `k` is above the best of the others, (g, g); negative where it is below."""
    return np.asarray(values[..., k] - np.delete(values, k, axis=2).max(axis=2))


def _draw_regions(ax: Axes, grid: _Grid, *, shaded: bool) -> AxesImage:
    """Colour the plane, between grid points by interpolated scores: flat, or the stronger the more certain."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    n_classes = grid.values.shape[2]
    colors = [style(k).color for k in range(n_classes)]
    if shaded and n_classes == 2:
        ends = [lighten(color, _CERTAIN) for color in colors]
        # White where both are equally probable.
        between = LinearSegmentedColormap.from_list("two_classes", [ends[0], "#ffffff", ends[1]])
        look: dict[str, Any] = {"cmap": between, "vmin": 0.0, "vmax": 1.0, "interpolation": "bilinear"}
        return _show(ax, grid, grid.values[..., 1], **look)
    fine = _refine(grid.values, 1 if grid.are_steps else max(1, _LARGEST_IMAGE // len(grid.x)))
    ordered = np.sort(fine, axis=2) if n_classes > 1 else np.stack([np.zeros(fine.shape[:2])] * 2, axis=2)
    strength = _CERTAIN * (ordered[..., -1] - ordered[..., -2]) if shaded else np.full(fine.shape[:2], _REGION)
    full = np.array([to_rgb(color) for color in colors])[fine.argmax(axis=2)]  # (f, f, 3)
    return _show(ax, grid, 1.0 - strength[..., np.newaxis] * (1.0 - full), interpolation="nearest")


def _show(ax: Axes, grid: _Grid, image: FloatArray, **look: Any) -> AxesImage:
    """An image whose outermost pixels have their middles on the ends of the grid."""
    sides = []
    for ends, n in ((grid.x, image.shape[1]), (grid.y, image.shape[0])):
        half = (ends[-1] - ends[0]) / (n - 1) / 2
        sides += [ends[0] - half, ends[-1] + half]
    return ax.imshow(image, extent=tuple(sides), origin="lower", aspect="auto", zorder=0, **look)


def _refine(values: FloatArray, times: int) -> FloatArray:
    """Values on a grid (g, g, K), interpolated linearly to one that is `times` as fine."""
    for axis in (0, 1):
        n = values.shape[axis]
        at = np.linspace(0.0, n - 1.0, (n - 1) * times + 1)
        below = np.minimum(at.astype(np.intp), n - 2)
        part = (at - below).reshape([-1 if i == axis else 1 for i in range(3)])
        values = (1.0 - part) * values.take(below, axis=axis) + part * values.take(below + 1, axis=axis)
    return values


def _draw_boundaries(ax: Axes, grid: _Grid) -> None:
    """A line around the region of each class, where its score equals the best of the others."""
    n_classes = grid.values.shape[2]
    for k in range(n_classes if n_classes > 2 else n_classes - 1):
        margin = _margin(grid.values, k)
        if margin.min() < 0.0 < margin.max():
            ax.contour(grid.x, grid.y, margin, levels=[0.0], colors=INK, linewidths=1.0)


def _draw_points(
    ax: Axes,
    points: FloatArray,
    labels: Labels | None,
    is_wrong: NDArray[np.bool_] | None,
    names: Sequence[str],
    *,
    pale_is_uncertain: bool,
) -> None:
    """The data on top of the regions, mistakes last and in full colour, and the legend of it all."""
    from matplotlib.patches import Patch

    regions: list[Any] = [Patch(color=lighten(style(k).color, _REGION)) for k in range(len(names))]
    note = [(Patch(facecolor="white", edgecolor=PALE), "pale: uncertain")] if pale_is_uncertain else []
    if labels is None or is_wrong is None:
        ax.scatter(points[:, 0], points[:, 1], s=0.5 * point_size(len(points)), c=MUTED, linewidths=0)
        add_legend(ax, [*zip(regions, names, strict=True), *note])
        return
    for k in np.unique(labels.codes):  # an absent class shows its region alone
        color, marker, area = style(k)
        look: dict[str, Any] = {"c": lighten(color, _RIGHT), "marker": marker, "edgecolors": color, "linewidths": 0.4}
        x, y = points[(labels.codes == k) & ~is_wrong].T
        regions[k] = (regions[k], ax.scatter(x, y, s=0.8 * point_size(len(points)) * area, **look, zorder=2))
    size = 1.25 * point_size(len(points))
    for k in np.unique(labels.codes[is_wrong]):
        color, marker, area = style(k)
        x, y = points[(labels.codes == k) & is_wrong].T
        ax.scatter(x, y, s=size * area, c=color, marker=marker, edgecolors=INK, linewidths=0.7, zorder=4)
    # A cross whose arms stick out, so that a mistake is known without colours.
    cross: dict[str, Any] = {"marker": "x", "c": INK, "linewidths": 0.8}
    crosses = ax.scatter(points[is_wrong, 0], points[is_wrong, 1], s=1.6 * size, zorder=3, **cross)
    count = f"misclassified: {np.count_nonzero(is_wrong):,} of {len(points):,}"
    add_legend(ax, [*zip(regions, names, strict=True), (crosses, count), *note])


def _draw_regressor(
    ax: Axes | None,
    estimator: Any,
    X: Any,
    points: FloatArray,
    y: Any,
    grid_resolution: int,
    names: tuple[str, str],
) -> Axes:
    """The predictions of a regressor as colours with labelled contour lines, and the rows in the colours of `y`."""
    from matplotlib.ticker import MaxNLocator

    amounts = None if y is None else without_second_axis(read_numbers("y", y, "Pass the amounts that were fitted."))
    if amounts is not None and amounts.shape != (len(points),):
        raise ShapeError(f"y must hold one amount for each of the {len(points)} rows, got shape {amounts.shape}.")
    if amounts is not None:
        check_rows("y", np.isfinite(amounts), "NaN or infinite values")
    xs, ys, plane = _plane(points, grid_resolution)
    predicted = np.asarray(_call(estimator.predict, estimator, X, plane), dtype=np.float64)
    if predicted.size != len(plane):
        raise InputError(f"{type(estimator).__name__} predicts several outputs. Fit one regressor for each output.")
    grid = _Grid(xs, ys, predicted.reshape(grid_resolution, grid_resolution, 1), are_probabilities=False)
    surface = grid.values[..., 0]
    known = surface if amounts is None else np.concatenate([surface.ravel(), amounts])
    look: dict[str, Any] = {"cmap": "cividis", "vmin": float(known.min()), "vmax": float(known.max())}
    ax = axes_or_new(ax, (7.2, 5.2), "Predictions over two features")
    image = _show(ax, grid, surface, interpolation="bilinear", **look)
    if surface.min() < surface.max():
        levels = MaxNLocator(_N_LEVELS).tick_values(float(surface.min()), float(surface.max()))
        lines = ax.contour(xs, ys, surface, levels=levels, colors="white", linewidths=0.8)
        ax.clabel(lines, fmt=lambda level: f"{level:,.6g}", fontsize=8)
    size = point_size(len(points))
    dots: dict[str, Any] = {"c": MUTED} if amounts is None else {"c": amounts, **look}
    mark = ax.scatter(points[:, 0], points[:, 1], s=size, edgecolors="white", linewidths=0.6, zorder=2, **dots)
    ax.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]))
    bar = _add_bar(ax, image)
    bar.set_label("prediction")
    write_thousands(bar.ax.xaxis)
    add_legend(ax, [(mark, "a row" if amounts is None else "a row: its y")])
    label_axes(ax, *names)
    write_thousands(ax.xaxis, ax.yaxis, least=YEARS)
    return readable(ax)
