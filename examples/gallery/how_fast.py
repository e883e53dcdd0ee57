"""
How fast
========

This page shows how long training takes beside scikit-learn and PyTorch. It reads the files of ``benchmarks/results/``,
which the benchmarks of the repository write (run the program in a checkout), and draws the times of the other
libraries as multiples of those of this one. A small comparison at the end runs on the machine that builds this page.

What is measured, and how, is described in :doc:`/explanation/performance`.
"""

# %%
# The files
# ---------
# Each file holds the tables of one run of a benchmark, with its command, the machine, the date and the versions.

import json
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent if "__file__" in globals() else Path.cwd()
FOLDER = HERE.parents[1] / "benchmarks" / "results"


def read_results(folder):
    """Read all files of a folder, by name."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise FileNotFoundError(
            f"{folder} has no results. Write some from the root of the repository, by "
            "python benchmarks/engine.py --quick --json benchmarks/results/engine.json"
        )
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def machine_of(document):
    """Describe a machine in words; what was not recorded is left out."""
    machine = document["machine"]
    words = [machine.get("processor"), f"{machine['cores']} cores" if machine.get("cores") else None]
    if machine.get("avx512") is not None:
        words.append("with AVX-512" if machine["avx512"] else "without AVX-512")
    return ", ".join(filter(None, words)) or "not recorded"


documents = read_results(FOLDER)
print("files:", ", ".join(documents))

# %%
# Ratios
# ------
# A column of ratios has the unit ``x``, and names the other library, or the table has one other library. A ratio of 5
# means that the other library takes five times as long. All ratios are kept, including those below 1.

LIBRARIES = ("scikit-learn", "PyTorch")


def library_of(column, unit, columns):
    """Return the library that a column of ratios is about, or None."""
    named = [library for library in LIBRARIES if library in column]
    if not named and column == "times faster":
        named = [library for library in LIBRARIES if library in columns]
    return named[0] if unit == "x" and len(named) == 1 else None


def ratios_of(document):
    """Return a dictionary of ratios by library for each work; None is a ratio that was not measured."""
    found = {}
    for table in document["tables"]:
        for j, (column, unit) in enumerate(zip(table["columns"], table["units"], strict=True)):
            library = library_of(column, unit, table["columns"])
            if library:
                for row in table["rows"]:
                    found.setdefault(row[0], {})[library] = row[j]
    return found


ratios = {name: found for name, document in documents.items() if (found := ratios_of(document))}
for name, found in ratios.items():
    document = documents[name]
    print(f"{name}, {len(found)} kinds of work")
    print(textwrap.fill(document["command"], 76, initial_indent="  command: ", subsequent_indent="  "))
    print(f"  machine: {machine_of(document)}")
    versions = ", ".join(f"{library} {version}" for library, version in document["versions"].items())
    print(f"  {document['date']}; {versions}")
    if document.get("note"):
        print(textwrap.fill(document["note"], 76, initial_indent="  note: ", subsequent_indent="  "))

# %%
# All ratios of a file at a glance; each mark is one kind of work.

import matplotlib.pyplot as plt

MARKS = {"scikit-learn": ("o", "#E69F00", -0.13), "PyTorch": ("^", "#0072B2", 0.13)}
fig, ax = plt.subplots(figsize=(7.2, 1.6 + 0.6 * len(ratios)), layout="constrained")
for library, (marker, color, shift) in MARKS.items():
    rows = [(i + shift, row.get(library)) for i, found in enumerate(ratios.values()) for row in found.values()]
    measured = [(ratio, place) for place, ratio in rows if ratio is not None]
    look = {"edgecolor": "#222222", "linewidth": 0.5, "s": 60, "color": color, "label": library}
    ax.scatter([ratio for ratio, _ in measured], [place for _, place in measured], marker=marker, **look)
ax.axvline(1, color="#222222", linewidth=1)
ax.set_xscale("log")
ax.xaxis.set_major_formatter("{x:g}")
ax.set_yticks(range(len(ratios)), list(ratios))
ax.set_ylim(len(ratios) - 0.5, -0.5)
ax.set_xlabel("time of the other library / time of multilayer, logarithmic")
ax.set_title("Times of other libraries beside multilayer")
_ = ax.legend(loc="lower left", bbox_to_anchor=(0, 1.06), ncols=2, borderaxespad=0)

# %%
# One panel for each file. Bars to the right of the line at 1 are work on which the other library takes longer. A work
# without a bar of a library was not measured with it.

STYLES = {"scikit-learn": ("#E69F00", ""), "PyTorch": ("#0072B2", "//")}


def draw(ax, name, found):
    """Draw the ratios of a file as bars on a logarithmic axis."""
    libraries = [library for library in LIBRARIES if any(library in row for row in found.values())]
    for k, library in enumerate(libraries):
        color, hatch = STYLES[library]
        measured = [(i, row[library]) for i, row in enumerate(found.values()) if row.get(library) is not None]
        places = [i + 0.4 * (k - (len(libraries) - 1) / 2) for i, _ in measured]
        widths = [ratio - 1 for _, ratio in measured]
        bars = ax.barh(places, widths, 0.4, left=1, color=color, hatch=hatch, edgecolor="#222222", label=library)
        ax.bar_label(bars, [f"{ratio:.3g}" for _, ratio in measured], padding=3, fontsize=8)
    ax.axvline(1, color="#222222", linewidth=1)
    ax.set_yticks(range(len(found)), list(found), fontsize=8)
    ax.set_ylim(len(found) - 0.4, -0.6)
    ax.set_title(name, loc="left")


heights = [len(found) for found in ratios.values()]
height = 0.36 * sum(heights) + 0.7 * len(heights) + 0.8
fig, axes = plt.subplots(
    len(ratios), 1, figsize=(8, height), height_ratios=heights, sharex=True, squeeze=False, layout="constrained"
)
for ax, (name, found) in zip(axes.flat, ratios.items(), strict=True):
    draw(ax, name, found)
shown = [ratio for found in ratios.values() for row in found.values() for ratio in row.values() if ratio is not None]
last = axes[-1, 0]
last.set_xscale("log")
last.set_xlim(0.8 * min(1, *shown), 1.6 * max(shown))
last.xaxis.set_major_formatter("{x:g}")
last.set_xlabel("time of the other library / time of multilayer, logarithmic")
fig.suptitle("Times of other libraries as multiples of those of multilayer")
handles = [plt.Rectangle((0, 0), 1, 1, fc=color, hatch=hatch, ec="#222222") for color, hatch in STYLES.values()]
_ = fig.legend(handles, list(STYLES), loc="outside lower right", ncols=2, frameon=False)

# %%
# Reproduce
# ---------
# These commands, run from the root of the repository, measure the same on your machine, and replace the files. PyTorch
# has to be installed for its column. Figures of two runs differ, on a machine that does other work by up to a half.

for name in ratios:
    print(f"{documents[name]['command']} --json benchmarks/results/{name}.json")

# %%
# Live, on the machine that built this page
# -----------------------------------------
# Both libraries train the same network on the digits for 20 epochs, three times in turn, and the shortest time counts.
# Both have one thread, because the machine builds other pages at the same time: these figures are only an example.

import time
import warnings

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as TheirClassifier
from threadpoolctl import threadpool_limits

from multilayer import MLPClassifier

X, y = load_digits(return_X_y=True)
X = X / 16
times = {MLPClassifier: [], TheirClassifier: []}
costs = {}
MLPClassifier(max_iter=1, n_iter_no_change=None).fit(X, y)  # loads compiled code, which is not part of the training
for _ in range(3):
    for kind in times:
        model = kind((100,), max_iter=20, n_iter_no_change=20, random_state=0)
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore", ConvergenceWarning)  # 20 epochs are intended
            start = time.perf_counter()
            model.fit(X, y)
            times[kind].append(time.perf_counter() - start)
        costs[kind] = model.loss_
ours, theirs = min(times[MLPClassifier]), min(times[TheirClassifier])
print(f"live, on one core: multilayer {1000 * ours:.0f} ms, scikit-learn {1000 * theirs:.0f} ms,")
print(f"which is {theirs / ours:.1f} times as long")
print(f"last costs: {costs[MLPClassifier]:.12f} and {costs[TheirClassifier]:.12f}")

# %%
# What to take away
# -----------------
# The range of each file, computed from its figures: small networks gain most, because there the other libraries spend
# most of their time around the arithmetic. With large ones, all libraries spend it in the same matrix products.

for name, found in ratios.items():
    for library in LIBRARIES:
        values = [row[library] for row in found.values() if row.get(library) is not None]
        if values:
            print(f"{name:16} {library:12} takes {min(values):.3g} to {max(values):.3g} times as long")
