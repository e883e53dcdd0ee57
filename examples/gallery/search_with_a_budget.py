"""
A search with a budget
======================

A sawmill sorts boards by their sound: seven resonances and their damping say which of four grades a board has. A
search tries units, step sizes and regularisation in 30 candidates on the same folds, and successive halving trains
only the promising ones to the end. The result names the best candidate, the simplest one that is as good, and a
linear model.
"""

# %%
# Boards
# ------
#
# The measurements are made by a generator, and are in units of about their deviations. Half of the rows are kept for
# the test. The best score of a search is slightly too good, because it was selected.

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.model_selection import StratifiedKFold, train_test_split

columns = [f"resonance_{k}" for k in range(1, 8)] + [f"damping_{k}" for k in range(1, 8)]
kinds = {"n_informative": 7, "n_redundant": 3, "n_classes": 4, "class_sep": 1.2, "flip_y": 0.03}
X, y = make_classification(1600, len(columns), **kinds, random_state=1)
boards, grade = pd.DataFrame(X, columns=columns), np.array(["A", "B", "C", "D"])[y]
X_train, X_test, y_train, y_test = train_test_split(boards, grade, test_size=0.5, stratify=grade, random_state=0)
print(X_train.iloc[:3, :4].round(2).assign(grade=y_train[:3]).to_string(index=False))

# %%
# The space
# ---------
#
# Lists are drawn evenly, and distributions of SciPy as they say. A name without "__" is a parameter of the network.

import textwrap

from scipy.stats import loguniform
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier
from multilayer.selection import search

network = make_pipeline(StandardScaler(), MLPClassifier(max_iter=81, n_iter_no_change=None, random_state=0))
space = {
    "hidden_layer_sizes": [(8,), (16,), (32,), (64,), (32, 32)],
    "learning_rate_init": loguniform(3e-4, 3e-2),
    "alpha": loguniform(1e-3, 30),
    "activation": ["relu", "tanh"],
}
folds = StratifiedKFold(4, shuffle=True, random_state=0)

# %%
# The budget
# ----------
#
# The budget is the number of candidates. ``max_time=60`` would be a budget in seconds. With successive halving, all
# candidates are trained for a few epochs, and the best third of them is trained three times as long, twice.

found = search(network, space, X_train, y_train, cv=folds, n_trials=30, random_state=0)
frame = found.to_frame()
print(textwrap.fill(found.conclusion, 90))

# %%
# The trials
# ----------
#
# The five best and the number of trials that ended at each number of epochs.

shown = ["trial", *space, "score", "standard_error", "epochs", "n_weights"]
print(frame[shown].head(5).round(4).to_string(index=False))
print(frame.groupby("epochs").size().rename("trials").to_string())
complete = len(found.trials) * 81 * folds.get_n_splits()
print(f"{found.n_epochs} epochs in place of {complete}: {found.n_epochs / complete:.0%}")

# %%
# Each line is a trial, from rung to rung.

from multilayer.plots import plot_search

_ = plot_search(found)

# %%
# Against one parameter, the trials show which values are worth a closer look.

_ = plot_search(found, parameter="learning_rate_init")

# %%
# The test
# --------

for name, trial in [("best", found.best), ("simplest", found.simplest)]:
    network.set_params(**{f"mlpclassifier__{key}": value for key, value in trial.params.items()})
    score = network.fit(X_train, y_train).score(X_test, y_test)
    print(f"{name:9} {trial.mean:.3f} in the search, {score:.3f} on the test rows, {trial.n_weights} weights")

# %%
# More budget later
# -----------------
#
# With a journal, each score is stored at once, and the same call continues after any end. Here twelve trials are
# followed by thirty: the scores of the twelve are read from the journal. ``min_epochs`` fixes the lengths of the
# rungs, which otherwise depend on the number of trials.

import tempfile
from pathlib import Path

options = {"cv": folds, "min_epochs": 9, "random_state": 0, "journal": Path(tempfile.mkdtemp()) / "boards.jsonl"}
first = search(network, space, X_train, y_train, n_trials=12, **options)
second = search(network, space, X_train, y_train, n_trials=30, **options)
print(f"after 12 trials {first.best.mean:.3f}, after 30 {second.best.mean:.3f}")

# %%
# What to take away
# -----------------
#
# The search used 28 % of the epochs that thirty complete trainings take, and found an accuracy of 0.76 where the
# linear model has 0.58; the test rows confirm it with 0.75. Only four of the thirty candidates were trained to the
# end. :doc:`/how-to/search` describes samplers, rungs and journals.
