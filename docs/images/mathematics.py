"""Draw the pictures of docs/learn/mathematics.md into docs/images: python docs/images/mathematics.py"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from multilayer.equations import (
    ACTIVATIONS,
    Adam,
    GradientDescent,
    Momentum,
    Nesterov,
    output_unit,
    regularization,
)
from multilayer.plots._style import INK, MUTED, OKABE_ITO, PALE, lighten

HERE = Path(__file__).parent
BLUE, RED, GREEN, ORANGE = OKABE_ITO[:4]
# The same file from the same program: no date, no random names, letters as outlines.
SETTINGS = {"svg.hashsalt": "multilayer", "svg.fonttype": "path", "font.size": 12, "mathtext.fontset": "cm"}


def _blank(width: float, height: float) -> tuple[Figure, Any]:
    """Return a figure without axes, in which a unit is an inch."""
    figure = Figure((width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.axis("off")
    return figure, axes


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float], color: str = MUTED, **kwargs: Any) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 12, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0} | kwargs
    axes.add_patch(FancyArrowPatch(start, end, color=color, **style))


def _unit(axes: Any, center: tuple[float, float], label: str, color: str = BLUE, radius: float = 0.3) -> None:
    axes.add_patch(Circle(center, radius, facecolor=lighten(color, 0.15), edgecolor=color, linewidth=1.5, zorder=3))
    axes.text(*center, label, ha="center", va="center", color=INK, zorder=4, fontsize=13)


def notation() -> Figure:
    """Draw a network of three layers with the names of its parts."""
    figure, axes = _blank(8, 5)
    sizes, names = (2, 3, 2), ("layer 1: inputs", "layer 2: hidden", "layer 3: outputs")
    xs, letters = (1.3, 4.0, 6.7), ("a_{1,%d} = x_%d", "a_{2,%d}", "h_%d")
    places = []
    for k, (x, size, name) in enumerate(zip(xs, sizes, names, strict=True)):
        ys = 2.35 - 0.95 * (np.arange(size) - (size - 1) / 2)
        places.append([(x, float(y)) for y in ys])
        axes.text(x, 4.75, name, ha="center", va="center", fontsize=13, color=INK)
        axes.text(x, 4.45, f"$s_{k + 1} = {size}$", ha="center", va="center", fontsize=13, color=MUTED)
    biases = [(x, 4.0) for x in xs[:2]]
    for k in range(2):
        for i, end in enumerate(places[k + 1]):
            for start in [biases[k], *places[k]]:
                is_bias = start == biases[k]
                marked = k == 0 and i == 1
                color = ORANGE if is_bias else BLUE if marked else PALE
                radius = 0.4
                vector = np.subtract(end, start) / np.hypot(*np.subtract(end, start))
                ends = np.add(start, radius * vector), np.subtract(end, radius * vector)
                style = {"linewidth": 2.2 if marked else 1.2, "linestyle": "--" if is_bias else "-"}
                _arrow(axes, tuple(ends[0]), tuple(ends[1]), color, **style)
    for k, units in enumerate(places):
        for i, place in enumerate(units, start=1):
            text = letters[k] % ((i,) * letters[k].count("%"))
            _unit(axes, place, f"${text.split(' = ')[-1]}$", GREEN if k == 2 else BLUE, 0.36)
    for place in biases:
        _unit(axes, place, "1", ORANGE, 0.25)
    for k, x in enumerate((2.65, 5.35)):
        rows, columns = sizes[k + 1], sizes[k] + 1
        text = rf"$\Theta_{k + 1}$: {rows} rows, {columns} columns"
        axes.text(x, 0.42, text, ha="center", va="center", fontsize=13, color=INK)
    axes.text(4.0, 0.1, r"solid blue: row 2 of $\Theta_1$;  dashed orange: biases, column 0", ha="center", color=MUTED)
    return figure


def unit() -> Figure:
    """Draw one unit: inputs, weights, sum, activation."""
    figure, axes = _blank(8, 3)
    ys = (2.45, 1.5, 0.55)
    inputs, weights = ("1", "$a_{l,1}$", "$a_{l,2}$"), (r"\Theta_{l,i0}", r"\Theta_{l,i1}", r"\Theta_{l,i2}")
    for y, name, weight, color in zip(ys, inputs, weights, (ORANGE, BLUE, BLUE), strict=True):
        _unit(axes, (0.7, y), name, color, 0.38)
        start, end = np.array([1.1, y]), np.array([3.25, 1.5 + 0.25 * (y - 1.5)])
        _arrow(axes, tuple(start), tuple(end), color)
        middle = 0.45 * start + 0.55 * end
        patch = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        axes.text(*middle, f"${weight}$", ha="center", va="center", fontsize=14, color=INK, bbox=patch)
    _unit(axes, (3.75, 1.5), r"$\sum$", BLUE, 0.48)
    _arrow(axes, (4.25, 1.5), (5.5, 1.5))
    axes.text(4.87, 1.65, "$z_{l+1,i}$", ha="center", va="bottom", fontsize=14, color=INK)
    _unit(axes, (6.0, 1.5), "$g$", GREEN, 0.48)
    _arrow(axes, (6.5, 1.5), (7.8, 1.5))
    axes.text(7.15, 1.65, "$a_{l+1,i}$", ha="center", va="bottom", fontsize=14, color=INK)
    axes.text(3.75, 0.75, "weighted sum (P2)", ha="center", color=MUTED)
    axes.text(6.0, 0.75, "activation (P3)", ha="center", color=MUTED)
    return figure


def flow() -> Figure:
    """Draw which quantity is computed from which, forward and backward."""
    figure, axes = _blank(9, 3.9)
    boxes: dict[str, tuple[float, float, str, str]] = {
        "X": (0.7, 3.2, "$A_1 = X$", BLUE),
        "Z2": (2.3, 3.2, "$Z_2$", BLUE),
        "A2": (3.9, 3.2, "$A_2$", BLUE),
        "Z3": (5.5, 3.2, "$Z_3$", BLUE),
        "H": (7.1, 3.2, "$H$", BLUE),
        "J": (8.4, 3.2, "$J$", GREEN),
        "d3": (5.5, 1.9, r"$\delta_3$", RED),
        "d2": (2.3, 1.9, r"$\delta_2$", RED),
        "D2": (5.5, 0.6, "$D_2$", ORANGE),
        "D1": (2.3, 0.6, "$D_1$", ORANGE),
    }
    for x, y, label, color in boxes.values():
        width = 1.06 if "=" in label else 0.76
        box = FancyBboxPatch((x - width / 2, y - 0.27), width, 0.54, boxstyle="round,pad=0.02,rounding_size=0.08")
        box.set(facecolor=lighten(color, 0.15), edgecolor=color, linewidth=1.5)
        axes.add_patch(box)
        axes.text(x, y, label, ha="center", va="center", fontsize=15, color=INK)

    def link(start: str, end: str, text: str, color: str, dx: float = 0, dy: float = 0.1, **kwargs: Any) -> None:
        a, b = np.array(boxes[start][:2]), np.array(boxes[end][:2])
        sizes = [0.58 if "=" in boxes[name][2] else 0.43 for name in (start, end)]
        vector = (b - a) / np.hypot(*(b - a))
        reach = [min(size / max(abs(vector[0]), 1e-9), 0.33 / max(abs(vector[1]), 1e-9)) for size in sizes]
        _arrow(axes, tuple(a + reach[0] * vector), tuple(b - reach[1] * vector), color, **kwargs)
        middle = (a + b) / 2
        axes.text(middle[0] + dx, middle[1] + dy, text, ha="center", va="bottom", fontsize=12.5, color=INK)

    link("X", "Z2", r"$\Theta_1$  (P2)", BLUE, dx=0.1, dy=0.33)
    link("Z2", "A2", "$g$  (P3)", BLUE, dy=0.33)
    link("A2", "Z3", r"$\Theta_2$  (P2)", BLUE, dy=0.33)
    link("Z3", "H", "$h$  (P4)", BLUE, dy=0.33)
    link("H", "J", "(J)", BLUE, dy=0.33)
    link("H", "d3", "$H - Y$  (B1)", RED, dx=0.85, dy=-0.2)
    link("d3", "d2", r"$\Theta_2$, $g'(Z_2)$  (B2)", RED, dy=0.08)
    link("d3", "D2", "(B3), (B4)", RED, dx=0.55, dy=-0.1)
    link("d2", "D1", "(B3), (B4)", RED, dx=0.55, dy=-0.1)
    link("A2", "D2", "", BLUE, linestyle="--", linewidth=1.1)
    link("X", "D1", "", BLUE, linestyle="--", linewidth=1.1)
    axes.text(8.85, 1.3, "forward: blue\nbackward: red\ndashed: $A_l$ in (B3)", ha="right", va="top", color=MUTED)
    return figure


def activations() -> Figure:
    """Draw g and g' of all activations."""
    z = np.linspace(-4, 4, 401)
    figure = Figure((9, 7), layout="constrained")
    grid = figure.subplots(3, 4, sharex=True, sharey=True).ravel()
    for number, (axes, (name, pair)) in enumerate(zip(grid, ACTIVATIONS.items(), strict=False), start=1):
        slope = pair.g_prime(z)
        slope[1:-1][np.abs(np.diff(slope, 2)) > 0.05] = np.nan  # a jump is a gap
        axes.plot(z, pair.g(z), color=BLUE, linewidth=2.2, label="$g(z)$")
        axes.plot(z, slope, color=RED, linewidth=1.8, linestyle="--", label="$g'(z)$")
        axes.set_title(f"(A{number}) {name}", fontsize=12)
        axes.set(xlim=(-4, 4), ylim=(-2, 3), xticks=(-4, 0, 4), yticks=(-2, 0, 2))
        axes.grid(color=PALE, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = grid[0].get_legend_handles_labels()
    grid[-1].axis("off")
    grid[-1].legend(handles, labels, loc="center", frameon=False, fontsize=14)
    return figure


def costs() -> Figure:
    """Draw the costs (C1) to (C5) as curves."""
    figure = Figure((9, 5.6), layout="constrained")
    grid = figure.subplots(2, 3).ravel()
    z = np.linspace(-4, 4, 201)[:, np.newaxis]
    colors, styles = (BLUE, RED, GREEN), ("-", "--", ":")

    def curves(axes: Any, title: str, label: str, of: dict[str, np.ndarray], x: np.ndarray) -> None:
        for (name, values), color, style in zip(of.items(), colors, styles, strict=False):
            axes.plot(x, values, color=color, linestyle=style, linewidth=2.2, label=name)
        axes.set(title=title, xlabel=label)
        axes.set_ylim(0, 4.2)
        axes.grid(color=PALE, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        if len(of) > 1:
            axes.legend(frameon=False)

    def cost(name: str, Z: np.ndarray, y: list[float]) -> np.ndarray:
        return output_unit(name).cost(Z, np.tile(np.array(y), (len(Z), 1)))

    pair = np.hstack([z, np.zeros_like(z)])
    curves(grid[0], "(C1) sigmoid", "$z$", {f"$y = {y}$": cost("sigmoid", z, [y]) for y in (1, 0)}, z)
    both = {"class 1": cost("softmax", pair, [1, 0]), "class 2": cost("softmax", pair, [0, 1])}
    curves(grid[1], "(C2) softmax, 2 classes", "$z_1 - z_2$", both, z)
    curves(grid[2], "(C3) identity", "$h - y$", {"c": cost("identity", z, [0])}, z)
    prices = {
        rf"$\lambda / m = {lam}$": np.array([regularization([np.array([[0.0, w]])], lam, m=1) for w in z[:, 0]])
        for lam in (1.0, 0.3)
    }
    curves(grid[3], "(C4) regularisation", r"weight $\Theta_{l,ij}$", prices, z)
    h = np.linspace(0.02, 6, 300)[:, np.newaxis]
    rates = {f"$y = {y}$": cost("exp", np.log(h), [y]) for y in (1, 3, 0)}
    curves(grid[4], "(C5) exp", "$h = e^z$", rates, h)
    for axes in (grid[0], grid[3]):
        axes.set_ylabel("cost of one example" if axes is grid[0] else "$R$")
    grid[5].axis("off")
    return figure


def descent() -> Figure:
    """Draw the paths of the update rules on a parabola that is steep in one direction."""
    figure = Figure((9, 6.6), layout="constrained")
    curvature = np.array([1.0, 12.0])
    rules = [
        ("(D1) gradient descent", GradientDescent(), 0.14),
        ("(D2) momentum", Momentum(0.8), 0.05),
        ("(D3) Nesterov's momentum", Nesterov(0.8), 0.05),
        ("(D4) Adam", Adam(), 0.35),
    ]
    x, y = np.meshgrid(np.linspace(-3.4, 1.6, 200), np.linspace(-1.4, 1.4, 200))
    J = (curvature[0] * x**2 + curvature[1] * y**2) / 2
    for k, (axes, (title, rule, alpha)) in enumerate(zip(figure.subplots(2, 2).ravel(), rules, strict=True)):
        theta = np.array([-3.0, 1.0])
        slots, path = [np.zeros(2) for _ in range(rule.n_slots)], [theta]
        for t in range(1, 31):
            theta, slots = rule.step(theta, curvature * theta, slots, alpha, t)
            path.append(theta)
        axes.contour(x, y, J, levels=[0.1, 0.5, 1.5, 3, 5, 8, 12], colors=[PALE], linewidths=0.9)
        color = (BLUE, RED, GREEN, OKABE_ITO[4])[k]
        axes.plot(*np.transpose(path), color=color, linewidth=1.6, marker="o", markersize=3.5)
        axes.plot(*path[0], marker="s", color=INK, markersize=7)
        axes.plot(0, 0, marker="+", color=INK, markersize=12, markeredgewidth=2)
        J_end = float(np.sum(curvature * theta**2) / 2)
        axes.set_title(f"{title}\n" + rf"$\alpha = {alpha}$, after 30 steps $J = {J_end:.1g}$".replace("e-0", "e-"))
        axes.set(xlabel=r"$\theta_1$", ylabel=r"$\theta_2$", xlim=(-3.4, 1.6), ylim=(-1.4, 1.4))
        axes.spines[["top", "right"]].set_visible(False)
    return figure


PICTURES: dict[str, Callable[[], Figure]] = {
    "mathematics-notation": notation,
    "mathematics-unit": unit,
    "mathematics-flow": flow,
    "mathematics-activations": activations,
    "mathematics-costs": costs,
    "mathematics-descent": descent,
}


def save(name: str, folder: Path) -> Path:
    """Draw one picture into a folder."""
    path = folder / f"{name}.svg"
    with mpl.rc_context(SETTINGS):
        PICTURES[name]().savefig(path, facecolor="white", metadata={"Date": None, "Creator": None})
    return path


if __name__ == "__main__":
    for each in PICTURES:
        save(each, HERE)
