"""
Warm start on a stream
======================

Rows may arrive one day after the other, and what they mean may change over time. This program predicts returns of a
shop from a stream of daily orders, in which the reasons for returns change after half of the time. It compares a model
that is fitted once, one that is fitted again each day, and one that continues its training by ``partial_fit``. Each
day is first predicted and then used for training, so that every score is one on new rows.
"""

# %%
# A stream that drifts
# --------------------
# An order has a price, a discount, the customer's earlier returns and the days until delivery. At first, orders are
# returned because the delivery was late. From day 60 to 80 this changes: deliveries do not matter any more, and orders
# at a large discount are returned.

import numpy as np
import pandas as pd

N_DAYS, ORDERS = 120, 80


def orders_of(day):
    """Make the orders of a day, and whether each was returned."""
    random = np.random.RandomState(day)
    orders = pd.DataFrame(
        {
            "price": random.gamma(4, 20, ORDERS).round(2),
            "discount": random.beta(1.5, 4, ORDERS).round(2),
            "earlier_returns": random.poisson(1.2, ORDERS),
            "delivery_days": 1 + random.poisson(3, ORDERS),
        }
    )
    new = np.clip((day - 60) / 20, 0, 1)  # how far the change has gone
    late, cheap = orders["delivery_days"] - 4, 8 * (orders["discount"] - 0.27)
    score = (1 - new) * 1.3 * late + new * 1.8 * cheap + 0.5 * (orders["earlier_returns"] - 1.2)
    return orders, (score + random.logistic(0, 0.7, ORDERS) > 0.8).astype(int)


first = [orders_of(day) for day in range(10)]
X_first = pd.concat([orders for orders, _ in first])
y_first = pd.concat([returned for _, returned in first])
print(X_first.head(3).to_string(index=False))
print(f"{len(X_first)} orders in the first ten days, {y_first.mean():.1%} returned")

# %%
# Three ways to train
# -------------------
# All three are networks of 16 units behind a scaler that is fitted on the first ten days. ``partial_fit`` trains one
# epoch on the rows of a day. Called five times, it makes five passes; Adam's memory and the random state are kept from
# day to day. ``fit`` of the second model starts from new weights, with the rows of the last 30 days.

from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier

scaler = StandardScaler().fit(X_first)
options = {"max_iter": 60, "n_iter_no_change": None, "learning_rate_init": 0.005, "batch_size": 40, "random_state": 0}


def new_model():
    """Fit a network to the first ten days."""
    return MLPClassifier((16,), **options).fit(scaler.transform(X_first), y_first)


fitted_once, continued = new_model(), new_model()
n_rows = {"fitted once": 0, "fitted each day": 0, "continued": 0}
days, losses = range(10, N_DAYS), {name: [] for name in n_rows}
window = list(first)

# %%
# The loop over the days predicts before it trains.

from sklearn.metrics import log_loss

refitted = fitted_once
for day in days:
    orders, returned = orders_of(day)
    X = scaler.transform(orders)
    for name, model in (("fitted once", fitted_once), ("fitted each day", refitted), ("continued", continued)):
        losses[name].append(log_loss(returned, model.predict_proba(X), labels=[0, 1]))

    for _ in range(5):
        continued.partial_fit(X, returned)
    window = [*window, (orders, returned)][-30:]
    X_window, y_window = (pd.concat(parts) for parts in zip(*window, strict=True))
    refitted = MLPClassifier((16,), **options).fit(scaler.transform(X_window), y_window)
    n_rows["continued"] += 5 * len(orders)
    n_rows["fitted each day"] += options["max_iter"] * len(y_window)

# %%
# Losses before, during and after the change
# ------------------------------------------

table = pd.DataFrame(losses, index=days)
parts = {
    "before (10 to 59)": table.loc[:59],
    "change (60 to 79)": table.loc[60:79],
    "after (80 to 119)": table.loc[80:],
}
print("mean log-loss of a day")
print(pd.DataFrame({name: part.mean() for name, part in parts.items()}).round(3))
print("rows that passed through the networks in training, after the first ten days")
for name, n in n_rows.items():
    print(f"{name:15} {n:12,}")

# %%

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(7.6, 4.2), layout="constrained")
ax.axvspan(60, 80, color="#EEEEEE", label="the reasons change")
styles = {"fitted once": ("#595959", ":"), "fitted each day": ("#D55E00", "--"), "continued": ("#0072B2", "-")}
for name, (color, line) in styles.items():
    ax.plot(table[name].rolling(7, min_periods=1).mean(), line, color=color, label=name)
ax.set(xlabel="day", ylabel="log-loss, mean of 7 days", title="Log-loss on the orders of the next day")
_ = ax.legend(frameon=False)

# %%
# A fit that continues
# --------------------
# ``warm_start=True`` makes ``fit`` continue, too: two fits of 30 epochs equal one of 60, bit for bit. So a training can
# be extended after a look at its curve.

whole = new_model()
parts = MLPClassifier((16,), **(options | {"max_iter": 30, "warm_start": True}))
for _ in range(2):
    parts.fit(scaler.transform(X_first), y_first)
print(f"{parts.n_iter_} epochs in two fits, equal weights:", bool((parts.parameters_ == whole.parameters_).all()))

# %%
# What to take away
# -----------------
# After the change, the network that continues has a log-loss of 0.282 on new days, the one that is fitted each day to
# the last 30 days 0.342, and the one of the first ten days 1.307. Continuing took 44,000 rows of training instead of
# 14,928,000. Watch the loss of each day, as here: it shows a drift before anybody knows its reason. For a model that is
# stored, ``multilayer evaluate`` reports which columns have changed (:doc:`/how-to/use`); :doc:`/how-to/options`
# describes ``partial_fit`` with validation rows.
