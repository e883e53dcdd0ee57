"""
Counts
======

An emergency line counts its calls in each hour. Counts are never negative, and their variance grows with their mean;
the Poisson deviance is the matching cost. The program compares it with the squared error and with Poisson regression,
and checks the predicted probabilities of busy hours.
"""

# %%
# Calls
# -----
#
# The rate has two peaks a day on working days and one late on weekend nights, and rises in the heat.

import numpy as np
import pandas as pd

rng = np.random.default_rng(5)
hours = pd.date_range("2025-04-01", periods=24 * 150, freq="h")
calls = pd.DataFrame(
    {
        "hour": hours.hour,
        "weekend": hours.day_of_week >= 5,
        "day": np.arange(len(hours)) // 24,
        "temperature": 14
        + 8 * np.sin(2 * np.pi * (hours.day_of_year - 105) / 365)
        + 5 * np.cos(2 * np.pi * (hours.hour - 15) / 24)
        + 3 * rng.normal(size=len(hours)),
    }
)
working = np.exp(-((calls["hour"] - 9) ** 2) / 8) + 1.3 * np.exp(-((calls["hour"] - 18) ** 2) / 10)
night = 1.8 * np.exp(-((calls["hour"] - 1) ** 2) / 8)
rate = np.exp(0.2 + np.where(calls["weekend"], night, working) + 0.05 * np.maximum(calls["temperature"] - 22, 0))
number = rng.poisson(rate)
print(calls.assign(calls=number).head(3).to_string(index=False))
print(f"mean {number.mean():.2f}, largest {number.max()}, hours without a call {np.mean(number == 0):.0%}")

# %%
# The last 50 days are the test rows.

train = (calls["day"] < 100).to_numpy()
columns = ["hour", "weekend", "temperature"]
X_train, X_test, y_train, y_test = calls.loc[train, columns], calls.loc[~train, columns], number[train], number[~train]

# %%
# Two costs
# ---------
#
# Both networks have the same size, seed and number of epochs. The output of the Poisson network is an exponential, so
# that its predictions are positive. The hour enters through trained waves (``embedding``), because its effect bends
# often.

from sklearn.linear_model import PoissonRegressor
from sklearn.pipeline import make_pipeline

from multilayer import MLPRegressor
from multilayer.tables import TableEncoder


def network(**options):
    last = MLPRegressor(
        (32,),
        embedding="periodic",
        learning_rate_init=0.005,
        learning_rate="cosine",
        max_iter=60,
        n_iter_no_change=None,
        random_state=0,
        **options,
    )
    return make_pipeline(TableEncoder(), last)


models = {
    "network, Poisson": network(loss="poisson"),
    "network, squared error": network(),
    "Poisson regression": make_pipeline(TableEncoder(), PoissonRegressor(alpha=1e-3)),
}
predicted = {name: model.fit(X_train, y_train).predict(X_test) for name, model in models.items()}
predicted["the truth"] = rate[~train].to_numpy()

# %%
# Scores
# ------
#
# The deviance needs positive predictions, so that those of the squared error are raised to 0.01. The true rates have
# the lowest deviance that can be expected.

from sklearn.metrics import mean_poisson_deviance

rows = {
    name: {
        "Poisson deviance": mean_poisson_deviance(y_test, np.maximum(p, 0.01)),
        "RMSE": np.sqrt(np.mean((y_test - p) ** 2)),
        "RMSE to the true rate": np.sqrt(np.mean((predicted["the truth"] - p) ** 2)),
        "lowest": p.min(),
    }
    for name, p in predicted.items()
}
print(pd.DataFrame(rows).T.round(3).to_string())

# %%
# Busy hours
# ----------
#
# A rate gives the probability of each count. Two people can take eight calls an hour: how often are there more?

from scipy.stats import poisson

busy = poisson.sf(8, predicted["network, Poisson"])
print(f"predicted share of busy hours {busy.mean():.3f}, actual share {np.mean(y_test > 8):.3f}")
dispersion = np.mean((y_test - predicted["network, Poisson"]) ** 2 / predicted["network, Poisson"])
print(f"dispersion {dispersion:.2f}: 1 is that of Poisson counts")

# %%
# The picture shows the mean of the test rows in each hour, and the mean predicted rates.

import matplotlib.pyplot as plt

shown = {
    "network, Poisson": ("#0072B2", "-"),
    "network, squared error": ("#D55E00", "--"),
    "Poisson regression": ("#009E73", ":"),
}
fig, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for ax, weekend in zip(axes, (False, True), strict=True):
    part = (X_test["weekend"] == weekend).to_numpy()
    hour = X_test["hour"].to_numpy()[part]
    ax.plot(pd.Series(y_test[part]).groupby(hour).mean(), "o", color="black", markersize=4, label="counted")
    for name, (color, line) in shown.items():
        ax.plot(pd.Series(predicted[name][part]).groupby(hour).mean(), line, color=color, label=name)
    ax.set(title="Calls on weekends" if weekend else "Calls on working days", xlabel="hour of the day")
axes[0].set_ylabel("calls an hour")
_ = axes[0].legend()

# %%
# What to take away
# -----------------
#
# The Poisson network has a deviance of 1.20 where the true rates have 1.15, the squared error 1.21 and Poisson
# regression 1.75, since it cannot represent peaks. Its rates also give the probabilities of counts: 1.3 % busy hours
# are predicted and 1.2 % occurred. :doc:`/how-to/options` lists the costs and the embedding, :doc:`/learn/mathematics`
# derives them.
