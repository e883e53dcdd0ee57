"""
Callbacks
=========

A callback receives the events of a training: its start, each epoch and its end. This program uses the built-in ones to
log a training to files, and two custom ones: one computes the average precision on other rows after each epoch, and one
stops the training when the precision is good enough.

All are described in :doc:`/how-to/callbacks`.
"""

# %%
# Machines that fail
# ------------------
# The table has one row for each machine and day: its temperature, load, vibration and age, and whether it failed on the
# next day. About one row in eight is a failure.

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

random = np.random.RandomState(0)
n = 1500
machines = pd.DataFrame(
    {
        "temperature": random.normal(62, 9, n).round(1),
        "load": random.beta(5, 2, n).round(2),
        "vibration": random.gamma(3, 0.6, n).round(2),
        "age": random.randint(0, 15, n),
    }
)
risk = 0.12 * (machines["temperature"] - 62) + 6 * (machines["load"] - 0.7) * (machines["vibration"] - 1.5)
failed = (risk + 0.08 * machines["age"] + random.logistic(0, 0.6, n) > 2.4).astype(int)
X, X_test, y, y_test = train_test_split(machines, failed, test_size=0.3, random_state=0, stratify=failed)
scaler = StandardScaler().set_output(transform="pandas").fit(X)
X, X_test = scaler.transform(X), scaler.transform(X_test)
print(f"{len(X)} rows to train on, {len(X_test)} to watch; share of failures {y.mean():.3f}")

# %%
# Logs
# ----
# ``CSVLog`` appends a line to a file after each epoch, and ``JSONLinesLog`` writes every event as one object of JSON.
# After a crash, all completed epochs are in the files. ``ProgressBar`` shows a bar in a terminal, and nothing in a page
# such as this one.

import json
import tempfile
from pathlib import Path

from multilayer import MLPClassifier
from multilayer.callbacks import CSVLog, JSONLinesLog, ProgressBar

folder = Path(tempfile.mkdtemp())
options = {"max_iter": 120, "n_iter_no_change": None, "learning_rate_init": 0.005, "random_state": 0}
logs = [ProgressBar(), CSVLog(folder / "log.csv"), JSONLinesLog(folder / "log.jsonl")]
model = MLPClassifier((24,), callbacks=logs, **options).fit(X, y)

log = pd.read_csv(folder / "log.csv")
print(log[["epoch", "cost", "step_size"]].iloc[[0, 1, 9, 59, 119]].to_string(index=False))
events = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
print("events in log.jsonl:", len(events), "- the last one:", events[-1]["event"], "by", events[-1]["reason"])

# %%
# A custom callback that reads the network
# ----------------------------------------
# ``on_fit_begin`` receives a function that returns a fitted copy of the network at the end of an epoch. This callback
# computes the average precision on the other rows. It is the share of failures among the rows that the network ranks
# highest, averaged over all lengths of the list: 1 for a perfect ranking, and the share of failures for a random one.

from sklearn.metrics import average_precision_score

from multilayer.callbacks import Callback


class Precision(Callback):
    """The average precision on rows that the network does not train on, after each epoch."""

    def __init__(self, X, y):
        self.X, self.y = X, y

    def on_fit_begin(self, snapshot):
        self.snapshot, self.epochs, self.values = snapshot, [], []

    def on_epoch_end(self, event):
        probabilities = self.snapshot().predict_proba(self.X)[:, 1]
        self.epochs.append(event.epoch)
        self.values.append(average_precision_score(self.y, probabilities))


watched = Precision(X_test, y_test)
model = MLPClassifier((24,), callbacks=[watched], **options).fit(X, y)
print(f"average precision after 1, 10 and {model.n_iter_} epochs:", *(f"{watched.values[k]:.3f}" for k in (0, 9, -1)))

# %%
# A custom callback that stops the run
# ------------------------------------
# A run ends when ``on_epoch_end`` returns True. The network keeps the weights of that epoch, and every callback
# receives the reason in ``on_run_end``.


class StopAtPrecision(Precision):
    """Stops when the average precision has been at least `wanted` in three epochs in a row."""

    def __init__(self, X, y, wanted):
        super().__init__(X, y)
        self.wanted = wanted

    def on_epoch_end(self, event):
        super().on_epoch_end(event)
        return min(self.values[-3:]) >= self.wanted and len(self.values) >= 3

    def on_run_end(self, event):
        print(f"ended after {event.epochs} epochs by {event.reason}: average precision {self.values[-1]:.3f}")


stopping = StopAtPrecision(X_test, y_test, wanted=0.5)
stopped = MLPClassifier((24,), callbacks=[stopping], **options).fit(X, y)

# %%
# A callback changes nothing in the arithmetic: up to its last epoch, the stopped run has the costs of the whole one.

print("the same costs:", stopped.loss_curve_ == model.loss_curve_[: stopped.n_iter_])

# %%
# The upper panel is the cost from ``log.csv``, the lower one the average precision from the callback.

import matplotlib.pyplot as plt

fig, (above, below) = plt.subplots(2, 1, figsize=(7.2, 5.2), sharex=True, layout="constrained")
above.plot(log["epoch"], log["cost"], color="#0072B2")
above.set(ylabel="cost J", title="Cost and average precision by epoch")
below.plot(watched.epochs, watched.values, color="#0072B2", label="on other rows")
below.axhline(stopping.wanted, color="#595959", linestyle=":", label="wanted")
below.plot([stopped.n_iter_], [stopping.values[-1]], "^", color="#D55E00", markersize=10, label="stopped here")
below.set(xlabel="epoch", ylabel="average precision")
_ = below.legend(frameon=False, loc="lower right")

# %%
# What to take away
# -----------------
# The log holds a line for each of the 120 epochs, and a callback of ten lines ended the run after 49 of them, at an
# average precision of 0.506. A callback that decides on an epoch should look at rows that are kept apart from the final
# test; ``early_stopping`` and ``X_val`` do the usual case without a callback (:doc:`/how-to/options`).
