"""
Groups and time
===============

Random folds give scores that are too good if the rows depend on each other. The first table has several visits of
each patient, and the second is a series that changes with time. Splitters that keep groups together, or that test on
later rows, give the score that new patients and new days will have.
"""

# %%
# Visits of patients
# ------------------
#
# Sixty patients have ten visits each. Resting pulse and weight differ between patients and hardly change from visit
# to visit. They say little about the blood pressure of other patients, but identify the patient.

import numpy as np
import pandas as pd

rng = np.random.default_rng(7)
patients, visits = 60, 10
patient = np.repeat(np.arange(patients), visits)
level = rng.normal(0, 12, patients)
table = pd.DataFrame(
    {
        "pulse": rng.normal(70, 9, patients)[patient] + 0.4 * rng.normal(size=len(patient)),
        "weight": rng.normal(78, 13, patients)[patient] + 0.4 * rng.normal(size=len(patient)),
        "salt_g": rng.gamma(6.0, 1.2, len(patient)),
        "stress": rng.integers(0, 11, len(patient)),
    }
)
pressure = 120 + level[patient] + 3 * table["salt_g"] + 2 * table["stress"] + 3 * rng.normal(size=len(patient))

# %%
# ``cross_validate`` takes the splitters of scikit-learn. The scaler is part of the pipeline, so that it is fitted to
# the training rows of each fold.

from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPRegressor
from multilayer.selection import cross_validate

network = make_pipeline(
    StandardScaler(),
    MLPRegressor(
        (64,),
        batch_size=32,
        learning_rate_init=0.01,
        learning_rate="cosine",
        max_iter=200,
        n_iter_no_change=None,
        standardize_targets=True,
        random_state=0,
    ),
)
random_folds = KFold(5, shuffle=True, random_state=0)
mixed = cross_validate(network, table, pressure, cv=random_folds)
grouped = cross_validate(network, table, pressure, cv=GroupKFold(5, shuffle=True, random_state=0), groups=patient)
print(f"random folds:      R² {mixed.mean['test_score']:.3f} ± {mixed.standard_error['test_score']:.3f}")
print(f"folds of patients: R² {grouped.mean['test_score']:.3f} ± {grouped.standard_error['test_score']:.3f}")

# %%
# A visit of each of 1,200 new patients decides which score is right.

new = 20 * patients
new_level = rng.normal(0, 12, new)
new_table = pd.DataFrame(
    {
        "pulse": rng.normal(70, 9, new),
        "weight": rng.normal(78, 13, new),
        "salt_g": rng.gamma(6.0, 1.2, new),
        "stress": rng.integers(0, 11, new),
    }
)
new_pressure = 120 + new_level + 3 * new_table["salt_g"] + 2 * new_table["stress"] + 3 * rng.normal(size=new)
on_new = network.fit(table, pressure).score(new_table, new_pressure)
print(f"new patients:      R² {on_new:.3f}")

# %%
# Fewer columns
# -------------
#
# The folds of patients also lead to a better network. Without the columns that identify the patient, the score of
# random folds falls, while that of new patients rises.

useful = ["salt_g", "stress"]
fewer_mixed = cross_validate(network, table[useful], pressure, cv=random_folds)
fewer = cross_validate(network, table[useful], pressure, cv=GroupKFold(5, shuffle=True, random_state=0), groups=patient)
fewer_new = network.fit(table[useful], pressure).score(new_table[useful], new_pressure)
print(f"random folds {fewer_mixed.mean['test_score']:.3f}  ", end="")
print(f"folds of patients {fewer.mean['test_score']:.3f}  new patients {fewer_new:.3f}")

# %%
# A series
# --------
#
# A shop predicts its daily sales from the day and the weather. The level drifts. Random folds test on days between
# training days; ``TimeSeriesSplit`` tests on days after them, as in use.

days = np.arange(600)
temperature = 12 + 9 * np.sin(2 * np.pi * (days - 110) / 365) + 3 * rng.normal(size=len(days))
level = np.cumsum(rng.normal(0.05, 1.2, len(days)))
shop = pd.DataFrame({"day": days, "weekday": days % 7, "temperature": temperature})
sales = 200 + 2 * level + 1.2 * temperature + 15 * (days % 7 >= 5) + 5 * rng.normal(size=len(days))

interpolated = cross_validate(network, shop, sales, cv=random_folds, scoring="neg_root_mean_squared_error")
forward = cross_validate(network, shop, sales, cv=TimeSeriesSplit(5), scoring="neg_root_mean_squared_error")
splits = TimeSeriesSplit(5).split(shop)
constant = [np.sqrt(np.mean((sales[test] - sales[train].mean()) ** 2)) for train, test in splits]
print(f"random folds: RMSE {-interpolated.mean['test_score']:.1f}")
print(f"later days:   RMSE {-forward.mean['test_score']:.1f}")
print(f"later days, a constant: RMSE {np.mean(constant):.1f}")

# %%
# Changes instead of levels
# -------------------------
#
# The network extrapolates the day badly. If yesterday's sales are known, the change from yesterday to today is a
# target without drift, and the differences of the weather are the columns that matter.

change = pd.DataFrame({"warmer": shop["temperature"].diff(), "weekday": shop["weekday"]})[1:]
changes = cross_validate(network, change, np.diff(sales), cv=TimeSeriesSplit(5), scoring="neg_root_mean_squared_error")
print(f"later days, by changes: RMSE {-changes.mean['test_score']:.1f}")
print(f"later days, as yesterday: RMSE {np.sqrt(np.mean(np.diff(sales) ** 2)):.1f}")

# %%
# Each point is the score of a fold. The dashed line is the score of new patients.

import matplotlib.pyplot as plt

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for k, (result, color, marker) in enumerate([(mixed, "#D55E00", "o"), (grouped, "#0072B2", "s")]):
    left.plot(np.full(5, k), result["test_score"], marker, color=color, markersize=8, alpha=0.8)
left.axhline(on_new, color="black", linestyle="--", label="new patients")
left.set(xticks=[0, 1], xticklabels=["random folds", "folds of patients"], xlim=(-0.5, 1.5), ylabel="R²")
left.set_title("Visits of patients")
left.legend()
series = [(interpolated, "#D55E00", "o"), (forward, "#0072B2", "s"), (changes, "#009E73", "^")]
for k, (result, color, marker) in enumerate(series):
    right.plot(np.full(5, k), -result["test_score"], marker, color=color, markersize=8, alpha=0.8)
right.set(xticks=[0, 1, 2], xticklabels=["random folds", "later days", "later days,\nby changes"], xlim=(-0.5, 2.5))
right.set(ylabel="RMSE", title="Daily sales")
_ = right.set_ylim(bottom=0)

# %%
# What to take away
# -----------------
#
# Random folds gave the network an R² of 0.60, while new patients have 0.21, as the folds of patients suggest (0.18 ±
# 0.16). They also preferred the wrong columns: without pulse and weight, new patients have 0.43. For the series,
# random folds gave an RMSE of 8.7, and later days have 23.3, or 7.5 if the network predicts changes.
# :doc:`/how-to/selection` and :doc:`/how-to/tables` describe splitters for networks and table models.
