r"""
Seven bugs in backpropagation
=============================

A wrong gradient rarely stops a program. Most of the mistakes below train a network, and some of them train it well
enough to go unnoticed. This lesson switches on seven real mistakes, one after the other. For each it
shows the line, the curve of the cost beside that of the right program, and the check that finds the mistake.

The mistakes are in :mod:`multilayer.learn.bugs`. Six are copies of
:func:`multilayer.equations.core.backpropagation` with one wrong line, and the seventh is the order of the rows. The
tags, such as (B2), are those of the page on :doc:`mathematics </learn/mathematics>`.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

from multilayer import MLPClassifier
from multilayer.equations import initialize_thetas, one_hot, predict
from multilayer.learn.bugs import BUGS, check_bug, train_with_bug

# %%
# The data and the network
# ------------------------
#
# The iris flowers have four measurements and three species. The file is sorted by species, and so are the 100 training
# rows here; 50 rows are the holdout. The network has 4 inputs, 3 hidden sigmoid units and 3 softmax outputs.

X, y = load_iris(return_X_y=True)
train, holdout = train_test_split(
    np.arange(150),
    stratify=y,
    test_size=50,
    random_state=0,
)
train.sort()
X = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
Y = one_hot(y, n_classes=3)
thetas = initialize_thetas([4, 3, 3], random_state=0)
print([theta.shape for theta in thetas])

# %%
# ``run`` trains with a mistake, or with none, and returns the cost before the first epoch and after each epoch.
# ``train_with_bug`` computes the costs without a mistake, so that curves can be compared. By default all rows are in
# one batch.


def run(bug, alpha=0.5, max_iter=300, start=thetas, **options):
    """Return the costs, and the accuracies on training rows and holdout."""
    last, costs = train_with_bug(
        bug,
        X[train],
        Y[train],
        start,
        alpha,
        max_iter,
        output="softmax",
        **options,
    )
    right = predict(X, last, output="softmax") == y
    return costs, (right[train].mean(), right[holdout].mean())


def draw(title, runs, scale="linear"):
    """Draw the costs of some runs, and print where each starts and ends."""
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    styles = [("#0072B2", "-"), ("#D55E00", "--"), ("#000000", ":")]
    for (label, (costs, accuracies)), (colour, line) in zip(
        runs.items(),
        styles,
        strict=False,
    ):
        axes.plot(costs, line, color=colour, label=label, linewidth=2 if len(costs) <= 100 else 1.2)
        print(f"{label}: cost {costs[0]:.3f}, at the end {costs[-1]:.3f}")
        print("  accuracy {:.2f}, on the holdout {:.2f}".format(*accuracies))
    axes.set(title=title, xlabel="epoch", ylabel="cost", yscale=scale)
    if scale == "linear":
        axes.set_ylim(0, None)
    figure.legend(loc="outside right upper", frameon=False)


def gradient_check(bug, lam=0.0, start=thetas):
    """Compare the gradient of a program with central differences."""
    return check_bug(bug, X[train], Y[train], start, lam, "softmax")


def print_errors(check):
    """Print the largest relative error of each matrix of weights."""
    for layer, errors in enumerate(check.errors, start=1):
        print(f"Theta{layer}: largest relative error {errors.max():.1e}")


# %%
# The right program
# -----------------
#
# First the check of the right program. :func:`~multilayer.equations.compare_gradients` compares a gradient with
# difference quotients (N1), weight by weight, and ``check_bug`` calls it. Relative errors below 1e-7 are rounding.

right = run(None)
print_errors(gradient_check(None))

# %%
# 1. Missing 1/m
# --------------

print(BUGS["missing-mean"])
draw(
    "Missing 1/m",
    {
        "right": right,
        "wrong": run("missing-mean"),
        "wrong, step / m": run("missing-mean", alpha=0.5 / len(train)),
    },
    scale="log",
)

# %%
# With the same step size, the cost jumps. **With a step size that is m times smaller, the curve is that of the right
# program**: a learner who lowers the step size until the curve is smooth has hidden the mistake. It returns with
# another number of rows, because the step then grows with them.
#
# The gradient check shows the same factor for every weight, which is m.

check = gradient_check("missing-mean")
ratios = [weight.analytic / weight.numerical for weight in check]
print(f"smallest ratio {min(ratios):.6f}, largest {max(ratios):.6f}")

# %%
# ``diagnose`` examines a fitted estimator. It reports the symptom, not the cause. An m times larger step size is the
# same mistake as the missing 1/m. The estimator starts with other weights, so that its numbers differ, and its
# advice is a first try:

model = MLPClassifier(
    (3,),
    activation="logistic",
    solver="sgd",
    momentum=0,
    alpha=0,
    batch_size=len(train),
    learning_rate_init=0.5 * len(train),
    max_iter=300,
    n_iter_no_change=None,
    random_state=0,
    engine="reference",
)
model.fit(X[train], y[train])
print(model.diagnose(X[train], y[train], X_val=X[holdout], y_val=y[holdout]))

# %%
# 2. Forgotten derivative of the activation
# -----------------------------------------

print(BUGS["missing-derivative"])
draw(
    "Forgotten derivative",
    {"right": right, "wrong": run("missing-derivative")},
)

# %%
# **The curve looks healthy, and at first it falls faster than the right one.** The factor :math:`a (1 - a)` is at most
# 1/4, so without it the steps of the first layer are larger. Later the wrong direction matters, and the cost
# stays too high. It looks like a network with too few units.
#
# The gradient check says in which layer to look. ``Theta2`` is right, because its delta does not pass through a hidden
# layer. ``Theta1`` is wrong, so the mistake is in (B2).

print_errors(gradient_check("missing-derivative"))

# %%
# 3. Regularised bias
# -------------------
#
# This mistake needs a penalty, so both runs have ``lam=1``.

print(BUGS["regularised-bias"])
draw(
    "Regularised bias",
    {
        "right": run(None, lam=1.0),
        "wrong": run("regularised-bias", lam=1.0),
    },
)

# %%
# **The curve looks healthy from start to end.** The cost ends slightly higher, which no one would notice without the
# right program beside it.
#
# The gradient check finds it, but only with a penalty. With ``lam=0`` the wrong program passes:

for lam in (0.0, 1.0):
    check = gradient_check("regularised-bias", lam)
    print(f"lam={lam:g}: largest error {check.max_error:.1e}")
wrong = {weight.column for weight in check if weight.error > 1e-7}
print("columns with errors:", sorted(wrong))

# %%
# Only column 0 is wrong: the biases. Check a gradient with every option that training uses.
#
# 4. Transposed matrix
# --------------------

print(BUGS["transposed-matrix"])
draw(
    "Transposed matrix",
    {"right": right, "wrong": run("transposed-matrix")},
)

# %%
# **The curve looks healthy**, and so does the accuracy. The output layer is trained by its right gradient, and it makes
# use of whatever the hidden layer computes.
#
# The mistake is possible because the hidden layer has as many units as the output layer. With another size the shapes
# do not match, and NumPy raises an error. Sizes that differ in every layer are therefore a good choice for a check.

print_errors(gradient_check("transposed-matrix"))
try:
    gradient_check("transposed-matrix", start=initialize_thetas([4, 5, 3]))
except ValueError as error:
    print(*str(error).partition(", with")[0].split(": "), sep="\n  ")

# %%
# 5. Wrong sign
# -------------

print(BUGS["wrong-sign"])
draw(
    "Wrong sign",
    {"right": right, "wrong": run("wrong-sign")},
    scale="log",
)

# %%
# **This curve never looks healthy**: the cost rises from the first step. A step size that is too large can do the
# same, so lower it once. If the cost rises with the smallest step, too, the sign is wrong. The gradient check shows
# the factor -1:

check = gradient_check("wrong-sign")
ratios = [weight.analytic / weight.numerical for weight in check]
print(f"smallest ratio {min(ratios):.6f}, largest {max(ratios):.6f}")
costs, _ = run("wrong-sign", alpha=1e-3, max_iter=3)
print([round(cost, 4) for cost in costs])

# %%
# 6. Delta of another cost
# ------------------------

print(BUGS["wrong-cost-delta"])
draw(
    "Delta of another cost",
    {
        "right": right,
        "wrong": run("wrong-cost-delta"),
        "wrong, step size 2": run("wrong-cost-delta", alpha=2.0),
    },
)

# %%
# **The curve looks healthy, but slow**, as with a step size that is too small. A step size of 2 nearly makes up for it,
# which hides the mistake. The factor :math:`h (1 - h)` is nearly 0 where the network is sure, and also where it is sure
# and wrong. With an output of 0.999 for the target 0 the delta should be nearly 1:

h = 0.999
print(f"right {h:.3f}, wrong {h * h * (1 - h):.6f}")

# %%
# The last layer is wrong, too, so the mistake is in (B1):

print_errors(gradient_check("wrong-cost-delta"))

# %%
# 7. Unshuffled batches
# ---------------------
#
# The rows are sorted by species. With batches of 10 rows, each batch of the wrong program has one species, or two.

print(BUGS["unshuffled-batches"])
batches = {"alpha": 1.0, "max_iter": 30, "batch_size": 10}
draw(
    "Unshuffled batches",
    {
        "right": run(None, **batches),
        "wrong": run("unshuffled-batches", **batches),
    },
)

# %%
# **The curve looks healthy**, but slow. It is even smoother than the right one, because each epoch has the same
# batches. The accuracy on the holdout is not lower. The gradient check finds nothing, because the gradient of every
# batch is right:

print(f"largest error {gradient_check('unshuffled-batches').max_error:.1e}")

# %%
# ``diagnose`` finds nothing either. The estimators shuffle unless they are told not to, which gives a second program to
# compare with:

model.set_params(
    shuffle=False,
    batch_size=10,
    learning_rate_init=1.0,
    max_iter=30,
)
model.fit(X[train], y[train])
found = model.diagnose(X[train], y[train], X_val=X[holdout], y_val=y[holdout])
print([finding.name for finding in found])

# %%
# The comparison finds it: train with and without shuffling, from several starts. If the difference is larger than that
# between starts, the order of the rows matters.

print("start  shuffled  in order of the file")
for seed in range(4):
    start = initialize_thetas([4, 3, 3], random_state=seed)
    options = {"start": start, "random_state": seed, **batches}
    costs, _ = run(None, **options)
    costs_in_order, _ = run("unshuffled-batches", **options)
    print(f"{seed:5d}  {costs[-1]:8.3f}  {costs_in_order[-1]:20.3f}")

# %%
# What finds what
# ---------------
#
# The table is computed: the largest relative error of each program, with ``lam=1``.

for name, bug in BUGS.items():
    error = gradient_check(name, lam=1.0).max_error
    print(f"{name:18s} error {error:7.1e}  found by {bug.instrument}")

# %%
# The gradient check finds six of the seven within seconds. Only the wrong sign and, at the same step size,
# the missing 1/m show in the curve. A curve that falls shows that the steps go downhill, but not that the gradient
# is right.
