"""The picture of a diagnosis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multilayer.exceptions import InputError
from multilayer.plots._axes import add_conclusion, axes_or_new, check_result, remove_frame, side_by_side
from multilayer.plots._style import NEGATIVE, PALE, POSITIVE
from multilayer.plots.readable import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from multilayer.estimators import Diagnosis, LayerVitals

_HALF_WIDTH = 0.32  # of a layer's strip; layers are 1 apart
_MOST_LINES = 6


def plot_diagnosis(diagnosis: Diagnosis, *, ax: Axes | None = None) -> Axes:
    """Draw the share of rows to which each hidden unit responds, layer by layer, and list the findings.

    A unit responds to a row if g'(z) is not near 0, so that a gradient can pass.  Silent units, which respond to almost
    no row, are vermilion triangles: they are dead or saturated.  Below each layer is the change of its weights by one
    more update, relative to their size: about 1e-3 is usual.

    Parameters
    ----------
    diagnosis : Diagnosis
        From ``model.diagnose(X, y)``.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If it is no diagnosis, or of a network without hidden layer.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from multilayer import MLPClassifier
    >>> from multilayer.plots import plot_diagnosis
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> model = MLPClassifier((8, 4), solver="lbfgs", random_state=0).fit(X, y)
    >>> ax = plot_diagnosis(model.diagnose(X, y))
    >>> ax.get_ylabel()
    'rows a unit responds to'
    >>> plt.close(ax.figure)
    """
    from multilayer.estimators import Diagnosis

    check_result(diagnosis, Diagnosis, "model.diagnose(X, y) of a fitted model", ax)
    hidden = diagnosis.layers[:-1]
    if not hidden:
        raise InputError("the network has no hidden layer: there are no units to draw. Print the diagnosis instead.")
    own_figure, ax = ax is None, axes_or_new(ax, (max(4.8, 1.5 * len(hidden) + 2.4), 4.8), "Diagnosis")
    for place, layer in enumerate(hidden):
        _draw_layer(ax, place, layer)
    ax.set_xticks(range(len(hidden)), [_caption(layer) for layer in hidden])
    ax.set_xlim(-0.6, len(hidden) - 0.4)
    ax.set_ylim(-0.06, 1.06)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25%", "50%", "75%", "all"])
    ax.set_ylabel("rows a unit responds to")
    ax.tick_params(axis="x", length=0)
    findings = [f"{finding.severity}: {finding.heading}" for finding in diagnosis.findings[:_MOST_LINES]]
    if len(diagnosis.findings) > _MOST_LINES:
        findings.append(f"and {len(diagnosis.findings) - _MOST_LINES} more")
    add_conclusion(ax, "Diagnosis", "\n".join([diagnosis.summary, *findings]), own_figure=own_figure)
    remove_frame(ax)
    return readable(ax)


def _draw_layer(ax: Axes, place: int, layer: LayerVitals) -> None:
    """The units in their order, silent ones as triangles."""
    n, silent = len(layer.responding), layer.silent
    x = place + side_by_side(n, _HALF_WIDTH)
    size = float(np.clip(900 / n, 9, 36))
    ax.plot([place - _HALF_WIDTH, place + _HALF_WIDTH], [0, 0], color=PALE, linewidth=1, zorder=1)
    for chosen, marker, color in ((~silent, "o", POSITIVE), (silent, "^", NEGATIVE)):
        responding = layer.responding[chosen]
        ax.scatter(x[chosen], responding, s=size, c=color, marker=marker, linewidths=0, zorder=2, clip_on=False)


def _caption(layer: LayerVitals) -> str:
    lines = [f"hidden layer {layer.layer - 1}, {layer.activation}"]
    if layer.silent.any():
        lines.append(f"{int(layer.silent.sum())} of {len(layer.silent)} silent")
    if not np.isnan(layer.update_ratio):
        lines.append(f"update {layer.update_ratio:.0e}")
    return "\n".join(lines)
