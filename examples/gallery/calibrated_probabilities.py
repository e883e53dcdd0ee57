"""
Calibrated probabilities
========================

A clinic wants the probability that a patient misses an appointment. A network that is trained for too long has a good
order of patients but probabilities too close to 0 and 1. The program shows this in a reliability diagram, and
compares three remedies: to stop early, to average an ensemble, and to use a table model, which checks its
calibration.
"""

# %%
# Appointments
# ------------
#
# The rows come from a generator, so that the true probability of each row is known.

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(2)
n = 4000
appointments = pd.DataFrame(
    {
        "days_ahead": rng.gamma(1.5, 10.0, n).round(),
        "age": rng.integers(18, 90, n),
        "missed_before": rng.poisson(0.6, n),
        "distance_km": rng.gamma(2.0, 6.0, n).round(1),
        "hour": rng.integers(8, 18, n),
        "reminder": rng.integers(0, 2, n),
    }
)
log_odds = (
    -1.4
    + 0.9 * np.log1p(appointments["days_ahead"] / 10)
    + 0.7 * np.minimum(appointments["missed_before"], 3)
    - 0.02 * (appointments["age"] - 50)
    + 0.02 * appointments["distance_km"]
    - 0.8 * appointments["reminder"]
)
truth = (1 / (1 + np.exp(-log_odds))).to_numpy()
missed = (rng.random(n) < truth).astype(int)
X_train, X_test, y_train, y_test, _, truth_test = train_test_split(
    appointments, missed, truth, test_size=0.5, random_state=0
)
print(f"{len(y_train)} training rows, {len(y_test)} test rows, {y_test.mean():.0%} missed")

# %%
# Four models
# -----------
#
# The first network is trained for 300 epochs without regularisation. The second is the same network, with early
# stopping by the log-loss of held-out rows. The third averages eight networks of the first kind, each trained on a
# bootstrap sample.

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import EnsembleClassifier, MLPClassifier, TableClassifier

options = {"alpha": 0.0, "learning_rate_init": 0.01, "max_iter": 300, "random_state": 0}
long = MLPClassifier((64,), n_iter_no_change=None, **options)
stopped = MLPClassifier((64,), early_stopping=True, early_stopping_metric="loss", tol=0.0, **options)
models = {
    "300 epochs": make_pipeline(StandardScaler(), long),
    "early stopping": make_pipeline(StandardScaler(), stopped),
    "ensemble of 8": make_pipeline(
        StandardScaler(), EnsembleClassifier(long, n_members=8, diversity="bootstrap", random_state=0)
    ),
    "table model": TableClassifier("quick", random_state=0),
}
probabilities = {name: model.fit(X_train, y_train).predict_proba(X_test)[:, 1] for name, model in models.items()}
probabilities["the truth"] = truth_test

# %%
# Scores
# ------
#
# The area under the ROC curve depends on the order alone. The log-loss is lowest, on average, for the true
# probabilities. The expected calibration error compares predicted and observed shares in 15 bins; it is above 0 even
# for the truth, because the rows are few. The last column is the mean distance to the true probability, which is
# unknown in practice.

from sklearn.metrics import log_loss, roc_auc_score

from multilayer.tables.models import expected_calibration_error

rows = {
    name: {
        "ROC AUC": roc_auc_score(y_test, p),
        "log-loss": log_loss(y_test, p),
        "calibration error": expected_calibration_error(y_test, p),
        "distance to the truth": np.abs(p - truth_test).mean(),
    }
    for name, p in probabilities.items()
}
print(pd.DataFrame(rows).T.round(3).to_string())

# %%
# Reliability diagram
# -------------------
#
# The rows are divided into ten bins by their probability. On the diagonal, as many patients miss the appointment as
# predicted. The lower panel has the number of rows: a bin of few rows is uncertain.

import matplotlib.pyplot as plt

edges = np.linspace(0, 1, 11)
styles = {"300 epochs": ("#D55E00", "o"), "early stopping": ("#0072B2", "s"), "table model": ("#009E73", "^")}
fig, (top, bottom) = plt.subplots(2, 1, figsize=(6.5, 6.5), height_ratios=[3, 1], sharex=True, layout="constrained")
top.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
for k, (name, (color, marker)) in enumerate(styles.items()):
    p = probabilities[name]
    bins = np.clip(np.digitize(p, edges) - 1, 0, 9)
    counts = np.bincount(bins, minlength=10)
    used = counts >= 10
    predicted = np.bincount(bins, p, 10)[used] / counts[used]
    observed = np.bincount(bins, y_test, 10)[used] / counts[used]
    top.plot(predicted, observed, color=color, marker=marker, label=name)
    bottom.bar(edges[:-1] + 0.017 + 0.028 * k, counts, width=0.026, color=color, align="edge")
top.set(ylabel="observed share", title="Reliability of three models")
top.legend()
_ = bottom.set(xlabel="predicted probability of a missed appointment", ylabel="rows")

# %%
# Temperature
# -----------
#
# A table model fits one number, the temperature, on rows that the network was not trained on, and uses it if it
# improves the log-loss clearly. A temperature of 1 leaves the probabilities as they are.

print(f"temperature {models['table model'].temperature_:.2f}")
print(models["table model"].summary())

# %%
# Sets of classes
# ---------------
#
# ``predict_set`` returns the classes that are needed for a coverage of 90 %. If both are in the set, the data do not
# decide.

sets = models["table model"].predict_set(X_test, coverage=0.9)
both = sets.all(axis=1)
print(f"coverage {sets[np.arange(len(y_test)), y_test].mean():.3f}; both classes for {both.mean():.0%} of the patients")

# %%
# What to take away
# -----------------
#
# Too many epochs cost more calibration than order: the calibration error grows from 0.04 to 0.09, and the log-loss
# from 0.60 to 0.67, where 0.59 is the least that any model can reach. Early stopping by the log-loss and the table
# model both give usable probabilities; the ensemble of overfitted networks repairs a third of the damage.
# :doc:`/how-to/tables` has the equations, :doc:`/how-to/options` the options of validation.
