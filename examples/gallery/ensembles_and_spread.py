"""
Ensembles and their spread
==========================

The output of a wind turbine depends on the speed and the direction of the wind. Networks that differ only in their
starting weights disagree, above all where there are few rows. The mean of several networks has a smaller error than
one of them, and their spread marks the predictions that are not supported by data.
"""

# %%
# Turbine
# -------
#
# The power rises with the speed, is constant above 12 m/s, and is lower if the wind comes from the direction of a
# hill.

import numpy as np
import pandas as pd

rng = np.random.default_rng(8)


def power(table):
    lee = 1 - 0.35 * np.exp(-(((table["direction"] - 200) / 60) ** 2))
    return 2000 / (1 + np.exp(-0.9 * (lee * table["speed"] - 8))) * table["air_density"] / 1.22


def measurements(n):
    speed, direction, density = 11 * rng.weibull(2.0, n), rng.uniform(0, 360, n), rng.normal(1.22, 0.04, n)
    table = pd.DataFrame({"speed": speed, "direction": direction, "air_density": density})
    return table, (power(table) + 40 * rng.normal(size=n)).clip(lower=0).to_numpy()


X, y = measurements(400)
X_train, y_train = X[X["speed"] < 14], y[X["speed"] < 14]
X_test, y_test = measurements(2000)
known = (X_test["speed"] < 14).to_numpy()
print(f"{len(X_train)} training rows up to {X_train['speed'].max():.1f} m/s")
print(f"{(~known).mean():.0%} of the test rows are above")

# %%
# Members by seed
# ---------------
#
# ``EnsembleRegressor`` trains its members at the same time, on all cores. A member may be a pipeline.

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import EnsembleRegressor, MLPRegressor

network = make_pipeline(
    StandardScaler(),
    MLPRegressor(
        (32,),
        batch_size=16,
        learning_rate_init=0.01,
        learning_rate="cosine",
        max_iter=200,
        n_iter_no_change=None,
        standardize_targets=True,
    ),
)
ensemble = EnsembleRegressor(network, n_members=12, random_state=0).fit(X_train, y_train)

# %%
# How many members
# ----------------
#
# The error of the mean of k members, for the known range of the wind. The first members bring most.

single = np.array([member.predict(X_test[known]) for member in ensemble.estimators_])


def rmse(prediction):
    return np.sqrt(np.mean((y_test[known] - prediction) ** 2))


print(f"one member: RMSE {np.mean([rmse(each) for each in single]):.1f} kW on average, ", end="")
print(f"from {min(map(rmse, single)):.1f} to {max(map(rmse, single)):.1f}")
for k in (2, 4, 8, 12):
    print(f"mean of {k:2}: RMSE {rmse(single[:k].mean(axis=0)):.1f} kW")

# %%
# Spread
# ------
#
# ``return_std=True`` returns the standard deviation over the members. It is largest above 14 m/s, where no row of the
# training was. It is the uncertainty of the networks alone, without the noise of the measurements, and so not an
# interval.

predicted, deviation = ensemble.predict(X_test, return_std=True)
error = np.abs(y_test - predicted)
groups = pd.qcut(deviation, 4, labels=["smallest", "second", "third", "largest"])
rows = {"spread": pd.Series(deviation).groupby(groups, observed=True).mean()}
rows["mean absolute error"] = pd.Series(error).groupby(groups, observed=True).mean()
rows["share above 14 m/s"] = pd.Series(~known).groupby(groups, observed=True).mean()
print(pd.DataFrame(rows).rename_axis("quarter of the spread").round(2).to_string())

# %%
# Out of fold
# -----------
#
# With ``diversity="bootstrap"`` or "fold", each training row has predictions by members that were not trained on it.
# Their score needs no test rows, and ``predict_interval`` uses their errors.

folded = EnsembleRegressor(network, n_members=8, diversity="fold", random_state=0).fit(X_train, y_train)
print(f"out-of-fold R² {folded.oof_score_:.4f}, test R² {folded.score(X_test[known], y_test[known]):.4f}")
lower, upper = folded.predict_interval(X_test[known], coverage=0.9)
print(f"90 % intervals: coverage {np.mean((lower <= y_test[known]) & (y_test[known] <= upper)):.3f}")

# %%
# The picture shows the members for wind from 200 degrees, with the power that the generator of the data uses. Beyond
# the training rows all members continue upwards, so that the actual power is outside two deviations: a large spread
# is a warning and no bound of the error.

import matplotlib.pyplot as plt

speeds = np.linspace(0, 25, 126)
line = pd.DataFrame({"speed": speeds, "direction": 200.0, "air_density": 1.22})
mean, deviation = ensemble.predict(line, return_std=True)
fig, ax = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
for k, member in enumerate(ensemble.estimators_):
    ax.plot(speeds, member.predict(line), color="grey", linewidth=0.7, label="members" if k == 0 else None)
ax.fill_between(
    speeds, mean - 2 * deviation, mean + 2 * deviation, color="#56B4E9", alpha=0.5, label="± two deviations"
)
ax.plot(speeds, mean, color="#0072B2", linewidth=2, label="mean")
ax.plot(speeds, power(line), color="#009E73", linestyle=":", linewidth=2, label="actual power")
near = (np.abs(X_train["direction"] - 200) < 20).to_numpy()
ax.plot(X_train["speed"][near], y_train[near], ".", color="black", label="training rows near 200 degrees")
ax.axvline(14, color="#D55E00", linestyle="--", label="end of the training rows")
ax.set(xlabel="wind speed in m/s", ylabel="power in kW", title="Twelve networks and their spread")
_ = ax.legend(fontsize="small")

# %%
# What to take away
# -----------------
#
# The mean of four networks has an error of 61 kW in place of 76, and more members bring nothing here. The quarter of
# the rows with the largest spread has ten times the error of the others, and two thirds of it are winds above those
# of the training rows. :doc:`/how-to/ensembles` describes diversity, spread and intervals.
