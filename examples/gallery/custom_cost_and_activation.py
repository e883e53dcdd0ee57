"""
A cost and an activation of your own
====================================

A regressor takes any cost that states its value and its delta, and a hidden layer any function that states its
derivative. Here a bakery orders bread: each loaf too few costs 1.50 euros in lost sales, and each loaf too many costs
0.40. A cost of this shape is written and checked against difference quotients, as is an activation, and a network that
minimises it loses less money than one that minimises the squared error.
"""

# %%
# Days of a bakery
# ----------------
# Each row is a day: the weekday, the temperature, the rain, and whether there is a market in the street. The target is
# the number of loaves that customers ask for.

import numpy as np
import pandas as pd

random = np.random.RandomState(0)
n = 1200
weekday = np.arange(n) % 7
days = pd.DataFrame(
    {
        "weekday": np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])[weekday],
        "temperature": (12 + 9 * np.sin(np.arange(n) * 2 * np.pi / 365) + random.normal(0, 3, n)).round(1),
        "market": np.where(weekday == 3, "yes", "no"),
        "rain": random.gamma(0.6, 3, n).round(1),
    }
)
usual = np.array([70, 75, 78, 84, 110, 160, 40])[weekday] * (1 + 0.25 * (days["market"] == "yes"))
usual *= 1 - 0.012 * (days["temperature"] - 12) - 0.01 * days["rain"].clip(upper=15)
loaves = random.poisson(random.gamma(12, usual / 12))
train, test = slice(0, 800), slice(800, None)
print(days.head(3).to_string(index=False))
print("loaves on these days:", loaves[:3])

# %%
# The cost
# --------
# A cost has two methods. ``value(Z, Y)`` returns the cost of each of the m rows, and ``delta(Z, Y)`` its derivative
# with respect to ``Z``, of the shape ``(m, K)`` of both arguments. For a regressor, the weighted sums ``Z`` of the last
# layer are the predictions, and K is the number of outputs. The two prices differ, so the cost has a kink where the
# prediction is right. The kink is rounded over about ``width`` units: there, the derivative changes gradually from one
# price to the other.


class OrderCost:
    """The loss of an order of `Z` for a demand of `Y`: `missing` for each unit too few, `left` for each too many."""

    def __init__(self, missing, left, width=0.05):
        self.missing, self.left, self.width = missing, left, width

    def value(self, Z, Y):
        shortage = self.width * np.logaddexp(0, (Y - Z) / self.width)
        return (self.missing * shortage + self.left * (shortage - (Y - Z))).sum(axis=1)

    def delta(self, Z, Y):
        is_short = (1 + np.tanh((Y - Z) / (2 * self.width))) / 2
        return self.left - (self.missing + self.left) * is_short


# %%
# ``check_cost`` compares ``delta`` with central difference quotients of ``value``. It returns the largest relative
# error, and raises an error that names the worst entry if the two do not agree. The second cost has a frequent mistake:
# its delta is the derivative with respect to ``Y``, so that the sign is wrong.

import textwrap

from multilayer.equations import check_activation, check_cost
from multilayer.exceptions import ParameterError

Z, Y = random.normal(size=(40, 1)), random.normal(size=(40, 1))
cost = OrderCost(missing=1.5, left=0.4)
print(f"largest error of the cost: {check_cost(cost, Z, Y):.1e}")


class WrongSign(OrderCost):
    """The same cost with a mistake."""

    def delta(self, Z, Y):
        return -super().delta(Z, Y)

    def __repr__(self):
        return "WrongSign()"


try:
    check_cost(WrongSign(1.5, 0.4), Z, Y)
except ParameterError as error:
    print(textwrap.fill(str(error), 80))

# %%
# The activation
# --------------
# An activation has the methods ``g(z)`` and ``g_prime(z)``. This one is the square of the ReLU, which bends gradually
# where the ReLU has a kink. ``check_activation`` compares them in the same way.


class SquaredRelu:
    """The square of max(0, z), and its derivative."""

    def g(self, z):
        return np.maximum(z, 0) ** 2

    def g_prime(self, z):
        return 2 * np.maximum(z, 0)


print(f"largest error of the activation: {check_activation(SquaredRelu()):.1e}")

# %%
# Train with both
# ---------------
# ``TableEncoder`` turns the columns into numbers. The demand is divided by 100, so that the outputs of the network are
# near 1. Custom functions run as Python code in the reference engine, which is slower than compiled code;
# ``engine="reference"`` says that this is intended. Both checks are also made before every training.

from sklearn.pipeline import make_pipeline

from multilayer import MLPRegressor
from multilayer.tables import TableEncoder

options = {"max_iter": 150, "n_iter_no_change": None, "learning_rate_init": 0.005, "learning_rate": "cosine"}
options |= {"random_state": 0, "engine": "reference"}
models = {
    "squared error, tanh": MLPRegressor((16,), "tanh", **options),
    "own cost, tanh": MLPRegressor((16,), "tanh", loss=cost, **options),
    "own cost, own activation": MLPRegressor((16,), activation=SquaredRelu(), loss=cost, **options),
}
orders, losses = {}, {}
for name, model in models.items():
    pipeline = make_pipeline(TableEncoder(), model).fit(days[train], loaves[train] / 100)
    orders[name] = 100 * pipeline.predict(days[test])
    missing = (loaves[test] - orders[name]).clip(0)
    left = (orders[name] - loaves[test]).clip(0)
    losses[name] = (1.5 * missing + 0.4 * left).mean()
    print(f"{name:24}  lost a day: {losses[name]:5.2f} euros   enough bread on {(missing == 0).mean():.0%} of the days")

# %%
# The gradient of the whole network, with both of your functions in it, can be checked as well.

encoded = pipeline[:-1].transform(days[test])
print(f"largest error of a weight: {pipeline[-1].check_gradient(encoded[:20], loaves[test][:20] / 100).max_error:.1e}")

# %%
# A network that minimises the squared error orders the mean demand. As a missing loaf costs more than one that is left,
# the cost of the bakery leads to larger orders.

import matplotlib.pyplot as plt

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
errors = np.linspace(-0.6, 0.6, 241)[:, None]
left.plot(100 * errors, 50 * errors**2, "--", color="#D55E00", label="squared error")
left.plot(100 * errors, 100 * cost.value(errors, 0 * errors), color="#0072B2", label="own cost")
left.set(xlabel="order - demand, loaves", ylabel="cost", title="Two costs of a day")
left.legend(frameon=False)
shown = slice(0, 28)
right.plot(loaves[test][shown], "o", color="#595959", markersize=4, label="demand")
right.plot(orders["squared error, tanh"][shown], "--", color="#D55E00", label="order by squared error")
right.plot(orders["own cost, tanh"][shown], color="#0072B2", label="order by own cost")
right.set(xlabel="day", ylabel="loaves", title="Four weeks of orders")
right.set_ylim(0, 260)
_ = right.legend(frameon=False, loc="upper left")

# %%
# What to take away
# -----------------
# With the cost of the bakery, a day loses 16.01 euros on the test days, and 20.84 with the squared error; bread is
# enough on 79 % of the days, close to the share 1.5 / (1.5 + 0.4) = 0.79 at which the cost is least. The checks found
# the wrong sign before any training. Without the rounding, this cost is ``loss="quantile", quantile=0.79``, which runs
# in compiled code; :doc:`/how-to/options` lists the costs and activations that need no code.
