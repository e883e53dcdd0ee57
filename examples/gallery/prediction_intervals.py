"""
Prediction intervals
====================

The time of a delivery is uncertain, and more so over long distances and in rush hours. A table model gives an
interval for each delivery that contains the actual time with a chosen probability, and the widths follow the noise.
An ensemble gives intervals of nearly constant width, with the same coverage on average.
"""

# %%
# Deliveries
# ----------

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(3)
n = 2400
deliveries = pd.DataFrame(
    {
        "distance_km": rng.gamma(2.5, 3.0, n).round(1),
        "hour": rng.integers(8, 21, n),
        "vehicle": rng.choice(["bicycle", "scooter", "car"], n, p=[0.3, 0.4, 0.3]),
        "parcels": rng.poisson(1.5, n) + 1,
        "floor": np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 6, n)),
    }
)
speed = deliveries["vehicle"].map({"bicycle": 16, "scooter": 26, "car": 30})
rush = deliveries["hour"].isin([8, 9, 16, 17, 18]) & (deliveries["vehicle"] == "car")
mean = 6 + 60 * deliveries["distance_km"] / speed * (1 + 0.8 * rush) + 1.5 * deliveries["parcels"]
minutes = (mean + (1.5 + 0.12 * mean * (1 + rush)) * rng.normal(size=n)).clip(lower=2).round(1)
X_train, X_test, y_train, y_test = train_test_split(deliveries, minutes, test_size=0.4, random_state=0)
print(X_train.assign(minutes=y_train).head().to_string(index=False))

# %%
# Intervals of a table model
# --------------------------
#
# The intervals come from out-of-fold errors, divided by a model of their size. Any coverage can be asked of the
# fitted model.

from multilayer import TableRegressor

model = TableRegressor("quick", random_state=0).fit(X_train, y_train)
print(f"R² on the test rows: {model.score(X_test, y_test):.3f}")
for coverage in (0.5, 0.8, 0.9, 0.95):
    lower, upper = model.predict_interval(X_test, coverage=coverage)
    inside = ((lower <= y_test) & (y_test <= upper)).mean()
    print(f"asked {coverage:.2f}  measured {inside:.3f}  mean width {np.mean(upper - lower):5.1f} minutes")

# %%
# Intervals of an ensemble
# ------------------------
#
# ``EnsembleRegressor`` needs numbers, so that a ``TableEncoder`` stands before it. With ``diversity="fold"``, each
# row is predicted by the member that was not trained on it (CV+).


from multilayer import EnsembleRegressor, MLPRegressor
from multilayer.tables import TableEncoder

network = MLPRegressor(
    (32,), learning_rate_init=0.01, learning_rate="cosine", max_iter=80, n_iter_no_change=None, standardize_targets=True
)
encoder = TableEncoder().fit(X_train)
ensemble = EnsembleRegressor(network, n_members=5, diversity="fold", random_state=0)
ensemble.fit(encoder.transform(X_train), y_train)

intervals = {
    "table model": model.predict_interval(X_test, coverage=0.9),
    "ensemble": ensemble.predict_interval(encoder.transform(X_test), coverage=0.9),
}

# %%
# Coverage by distance
# --------------------
#
# Both have a coverage near 0.9 over all rows. In the quarters of the distance, the intervals of the ensemble are too
# wide for short ways and too narrow for long ones.

quarter = pd.qcut(X_test["distance_km"], 4)
rows = {}
for name, (lower, upper) in intervals.items():
    inside = pd.Series((lower <= y_test) & (y_test <= upper), index=X_test.index)
    rows[f"{name}: coverage"] = inside.groupby(quarter, observed=True).mean().round(3)
    rows[f"{name}: width"] = pd.Series(upper - lower, X_test.index).groupby(quarter, observed=True).mean().round(1)
print(pd.DataFrame(rows).to_string())

# %%
# The picture shows 60 deliveries. Bars that the actual time misses are vermilion.

import matplotlib.pyplot as plt

shown = np.random.default_rng(0).choice(len(y_test), 60, replace=False)
shown = shown[np.argsort(X_test["distance_km"].to_numpy()[shown])]
actual = y_test.to_numpy()[shown]
fig, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True, layout="constrained")
for ax, (name, (lower, upper)) in zip(axes, intervals.items(), strict=True):
    low, high = np.asarray(lower)[shown], np.asarray(upper)[shown]
    missed = (actual < low) | (actual > high)
    place = np.arange(len(shown))
    ax.vlines(place[~missed], low[~missed], high[~missed], color="#56B4E9", linewidth=3, label="90 % interval")
    ax.vlines(place[missed], low[missed], high[missed], color="#D55E00", linewidth=3, label="the same, missed")
    ax.plot(place, actual, ".", color="black", label="actual time")
    ax.set(title=f"Intervals of the {name}", xlabel="60 test rows, from the shortest way to the longest")
axes[0].legend(loc="upper left")
_ = axes[0].set_ylabel("minutes")

# %%
# Deliveries unlike all others
# ----------------------------
#
# Intervals hold for new rows that are like those of the fit. ``novelty`` is 1 or more for rows that are not.

unusual = X_test.iloc[:2].assign(distance_km=[5.0, 90.0])
print(model.novelty(unusual).round(2))

# %%
# What to take away
# -----------------
#
# Both kinds of intervals contain about 90 % of the test rows. Those of the table model also do so in each quarter of
# the distance (0.89 to 0.91), because their width grows from 15 to 36 minutes; with a nearly constant width of 22
# minutes, the coverage falls from 0.99 to 0.75. :doc:`/how-to/tables` describes the intervals of table models, and
# :doc:`/how-to/ensembles` those of ensembles with their guarantees.
