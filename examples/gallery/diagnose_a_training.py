"""
Diagnose a training
===================

A network that learns badly gives no error: its score is just low. ``diagnose`` inspects a fitted network on some rows
and names what is wrong, with the evidence and an advice. This program makes four mistakes on the same table: unscaled
inputs, a step size that is too large, units that are saturated, and units that are dead. The last section follows the
advice.

All findings are listed in :doc:`/how-to/inspect`.
"""

# %%
# Tumours
# -------
# The table has 30 measurements of 569 tumours; the target is whether a tumour is benign. The columns have different
# scales: the mean area is near 655, the mean smoothness near 0.1.

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
print(X[["mean radius", "mean area", "mean smoothness"]].describe().loc[["mean", "std"]].round(3))
X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
scaler = StandardScaler().set_output(transform="pandas").fit(X)
scaled, scaled_test = scaler.transform(X), scaler.transform(X_test)

# %%
# Four ill trainings
# ------------------
# Each is printed as its findings. A finding has a severity, its evidence in numbers, and advice.
#
# **Unscaled inputs.** The columns are passed as they are.

from multilayer import MLPClassifier

options = {"max_iter": 60, "n_iter_no_change": None, "random_state": 0}
unscaled = MLPClassifier((32, 16), "tanh", **options).fit(X, y)
found = {"unscaled inputs": unscaled.diagnose(X, y, X_val=X_test, y_val=y_test)}
print(found["unscaled inputs"])

# %%
# **A step size that is too large.** Gradient descent with batches of 16 rows takes steps of 0.5. The first finding is
# the cause; the dead units and the constant output follow from it.

large = MLPClassifier((32, 16), solver="sgd", learning_rate_init=0.5, batch_size=16, **options).fit(scaled, y)
found["step size too large"] = large.diagnose(scaled, y, X_val=scaled_test, y_val=y_test)
print(found["step size too large"])

# %%
# **Saturated units.** Adam's step size of 1 makes weights so large that the sums of many tanh units lie where tanh is
# flat. The score is high all the same: without a diagnosis, nobody would look.

saturated = MLPClassifier((32, 16), "tanh", learning_rate_init=1.0, **options).fit(scaled, y)
found["saturated units"] = saturated.diagnose(scaled, y, X_val=scaled_test, y_val=y_test)
print(found["saturated units"])

# %%
# **Dead units.** All columns are shifted by 5, as if they had been scaled by a wrong mean, and the step size is 0.2.
# The first updates push the sums of ReLU units below 0 in every row. There, the derivative of ReLU is 0, and the units
# cannot learn any more.

dead = MLPClassifier((32, 16), learning_rate_init=0.2, **options).fit(scaled + 5, y)
found["dead units"] = dead.diagnose(scaled + 5, y, X_val=scaled_test + 5, y_val=y_test)
print(found["dead units"])

# %%
# The mended run
# --------------
# The advice is: scale the columns, and use a smaller step size. The default of 0.001 is small enough.

mended = MLPClassifier((32, 16), **options).fit(scaled, y)
found["mended"] = mended.diagnose(scaled, y, X_val=scaled_test, y_val=y_test)
print(found["mended"])

# %%
# A diagnosis is a sequence of findings, so that a program can act on it. ``is_healthy`` is True if there is neither a
# problem nor a warning.

for name, diagnosis in found.items():
    names = dict.fromkeys(finding.name for finding in diagnosis if finding.severity != "note")
    print(f"{name:19} healthy: {diagnosis.is_healthy!s:5}  {', '.join(names)}")

# %%
# Pictures
# --------
# ``plot_diagnosis`` draws each hidden unit at the share of rows that it responds to, which are the rows where its
# derivative is not near 0. Triangles are units that respond to almost no row.

import matplotlib.pyplot as plt

from multilayer.plots import plot_cost, plot_diagnosis

fig, axes = plt.subplots(1, 3, figsize=(12, 4.6), layout="constrained", sharey=True)
for ax, name in zip(axes, ("saturated units", "dead units", "mended"), strict=True):
    plot_diagnosis(found[name], ax=ax).set_title(name.capitalize(), loc="left")
    ax.tick_params(axis="x", labelsize=9)
    ax.label_outer()

# %%
# The cost curves of the five runs differ by orders of magnitude. A cost that stays near 0.66, the cost of a constant
# prediction, is that of a network that does not learn.

runs = [unscaled, large, saturated, dead, mended]
ax = plot_cost(dict(zip(found, runs, strict=True)), log=True)
_ = ax.set_title("Cost of four ill trainings and the mended one")

# %%
# What to take away
# -----------------
# Two of the ill trainings end with a score of 0.628, the share of the larger class, and the one with saturated units
# with 0.992, as the mended one: a score alone does not show what is wrong. The mended network has a score of 0.965 on
# the other rows, the best of the five, and no finding. Start with the first finding, as the others often follow from
# it. :doc:`/how-to/inspect` lists the evidence of each finding, and :doc:`/how-to/options` describes the step-size
# test.
