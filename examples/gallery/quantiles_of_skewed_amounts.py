"""
Quantiles of skewed amounts
===========================

Repair costs of cars are skewed: a few are ten times as large as the median. The program predicts the quantiles 0.1,
0.5 and 0.9 of the cost together with one network, and compares them with the mean. The quantiles never cross, and the
share of test rows below each of them is close to its level.
"""

# %%
# Repairs
# -------
#
# The cost has a log-normal distribution whose median and spread grow with the age of the car.

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(4)
n = 4000
repairs = pd.DataFrame(
    {
        "age_years": rng.uniform(0, 15, n).round(1),
        "kilometres": rng.gamma(3.0, 30_000, n).round(-2),
        "brand": rng.choice(["A", "B", "C", "D"], n),
        "garage": rng.choice(["chain", "dealer", "independent"], n),
    }
)
log_median = 5.2 + 0.08 * repairs["age_years"] + repairs["kilometres"] / 300_000 + 0.4 * (repairs["garage"] == "dealer")
spread = 0.4 + 0.05 * repairs["age_years"]
euros = np.exp(log_median + spread * rng.normal(size=n)).round(2)
X_train, X_test, y_train, y_test = train_test_split(repairs, euros, test_size=0.5, random_state=0)
print(y_train.describe(percentiles=[0.1, 0.5, 0.9]).round(0).to_string())

# %%
# One network, three quantiles
# ----------------------------
#
# ``loss="quantile"`` with several levels minimises the sum of their quantile costs. ``standardize_targets`` brings
# the euros to the scale that the steps of training suit.

from sklearn.pipeline import make_pipeline

from multilayer import MLPRegressor
from multilayer.tables import TableEncoder

LEVELS = (0.1, 0.5, 0.9)


def network(**options):
    last = MLPRegressor(
        (32,),
        learning_rate_init=0.01,
        learning_rate="cosine",
        max_iter=60,
        n_iter_no_change=None,
        standardize_targets=True,
        random_state=0,
        **options,
    )
    return make_pipeline(TableEncoder(), last)


quantiles = network(loss="quantile", quantile=LEVELS).fit(X_train, y_train)
predicted = quantiles.predict(X_test)
print("crossing quantiles:", int((np.diff(predicted, axis=1) < 0).sum()))
print(f"quantile cost, relative to constants: lower by {quantiles.score(X_test, y_test):.0%}")

# %%
# Against the mean
# ----------------
#
# A network with the squared error predicts the mean, which is above the median of skewed amounts. Normal quantiles
# about this mean, with the standard deviation of the training errors, are the usual shortcut.

from statistics import NormalDist

from sklearn.metrics import mean_pinball_loss

mean = network().fit(X_train, y_train)
deviation = np.std(y_train - mean.predict(X_train))
normal = mean.predict(X_test)[:, None] + deviation * np.array([NormalDist().inv_cdf(level) for level in LEVELS])

rows = {}
for k, level in enumerate(LEVELS):
    rows[f"quantile {level}"] = {
        "rows below": np.mean(y_test <= predicted[:, k]),
        "normal: rows below": np.mean(y_test <= normal[:, k]),
        "quantile cost": mean_pinball_loss(y_test, predicted[:, k], alpha=level),
        "normal: quantile cost": mean_pinball_loss(y_test, normal[:, k], alpha=level),
    }
print(pd.DataFrame(rows).T.round(3).to_string())
print(f"rows below the predicted mean: {np.mean(y_test <= mean.predict(X_test)):.3f}")
print(f"normal quantiles 0.1 below 0 euros: {np.mean(normal[:, 0] < 0):.0%}")

# %%
# The picture has the test rows, and the predictions for a car of brand B and 90,000 km at an independent garage.

import matplotlib.pyplot as plt

ages = np.linspace(0, 15, 61)
car = pd.DataFrame({"age_years": ages, "kilometres": 90_000.0, "brand": "B", "garage": "independent"})
low, middle, high = quantiles.predict(car).T
fig, ax = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
ax.plot(X_test["age_years"], y_test, ".", color="grey", markersize=3, alpha=0.5, label="test rows")
ax.fill_between(ages, low, high, color="#56B4E9", alpha=0.4, label="quantiles 0.1 to 0.9")
ax.plot(ages, middle, color="#0072B2", label="median")
ax.plot(ages, mean.predict(car), "--", color="#D55E00", label="mean")
ax.set(ylim=(0, np.quantile(y_test, 0.99)), xlabel="age of the car in years", ylabel="cost in euros")
ax.set_title("Quantiles and mean of repair costs")
_ = ax.legend(loc="upper left")

# %%
# Coverage
# --------
#
# A table model with the same loss corrects the lowest and the highest quantile by its out-of-fold errors, so that the
# interval has the coverage that is asked for.

from multilayer import TableRegressor

table_model = TableRegressor("quick", loss="quantile", quantile=LEVELS, random_state=0).fit(X_train, y_train)
lower, upper = table_model.predict_interval(X_test, coverage=0.8)
print(f"80 % intervals: coverage {np.mean((lower <= y_test) & (y_test <= upper)):.3f}")

# %%
# What to take away
# -----------------
#
# 12, 50 and 90 % of the test rows are below the quantiles 0.1, 0.5 and 0.9, while 63 % are below the mean. Normal
# quantiles about the mean are of no use here: 90 % of the lower ones are negative amounts. :doc:`/how-to/options`
# lists the costs, and :doc:`/how-to/tables` the intervals of table models.
