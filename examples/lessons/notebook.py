r"""
Backpropagation from the beginning
==================================

This lesson builds a neural network from its smallest part, a single unit, and trains it by gradient descent.
You compute every number once by hand or with a few lines of NumPy, and then with the library.
At the end you know how a network predicts, how backpropagation finds its derivatives, how to check them, and how to
report the accuracy of a trained network honestly.

You need derivatives, the chain rule and products of matrices.
The lesson runs after ``pip install "multilayer[plots]"``; the links at the end of the page download it as a notebook.

Tags such as (P2) and (B1) name equations.
:doc:`/learn/mathematics` derives each of them under the same tag, and the functions of ``multilayer.equations`` carry
them too.
"""

# %%
# The data
# --------
#
# The two moons are 1,000 points in the plane, in two classes. The classes are curved and reach into each other, so no
# straight line separates them. Our task: given the two coordinates of a new point, predict its moon.

import inspect
from fractions import Fraction

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import LinearSegmentedColormap
from sklearn.datasets import make_moons

from multilayer.plots import plot_data

X, y = make_moons(n_samples=1000, noise=0.1, random_state=0)
moons = ["moon 0", "moon 1"]
ax = plot_data(X, y, class_names=moons)
ax.set_title("The two moons")
print("X has shape", X.shape, "and y has shape", y.shape)

# %%
# Each row of the matrix ``X`` is one point, an *example*. ``y`` holds its class, 0 or 1.

# %%
# One unit
# --------
#
# A unit computes one number from its inputs. It multiplies each input by a weight, adds the products and a *bias*, and
# passes the sum through an *activation* function:
#
# .. math:: z = \theta_0 + \theta_1 x_1 + \theta_2 x_2, \qquad a = g(z) = \frac{1}{1 + e^{-z}} .
#
# This activation is the *sigmoid* (A1). It maps any sum to a number between 0 and 1, which we read as the probability
# of moon 1. Here is a unit whose weights were chosen by hand, applied to one point.


def sigmoid(z):
    """(A1)"""
    return 1 / (1 + np.exp(-z))


bias, weight_1, weight_2 = 0.25, 1.0, -3.0
x_1, x_2 = 1.5, -0.5
z = bias + weight_1 * x_1 + weight_2 * x_2
print(f"z = {bias} + {weight_1} * {x_1} + {weight_2} * {x_2} = {z}")
print(f"a = g({z}) = {sigmoid(z):.4f}")

# %%
# The unit is 96% sure that this point belongs to moon 1. It is undecided, :math:`a = \tfrac12`, where :math:`z = 0`.
# All points with :math:`z = 0` form a straight line, the *boundary*. The next picture shows the sigmoid, and the answer
# of our unit at every point of the plane.

COLORS = ["#8FC1DD", "#FFFFFF", "#EDB48C"]
BLUE_TO_RED = LinearSegmentedColormap.from_list("moons", COLORS)


def draw_boundary(ax, probability, X, y, title):
    """Shade the plane by P(moon 1), with a line where it is 1/2."""
    low, high = X.min(axis=0) - 0.2, X.max(axis=0) + 0.2
    across, up = np.meshgrid(*np.linspace(low, high, 200).T)
    points = np.column_stack([across.ravel(), up.ravel()])
    answers = probability(points).reshape(across.shape)
    shades = np.linspace(0, 1, 21)
    ax.contourf(across, up, answers, shades, cmap=BLUE_TO_RED)
    ax.contour(across, up, answers, [0.5], colors="black", linewidths=2)
    plot_data(X, y, class_names=moons, ax=ax)
    ax.set_title(title)


def one_unit(points):
    return sigmoid(bias + points @ [weight_1, weight_2])


figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
sums = np.linspace(-6, 6, 200)
axes[0].plot(sums, sigmoid(sums), color="black")
axes[0].set(xlabel="weighted sum z", ylabel="activation g(z)")
axes[0].set_title("The sigmoid")
draw_boundary(axes[1], one_unit, X, y, "One unit and its boundary")
print(f"accuracy: {np.mean((one_unit(X) > 0.5) == y):.3f}")

# %%
# The accuracy is the share of points that the unit puts on the right side: 0.871. Other weights move or turn the line,
# but it stays straight. To bend it we need more units.

# %%
# A network
# ---------
#
# Put several units side by side, each with its own weights: a *layer*. Let the next layer use the activations of this
# one as its inputs. Layers between the input and the output are *hidden*.
#
# Our network has 2 inputs, two hidden layers of 5 units, and 2 output units, one for each moon. The bias is treated as
# the weight of one more input, which is always 1. In the drawing, that is the dashed unit +1 on top of each layer.
#
# The weights from layer :math:`l` to layer :math:`l + 1` form the matrix :math:`\Theta_l`. It has one row for each unit
# of layer :math:`l + 1`, and one column for each unit of layer :math:`l`, after column 0 for the biases. They start as
# small random numbers. If all were equal, all units of a layer would compute the same, and would stay equal.

from multilayer.equations import initialize_thetas
from multilayer.plots import plot_network

sizes = [2, 5, 5, 2]
thetas = initialize_thetas(sizes, random_state=0, scheme="notebook")
figure, ax = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
plot_network(thetas, ax=ax)
ax.set_title("A network of 2, 5, 5 and 2 units")
for number, theta in enumerate(thetas, start=1):
    print(f"Theta_{number}:", theta.shape, "->", theta.size, "weights")
print("in all:", sum(theta.size for theta in thetas))

# %%
# Forward propagation
# -------------------
#
# The network predicts by computing its layers from left to right. With the examples as the rows of :math:`X`, and
# :math:`[1 ~ A]` for the matrix :math:`A` with a column of ones before it,
#
# .. math::
#
#    A_1 &= X & & \text{(P1)} \\
#    Z_{l+1} &= [1 ~ A_l] \, \Theta_l^\top & \qquad & \text{(P2)} \\
#    A_{l+1} &= g(Z_{l+1}) & & \text{(P3)} \\
#    H &= A_L & & \text{(P4)}
#
# (P2) is the weighted sum of every unit for every example, as one product of matrices. (P3) is the activation. The
# activations of the last layer are the answer :math:`H`. Here they are sigmoids too. In code, this is a short loop.


def with_bias(A):
    return np.column_stack([np.ones(len(A)), A])


def forward(X, thetas):
    A = [X]  # (P1)
    for theta in thetas:
        Z = with_bias(A[-1]) @ theta.T  # (P2)
        A.append(sigmoid(Z))  # (P3), (P4)
    return A


point = np.array([1.0, 0.5])
A = forward(point[None], thetas)
for layer, activations in enumerate(A, start=1):
    print(f"A_{layer} =", activations[0].round(2))

# %%
# The same computation for this point, with every number in its place: the weight on each line, the activation in each
# unit and its weighted sum above it.

from multilayer.plots import plot_propagation

ax = plot_propagation(thetas, point)
ax.set_title("Forward propagation in the untrained network")
t_0, t_1, t_2 = thetas[0][0]
z = t_0 * 1 + t_1 * point[0] + t_2 * point[1]
print("The first hidden unit:")
print(f"z = {t_0:.2f} * 1 + {t_1:.2f} * 1 + {t_2:.2f} * 0.5 = {z:.2f}")
print(f"a = g({z:.2f}) = {sigmoid(z):.2f}")

# %%
# The two answers, 0.43 and 0.44, are nearly equal. The network has not learned anything yet.

# %%
# The cost
# --------
#
# To improve the weights we need one number that says how wrong the network is. The targets :math:`Y` have one column
# for each class, with a 1 in the column of the right class (E1). An output :math:`h_k` is read as the probability that
# :math:`y_k = 1`. The cost of an example is minus the logarithm of the probability that the network gave to the truth,
# summed over the outputs:
#
# .. math:: c = -\sum_k \left[ y_k \log h_k + (1 - y_k) \log(1 - h_k) \right] \qquad \text{(C1)}
#
# A right and certain answer costs almost 0. A wrong and certain answer costs a lot.

from multilayer.equations import one_hot

h_1, h_2 = A[-1][0]
c = -np.log(1 - h_1) - np.log(h_2)
print("The point above, if it belongs to moon 1, y = (0, 1):")
print(f"-log(1 - {h_1:.2f}) - log({h_2:.2f}) = {c:.4f}")

Y = one_hot(y, 2)
H = forward(X, thetas)[-1]
costs = -np.sum(Y * np.log(H) + (1 - Y) * np.log(1 - H), axis=1)
print(f"mean cost of all {len(X):,} points: {costs.mean():.4f}")
print(f"answering 1/2 to everything: 2 log 2 = {2 * np.log(2):.4f}")

figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
answers = np.linspace(0.01, 0.99, 99)
ax.plot(answers, -np.log(answers), color="#0072B2")
ax.plot(answers, -np.log(1 - answers), color="#D55E00", linestyle="--")
ax.set(xlabel="output h", ylabel="cost")
ax.set_title("The cost of one output")
_ = ax.legend(["target 1: -log h", "target 0: -log(1 - h)"])

# %%
# The cost of the network is the mean over the examples, :math:`J = \frac1m \sum_i c_i` (J). A penalty on large
# weights, the *regularisation*, may be added: :math:`\frac{\lambda}{2m}` times the sum of their squares without the
# biases (C4). We use it in the step by hand below, and set :math:`\lambda = 0` for the moons.

# %%
# Why gradients flow backward
# ---------------------------
#
# *Gradient descent* changes every weight a little in the direction in which the cost falls. It needs the derivative of
# the cost with respect to each of the 57 weights.
#
# One could change one weight at a time and measure the cost, which takes two forward propagations for each weight. The
# chain rule gives all derivatives in a single pass.
#
# Take one unit with one input and the target 1, and write its computation as a graph of simple operations. Each node
# has a value, computed from left to right. Each arrow has a derivative: how fast the node at its head changes with the
# node at its tail. For a product :math:`wx` it is :math:`x` on the arrow from :math:`w`. For the sigmoid it is
# :math:`a (1 - a)`. For :math:`-\log h` it is :math:`-1/h`.
#
# By the chain rule, the derivative of the cost with respect to a node is the derivative of the cost with respect to the
# next node, times the derivative on the arrow between them. So if we start at the cost, whose derivative with respect
# to itself is 1, and walk against the arrows, each step is one multiplication. Where several arrows leave a node, their
# contributions add up.


def backward(graph):
    """Add to each node the derivative of the last one by it."""
    derivative = dict.fromkeys(graph, 0.0)
    derivative[list(graph)[-1]] = 1.0
    for name in reversed(graph):
        inputs, _ = graph[name]
        for source, slope in inputs.items():
            derivative[source] += derivative[name] * slope
    return [(name, *graph[name], derivative[name]) for name in graph]


from multilayer.plots import plot_computation_graph

w, x, b = 2.0, 0.5, -0.5
z = w * x + b
h = sigmoid(z)
unit = {
    "$w$": ({}, w),
    "$x$": ({}, x),
    "$wx$": ({"$w$": x, "$x$": w}, w * x),
    "$b$": ({}, b),
    "$z=wx+b$": ({"$wx$": 1.0, "$b$": 1.0}, z),
    r"$h=\sigma(z)$": ({"$z=wx+b$": h * (1 - h)}, h),
    r"$c=-\log h$": ({r"$h=\sigma(z)$": -1 / h}, -np.log(h)),
}
ax = plot_computation_graph(backward(unit))
ax.set_title("One unit and its cost, forward and backward")
slope, delta = h * (1 - h), -1 / h * h * (1 - h)
print(f"derivative by z: {-1 / h:.3f} * {slope:.3f} = {delta:.3f}")
print(f"h - y = {h:.3f} - 1 = {h - 1:.3f}")

# %%
# The derivative with respect to the sum :math:`z` has a name, :math:`\delta`. It came out as :math:`h - y`, because
# :math:`-\frac1h \cdot h (1 - h) = h - 1`. This holds for the sigmoid with this cost, for either target, and it starts
# backpropagation:
#
# .. math:: \delta_L = H - Y \qquad \text{(B1)}
#
# All derivatives before :math:`z` contain :math:`\delta` as a factor. That is why we go backward: each layer
# reuses what the next layer has computed.
#
# Now a hidden unit that feeds two output units, with the targets 1 and 0. The cost depends on its activation
# :math:`a` along two paths, and the two contributions are added.

z, w_1, w_2 = 0.5, 2.0, -1.0
a = sigmoid(z)
h_1, h_2 = sigmoid(w_1 * a), sigmoid(w_2 * a)
two_paths = {
    "$z$": ({}, z),
    r"$a=\sigma(z)$": ({"$z$": a * (1 - a)}, a),
    "$z_1=2a$": ({r"$a=\sigma(z)$": w_1}, w_1 * a),
    "$z_2=-a$": ({r"$a=\sigma(z)$": w_2}, w_2 * a),
    "$c_1$": ({"$z_1=2a$": h_1 - 1}, -np.log(h_1)),  # (B1), y = 1
    "$c_2$": ({"$z_2=-a$": h_2 - 0}, -np.log(1 - h_2)),  # (B1), y = 0
    "$c$": ({"$c_1$": 1, "$c_2$": 1}, -np.log(h_1) - np.log(1 - h_2)),
}
ax = plot_computation_graph(backward(two_paths))
ax.set_title("A hidden unit and two outputs: the paths add up")
by_a = w_1 * (h_1 - 1) + w_2 * h_2
by_z = by_a * a * (1 - a)
print(f"by a: {w_1} * {h_1 - 1:.3f} + {w_2} * {h_2:.3f} = {by_a:.3f}")
print(f"by z: {by_a:.3f} * {a * (1 - a):.3f} = {by_z:.3f}")

# %%
# This is the rule for every hidden unit: the :math:`\delta` of the next layer, weighted by the same weights that were
# used forward, added up, and multiplied by the derivative of the activation. For a whole layer and all examples, with
# :math:`\odot` for the product element by element,
#
# .. math::
#
#    \delta_l = \left( \delta_{l+1} \, \Theta_{l[:, 1:]} \right) \odot g'(Z_l) \qquad \text{(B2)}
#
# Column 0 is left out, since the bias unit is the constant 1 and has no inputs to which anything could be passed on.
#
# A weight multiplies the activation at its tail and is added to the sum at its head. So its derivative is the
# :math:`\delta` at the head times the activation at the tail, summed over the examples (B3), divided by their number,
# and with the derivative of the regularisation (B4):
#
# .. math::
#
#    \Delta_l &= \delta_{l+1}^\top [1 ~ A_l] & \qquad & \text{(B3)} \\
#    D_l &= \frac1m \Delta_l + \frac{\lambda}{m} \Theta_l^{(0)} & & \text{(B4)}
#
# Here :math:`\Theta_l^{(0)}` is :math:`\Theta_l` with zeros in column 0, as biases have no price.
#
# (B1) to (B4) are backpropagation. A step of gradient descent with the *step size* :math:`\alpha` is
#
# .. math:: \Theta_l \leftarrow \Theta_l - \alpha D_l \qquad \text{(D1)}

# %%
# One step by hand
# ----------------
#
# Now compute one complete step, small enough for paper: 2 inputs, 2 hidden units, 1 output, 2 examples,
# :math:`\lambda = 1` and :math:`\alpha = \tfrac14`. To have exact numbers, the hidden units are relu units,
# :math:`g(z) = \max(0, z)` with the derivative 1 or 0 (A3), and the output is the sum itself. Its cost is half the
# squared error, :math:`c = \tfrac12 (h - y)^2` (C3), for which (B1) is again :math:`h - y`. Then every number is a
# fraction, and Python's ``Fraction`` computes without rounding.
#
# Take a sheet of paper and try each line before you read its result.


def fractions(rows):
    return np.array([[Fraction(v) for v in row] for row in rows])


def show(name, matrix):
    rows = [" ".join(f"{value!s:>6}" for value in row) for row in matrix]
    print(f"{name:8}", "   ".join(rows))


def with_one(A):
    return np.column_stack([fractions([[1]] * len(A)), A])


X_hand, Y_hand = fractions([[1, 2], [3, -1]]), fractions([[1], [2]])
Theta_1 = fractions([["1/2", 1, "-1/2"], [-1, "1/2", 1]])
Theta_2 = fractions([["1/4", "1/2", -1]])
m, lam, alpha = 2, 1, Fraction(1, 4)

Z_2 = with_one(X_hand) @ Theta_1.T  # (P2)
A_2 = np.where(Z_2 > 0, Z_2, 0)  # (P3)
H = with_one(A_2) @ Theta_2.T  # (P2), (P4)
show("Z_2", Z_2)
show("A_2", A_2)
show("H", H)

# %%
# The rows of a matrix are printed side by side. The first number of :math:`Z_2` is
# :math:`\tfrac12 \cdot 1 + 1 \cdot 1 - \tfrac12 \cdot 2 = \tfrac12`. The last one is negative, and relu makes it 0: for
# the second example, the second hidden unit is off. Next the cost:

squares = np.sum(Theta_1[:, 1:] ** 2) + np.sum(Theta_2[:, 1:] ** 2)
mean_cost = np.sum((H - Y_hand) ** 2 / 2) / m  # (C3)
price = Fraction(lam, 2 * m) * squares  # (C4)
J = mean_cost + price  # (J)
print(f"J = {mean_cost} + {price} = {J}")

# %%
# Back from the output to the weights:

delta_3 = H - Y_hand  # (B1)
delta_2 = (delta_3 @ Theta_2[:, 1:]) * np.where(Z_2 > 0, 1, 0)  # (B2)
show("delta_3", delta_3)
show("delta_2", delta_2)


def gradient(delta, A, theta):
    D = delta.T @ with_one(A) / m  # (B3), and the mean of (B4)
    D[:, 1:] += Fraction(lam, m) * theta[:, 1:]  # (B4), the price
    return D


D_1 = gradient(delta_2, X_hand, Theta_1)
D_2 = gradient(delta_3, A_2, Theta_2)
show("D_1", D_1)
show("D_2", D_2)

# %%
# In the drawing of the first example, follow one number backward: :math:`\delta = -2` at the output, times the weight
# :math:`\tfrac12`, is :math:`\delta = -1` at the first hidden unit. Below each weight stands :math:`\delta` at its head
# times the activation at its tail, the example's own derivative before the mean and the price.


def draw_example(i, title):
    ax = plot_propagation(small, X_small[i], Y_small[i], write=as_fraction, **looks)
    ax.set_title(title)


def as_fraction(value):
    return str(Fraction(value))


arrays = (X_hand, Y_hand, Theta_1, Theta_2)
X_small, Y_small, *small = [array.astype(float) for array in arrays]
looks = {"hidden": "relu", "output": "identity"}
draw_example(0, "The first example, forward and backward")

# %%
# In the second example, the second hidden unit is off. Its :math:`\delta` is 0, and so is the derivative of every
# weight that leads into it.

draw_example(1, "The second example, forward and backward")

# %%
# The step itself, and the same step by the library. Each of these fractions has a power of two below the line, so
# floating-point numbers hold them exactly, and both results agree to the last digit.

from multilayer.equations import cost_and_gradient, gradient_descent

new_1, new_2 = Theta_1 - alpha * D_1, Theta_2 - alpha * D_2  # (D1)
show("Theta_1", new_1)
show("Theta_2", new_2)

problem = {"lam": 1.0, **looks}
J_library, D = cost_and_gradient(X_small, Y_small, small, **problem)
new, _ = gradient_descent(X_small, Y_small, small, 1 / 4, 1, **problem)
print("J is equal:     ", J_library == J)
print("D is equal:     ", (D[0] == D_1).all() and (D[1] == D_2).all())
print("Theta is equal: ", (new[0] == new_1).all() and (new[1] == new_2).all())

J_after, _ = cost_and_gradient(X_small, Y_small, new, **problem)
print(f"the step lowered J from {J_library:.4f} to {J_after:.4f}")

# %%
# The same in code
# ----------------
#
# ``multilayer.equations.core`` holds the whole algorithm for sigmoid networks in one page of NumPy. This is its
# backpropagation, with the tag of each equation on its line:

from multilayer.equations import core

source = inspect.getsource(core.backpropagation)
print(source.split('"""')[2].strip("\n"))

# %%
# Apply it to the moons. :math:`D` has the same shapes as the weights, one derivative for each.

D = core.backpropagation(X, Y, thetas)
for number, d in enumerate(D, start=1):
    print(f"D_{number}:", d.shape, f"largest {np.abs(d).max():.4f}")

# %%
# The derivatives are largest in the last layer and get smaller towards the input. Each (B2) multiplies by the
# derivative of the sigmoid, which is at most :math:`\tfrac14`, and by small weights. The plateau of the
# cost curve below follows from it.

# %%
# The gradient check
# ------------------
#
# A mistake in backpropagation often still lowers the cost, only more slowly, so it is easily missed. The *gradient
# check* compares each derivative with a difference quotient, which uses nothing but forward propagation (N1). It is far
# too slow for training, and it is the right test for code.

from multilayer.equations import check_gradient, compare_gradients

report = check_gradient(X, Y, thetas)
print(report)
same = all(np.allclose(d, a) for d, a in zip(D, report.analytic, strict=True))
print("core.backpropagation has the same derivatives:", same)

# %%
# A relative error (N2) below 1e-7 is rounding; above 1e-4 there is a mistake. Let us make one: forget the factor
# :math:`g'` in (B2) at the second layer. Its derivatives are wrong, and the check names a weight of ``Theta1``.

A = core.forward(X, thetas)
delta_4 = A[3] - Y
delta_3 = (delta_4 @ thetas[2][:, 1:]) * A[2] * (1 - A[2])
delta_2 = delta_3 @ thetas[1][:, 1:]  # forgotten: * A[1] * (1 - A[1])
wrong = [delta_2.T @ with_bias(A[0]) / len(X), *D[1:]]
print(compare_gradients(wrong, report.numerical))

# %%
# 1,000 iterations
# ----------------
#
# Everything is in place. Gradient descent repeats (D1): here 1,000 times with the step size 0.5, each time with all
# 1,000 points.

trained, costs_1000 = core.descend(X, Y, thetas, 0.5, n_steps=1000)


def moon_1(thetas):
    """Return the function from points to P(moon 1)."""

    def probability(points):
        H = core.forward(points, thetas)[-1]
        return H[:, 1] / H.sum(axis=1)  # so that both sum to 1

    return probability


def accuracy(thetas, X, y):
    H = core.forward(X, thetas)[-1]
    return np.mean(H.argmax(axis=1) == y)  # (P5)


def least_correlation(A):
    """How similar the most different two units of a layer are."""
    return np.abs(np.corrcoef(A.T)).min()


print(f"cost: {costs_1000[0]:.4f} at first, {costs_1000[-1]:.4f} at last")
print(f"accuracy: {accuracy(trained, X, y):.3f}")
for A_l in core.forward(X, trained)[1:3]:
    print(f"correlations of hidden units: {least_correlation(A_l):.2f} to 1")

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
draw_boundary(ax, moon_1(trained), X, y, "After 1,000 iterations")

# %%
# After 1,000 iterations, the network of 57 weights is hardly better than the unit with three weights chosen by hand:
# 0.875 against 0.871. Its boundary is still a straight line. The cause is in the hidden units: the activations of any
# two units of a layer have a correlation of at least 0.98, in absolute value. Five units that all compute the same can
# do no more than one.

# %%
# 5,000 iterations
# ----------------
#
# Give it more time. Also keep half of the points aside: train on the first 500 and *test* on the other 500. A network
# must be judged on points that it has not been trained on.

X_train, y_train, X_test, y_test = X[:500], y[:500], X[500:], y[500:]
Y_train = one_hot(y_train, 2)
trained, costs_5000 = core.descend(X_train, Y_train, thetas, 0.5, n_steps=5000)
print(f"cost: {costs_5000[0]:.4f} at first, {costs_5000[-1]:.4f} at last")
print(f"accuracy on the training points: {accuracy(trained, X_train, y_train):.3f}")
print(f"accuracy on the test points: {accuracy(trained, X_test, y_test):.3f}")
for A_l in core.forward(X_train, trained)[1:3]:
    print(f"correlations of hidden units: {least_correlation(A_l):.2f} to 1")

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
draw_boundary(ax, moon_1(trained), X_test, y_test, "After 5,000 iterations")

# %%
# 0.998: one error in 500 test points, which the picture shows. The boundary follows the moons, and the hidden units are
# no longer all alike.
#
# The library trains the same network with ``MLPClassifier``, whose engine is compiled. With the settings of this lesson
# it takes the same steps: full batches, no momentum, the same start. Two words differ. ``learning_rate_init`` is our
# step size :math:`\alpha`, and its ``alpha`` is our :math:`\lambda`.

from multilayer import MLPClassifier


def textbook_network(n_rows, n_iterations, random_state=0):
    return MLPClassifier(
        (5, 5),
        "sigmoid",
        output="sigmoid",
        initialization="notebook",
        solver="sgd",
        momentum=0,
        learning_rate_init=0.5,
        alpha=0,
        batch_size=n_rows,
        shuffle=False,
        max_iter=n_iterations,
        tol=0,
        n_iter_no_change=None,
        random_state=random_state,
    )


model = textbook_network(500, 5000).fit(X_train, y_train)
pairs = zip(model.thetas_, trained, strict=True)
difference = max(np.abs(a - b).max() for a, b in pairs)
print(f"accuracy on the test points: {model.score(X_test, y_test):.3f}")
print(f"largest difference of a weight: {difference:.1g}")

# %%
# The cost curve
# --------------
#
# The curve of the cost shows what happened in between. Each iteration uses all points once, which is called an *epoch*.

from multilayer.plots import plot_cost

left = next(step for step, value in enumerate(costs_5000) if value < 0.4)
ax = plot_cost({"1,000 points": costs_1000, "500 points": costs_5000})
ax.set_title("The cost of both runs")
for step in (0, 1000, 4000):
    print(f"cost after {step:5,} iterations: {costs_5000[step]:.3f}")
print(f"first below 0.4 after {left:,} iterations")

# %%
# The cost falls to the level of a straight line within 1,000 iterations. Then it stays on a *plateau* for thousands of
# iterations, in which the hidden units slowly become different. After about 4,400 iterations they differ enough, the
# line bends, and the cost falls within a few hundred iterations.
#
# Keep two facts in mind: a flat cost curve does not mean that the training has ended, and this run left the plateau
# shortly before we stopped it.

# %%
# Too few and too many units
# --------------------------
#
# How many units does a problem need? To see both mistakes, take a harder sample: only 100 points, with so much noise
# that the moons overlap, and 2,000 more points as a test. The networks have one hidden layer of tanh units, and are
# trained by L-BFGS, which needs far fewer iterations than gradient descent. Each row is the mean of five starts.

from sklearn.metrics import log_loss

X_few, y_few = make_moons(n_samples=100, noise=0.25, random_state=1)
X_many, y_many = make_moons(n_samples=2000, noise=0.25, random_state=2)


def network_of(n_units, alpha=0.0, seed=0):
    settings = {"solver": "lbfgs", "alpha": alpha, "max_iter": 5000}
    return MLPClassifier((n_units,), "tanh", random_state=seed, **settings)


def mean_scores(n_units, alpha, X, y):
    """The mean accuracy and log-loss of five networks."""
    found = []
    for seed in range(5):
        model = network_of(n_units, alpha, seed).fit(X_few, y_few)
        loss = log_loss(y, model.predict_proba(X))
        found.append((model.score(X, y), loss))
    return np.mean(found, axis=0)


settings = [(1, 0), (2, 0), (5, 0), (10, 0), (100, 0), (100, 0.1)]
print("               100 training points    2,000 test points")
print("units  lambda  accuracy  log-loss    accuracy  log-loss")
for n_units, alpha in settings:
    right, loss = mean_scores(n_units, alpha, X_few, y_few)
    print(f"{n_units:5} {alpha:7} {right:9.3f} {loss:9.3f}", end="")
    right, loss = mean_scores(n_units, alpha, X_many, y_many)
    print(f" {right:11.3f} {loss:9.3f}")

# %%
# Three of these networks, with the training points:


def moon_1_by(model):
    return lambda points: model.predict_proba(points)[:, 1]


chosen = [(1, 0), (100, 0), (100, 0.1)]
titles = ["1 unit", "100 units", "100 units, λ = 0.1"]
figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), layout="constrained")
for ax, (n_units, alpha), title in zip(axes, chosen, titles, strict=True):
    model = network_of(n_units, alpha).fit(X_few, y_few)
    draw_boundary(ax, moon_1_by(model), X_few, y_few, title)
    ax.get_legend().remove()

# %%
# The *log-loss* is the mean of minus the logarithm of the probability that was predicted for the true class (C2).
#
# One unit is too few: it *underfits*. Its accuracy is as low on the training points, 0.850, as on new ones, 0.855,
# because a line cannot do better.
#
# A hundred units without regularisation are too many: they *overfit*. They learn every training point, the noise
# included. On new points their accuracy is 0.907, far from their training score of 1.000. Their probabilities are far
# too certain, so that each error is expensive: a log-loss of 2.6 on the test points, where one unit has 0.35.
# By the log-loss on new points, two units are too many already.
#
# The remedy is not always fewer units. With :math:`\lambda = 0.1` in (C4) large weights become expensive, and the same
# hundred units have the best accuracy and the best probabilities on the test
# points.

# %%
# Cross-validation
# ----------------
#
# In practice there are no 2,000 spare points to choose by. *Cross-validation* uses the points at hand: divide them
# into five *folds*, train on four, score on the fifth, and repeat until each fold has been scored once. So every point
# is used for testing, and never by a network that was trained on it.

from sklearn.model_selection import StratifiedKFold, cross_val_score

folds = StratifiedKFold(5, shuffle=True, random_state=0)
score = "neg_log_loss"
print("units  lambda  log-loss of each fold            mean")
for n_units, alpha in [(1, 0), (5, 0), (100, 0), (100, 0.1)]:
    model = network_of(n_units, alpha)
    losses = -cross_val_score(model, X_few, y_few, cv=folds, scoring=score)
    each = " ".join(f"{loss:5.2f}" for loss in losses)
    print(f"{n_units:5} {alpha:7} {each} {losses.mean():9.3f}")

# %%
# With 100 points alone, cross-validation selects the same setting as the 2,000 test points did.

# %%
# Honest figures
# --------------
#
# Back to the 0.998. It was measured on points that the network had not seen. Is it the accuracy to expect?
# Cross-validate the same network, with the same 5,000 iterations.

fold_scores, fold_costs = [], []
for train, test in folds.split(X, y):
    model = textbook_network(len(train), 5000).fit(X[train], y[train])
    fold_scores.append(model.score(X[test], y[test]))
    fold_costs.append(np.array(model.loss_curve_))
print("accuracy of the folds:", np.round(fold_scores, 3))
print(f"mean: {np.mean(fold_scores):.3f}")
for number, curve in enumerate(fold_costs, start=1):
    below = np.flatnonzero(curve < 0.4)
    when = f"below 0.4 after {below[0]:,}" if len(below) else "never below 0.4"
    print(f"fold {number}: last cost {curve[-1]:.3f}, {when}")

ax = plot_cost(fold_costs, labels=[f"fold {number}" for number in range(1, 6)])
_ = ax.set_title("The cost of the same training in five folds")

# %%
# The mean is 0.902, not 0.998. The folds do not scatter around this mean, they fall into two groups. In fold 4 the
# network left the plateau after 3,831 iterations and is right on every test point. In the other four it was still there
# after 5,000 iterations, with a cost near 0.5 and the accuracy of a line.
#
# The four folds are not harder. They differ in the iteration at which the cost leaves the plateau, which depends on the
# training points and on the starting weights. Our first half left it at about 4,400 of 5,000. Train the folds twice as
# long, and repeat our experiment with twenty random halves, and with twenty starts on the first half:

longer = cross_val_score(textbook_network(800, 10_000), X, y, cv=folds)
print("folds after 10,000 iterations:", longer.round(3))
print(f"mean: {longer.mean():.3f}")

rng = np.random.RandomState(0)
halves = []
for _ in range(20):
    order = rng.permutation(len(X))
    model = textbook_network(500, 5000).fit(X[order[:500]], y[order[:500]])
    halves.append(model.score(X[order[500:]], y[order[500:]]))
starts = []
for seed in range(20):
    model = textbook_network(500, 5000, seed).fit(X_train, y_train)
    starts.append(model.score(X_test, y_test))
for name, found in [("20 halves", halves), ("20 starts", starts)]:
    mean, high = np.mean(found), np.sum(np.array(found) > 0.95)
    print(f"{name}: mean {mean:.3f}, {high} above 0.95")

figure, ax = plt.subplots(figsize=(7, 2.4), layout="constrained")
ax.plot(fold_scores, np.full(5, 2) + np.linspace(-0.1, 0.1, 5), "o", color="#0072B2")
ax.plot(halves, 1 + np.linspace(-0.2, 0.2, 20), "^", color="#009E73")
ax.plot(starts, np.linspace(-0.2, 0.2, 20), "s", color="#CC79A7")
first_run = accuracy(trained, X_test, y_test)
ax.axvline(first_run, color="black", linestyle="--", linewidth=1)
ax.set_yticks([2, 1, 0], ["5 folds", "20 random halves", "20 starts"])
ax.set_xlabel("accuracy on test points; dashed: our first run")
ax.set_ylim(-0.5, 2.5)
_ = ax.set_title("Two groups: on the plateau, and past it")

# %%
# After 10,000 iterations four of the five folds have left the plateau, and the mean is 0.969. After 5,000 iterations 12
# of the twenty halves are past it, and 16 of the twenty starts.
#
# The 0.998 was computed correctly, but it was one favourable draw. An honest report says that this training gave 0.998
# on one split, 0.902 on average over five folds, and why: the run often ends before the line bends.
#
# The cause also names the remedy, which is better training and not another split. Small *batches* of 50 rows make many
# steps in each epoch. tanh units pass larger derivatives back than sigmoid units. The Adam rule
# (D4) adapts the step size to each weight.

steps = {"batch_size": 50, "learning_rate_init": 0.02, "max_iter": 100}
better = MLPClassifier((5, 5), "tanh", n_iter_no_change=None, random_state=0, **steps)
found = cross_val_score(better, X, y, cv=folds)
print("folds after 100 epochs of batches and Adam:", found.round(3))
print(f"mean: {found.mean():.3f}")

# %%
# Now all five folds agree, and the mean of 0.998 is a figure to report.

# %%
# What next
# ---------
#
# - :doc:`/learn/exercises`: compute deltas, shapes and steps yourself, with answers that the library checks.
# - :doc:`/learn/lessons/seven_bugs`: seven mistakes in backpropagation code, and how to find each.
# - :doc:`/learn/mathematics`: the derivation of every equation of this lesson.
#
# Before you go on, change one thing in the notebook and predict the result first: the step size, the seed of the
# starting weights, or the number of hidden units.
