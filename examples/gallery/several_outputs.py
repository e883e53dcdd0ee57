"""
Several outputs
===============

A concrete plant measures the strength, the slump and the cost of each mix. One network predicts all three, with a
separate scale for each, and is compared with three networks of one output. A second network predicts which of three
defects a mix shows; several may occur together.
"""

# %%
# Mixes
# -----

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(6)
n = 900
mixes = pd.DataFrame(
    {
        "cement": rng.uniform(200, 500, n).round(),
        "water": rng.uniform(140, 220, n).round(),
        "slag": np.where(rng.random(n) < 0.4, 0, rng.uniform(20, 200, n)).round(),
        "plasticiser": rng.uniform(0, 12, n).round(1),
        "age_days": rng.choice([3, 7, 14, 28, 56, 90], n),
    }
)
binder = mixes["cement"] + 0.7 * mixes["slag"]
ratio = mixes["water"] / binder
flow = 9 * (ratio - 0.45) + 0.25 * (mixes["plasticiser"] - 5)
ripe = np.log1p(mixes["age_days"]) / np.log(29)
targets = pd.DataFrame(
    {
        "strength_mpa": 70 * np.exp(-1.9 * ratio) * ripe + 2.5 * rng.normal(size=n),
        "slump_mm": 250 / (1 + np.exp(-flow)) + 10 * rng.normal(size=n),
        "cost_euros": 30 + 0.11 * mixes["cement"] + 0.06 * mixes["slag"] + 1.8 * mixes["plasticiser"],
    }
).round(1)
X_train, X_test, Y_train, Y_test = train_test_split(mixes, targets, test_size=0.4, random_state=0)
print(X_train.join(Y_train).head(3).to_string(index=False))

# %%
# One network or three
# --------------------
#
# The outputs have different units. ``standardize_targets=True`` divides each by its standard deviation, so that none
# of them dominates the cost.

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPRegressor


def network(units, **options):
    last = MLPRegressor(
        (units,),
        "tanh",
        learning_rate_init=0.01,
        learning_rate="cosine",
        max_iter=200,
        n_iter_no_change=None,
        random_state=0,
        **options,
    )
    return make_pipeline(StandardScaler(), last)


together = network(24, standardize_targets=True).fit(X_train, Y_train)
predictions = {
    "one network": together.predict(X_test),
    "three networks": np.column_stack(
        [network(8, standardize_targets=True).fit(X_train, Y_train[name]).predict(X_test) for name in Y_train]
    ),
    "one network, unscaled": network(24).fit(X_train, Y_train).predict(X_test),
}

# %%
# Scores
# ------
#
# Each column has its own root mean square error, in its own unit. A single mean over them would have no meaning;
# ``score`` is the mean of the three R².

errors = {name: np.sqrt(((Y_test - P) ** 2).mean()) for name, P in predictions.items()}
errors["constant"] = np.sqrt(((Y_test - Y_train.mean()) ** 2).mean())
print(pd.DataFrame(errors).T.round(2).to_string())
print(f"mean R² of the one network: {together.score(X_test, Y_test):.3f}")
print("weights:", together[-1].parameters_.size)

# %%
# On the dotted lines, predictions and measurements are equal.

import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for ax, name, predicted in zip(axes, Y_test, predictions["one network"].T, strict=True):
    ax.plot(Y_test[name], predicted, ".", color="#0072B2", alpha=0.5)
    ax.axline((Y_test[name].mean(),) * 2, slope=1, color="black", linestyle=":")
    ax.set(title=name, xlabel="measured", ylabel="predicted")
_ = fig.suptitle("Predictions of one network for three outputs")

# %%
# A gradient for each output
# --------------------------
#
# ``input_gradient`` says how each output changes with each input. Multiplied by the scale of the outputs, it is in
# the unit of the output, for a change of the input by one standard deviation.

gradient = together[-1].input_gradient(together[:-1].transform(X_test)).mean(axis=0)
print(pd.DataFrame(gradient, index=Y_train.columns, columns=X_train.columns).round(2).to_string())

# %%
# Several labels
# --------------
#
# A matrix of zeros and ones is a multilabel target: each output is a sigmoid with its own probability, and any number
# of defects may occur.

from multilayer import MLPClassifier

defects = pd.DataFrame(
    {
        "segregates": targets["slump_mm"] + 25 * rng.normal(size=n) > 200,
        "too stiff": targets["slump_mm"] + 25 * rng.normal(size=n) < 60,
        "too weak": targets["strength_mpa"] + 3 * rng.normal(size=n) < 20,
    }
).astype(int)
D_train, D_test = defects.loc[X_train.index], defects.loc[X_test.index]
labels = make_pipeline(
    StandardScaler(), MLPClassifier((16,), alpha=1.0, solver="lbfgs", max_iter=2000, tol=1e-3, random_state=0)
)
P = labels.fit(X_train, D_train).predict_proba(X_test)
found = labels.predict(X_test)
rows = {
    "share": D_test.mean(),
    "mean probability": pd.Series(P.mean(axis=0), D_test.columns),
    "accuracy": (found == D_test).mean(),
}
print(pd.DataFrame(rows).round(3).to_string())
print(f"mixes with all three labels right: {(found == D_test).all(axis=1).mean():.3f}")

# %%
# What to take away
# -----------------
#
# One network of 24 units predicts the three outputs a little better than three networks of 8 units, because they
# share what they learn about the mix. Without scaled targets, the same training is worse than a constant for two of
# the three. :doc:`/how-to/options` describes ``standardize_targets``, :doc:`/how-to/inspect` the gradients.
