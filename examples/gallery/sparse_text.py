"""
Sparse text
===========

A message has a few of the thousands of words that occur in all messages. So its row of word counts is nearly empty, and
is stored as a sparse matrix. This program predicts the department that a message to a shop belongs to:
``TfidfVectorizer`` of scikit-learn makes the sparse matrix, and ``MLPClassifier`` trains on it as it is, without making
it dense.
"""

# %%
# Messages to a shop
# ------------------
# A seeded generator writes the messages. Each department has words that are frequent in it; most words occur in all
# departments, one word in six comes from another department, and some words are misspelt.

import textwrap

import numpy as np

random = np.random.RandomState(0)
frequent = {
    "delivery": "parcel courier late tracking address arrived doorstep shipment waiting package",
    "payment": "invoice charged card refund twice amount bank receipt transfer bill",
    "returns": "return size wrong exchange broken damaged label fits colour warranty",
    "account": "password login email reset locked newsletter profile delete username verify",
}
frequent = {department: words.split() for department, words in frequent.items()}
common = "hello please the my order is was and i have not yet for with thanks your shop today since help"
syllables = ["ba", "lo", "mi", "re", "tu", "ka", "sen", "dor", "vi", "pe", "gral", "no"]
names = ["".join(random.choice(syllables, 3)) for _ in range(1500)]  # products and people, each of them rare


def misspell(word):
    """Swap two letters of every twelfth word."""
    if len(word) < 4 or random.rand() > 1 / 12:
        return word
    k = random.randint(1, len(word) - 2)
    return word[:k] + word[k + 1] + word[k] + word[k + 2 :]


def write_message(department):
    """Draw the words of a message."""
    words = list(random.choice(common.split(), random.randint(6, 14))) + list(
        random.choice(names, random.randint(1, 5))
    )
    for _ in range(random.randint(1, 4)):
        source = department if random.rand() < 5 / 6 else random.choice(list(frequent))
        words.append(random.choice(frequent[source]))
    random.shuffle(words)
    return " ".join(misspell(word) for word in words)


departments = random.choice(list(frequent), 3000, p=[0.4, 0.25, 0.2, 0.15])
messages = [write_message(department) for department in departments]
for department, message in zip(departments[:3], messages[:3], strict=True):
    print(f"{department:9} {textwrap.shorten(message, 70)}")

# %%
# From words to a sparse matrix
# -----------------------------
# Each column is a word; a cell is the frequency of the word in the message, less for words that are frequent
# everywhere. The matrix stores only cells that are not 0.

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

texts, test_texts, y, y_test = train_test_split(messages, departments, test_size=0.3, random_state=0)
vectorizer = TfidfVectorizer(min_df=2, dtype=np.float32)
X = vectorizer.fit_transform(texts)
stored = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
print(f"{X.shape[0]:,} messages, {X.shape[1]:,} words, {X.nnz / X.shape[0]:.1f} words a message")
print(f"cells that are not 0: {X.nnz / np.prod(X.shape):.2%}")
print(f"memory: sparse {stored / 1e6:.2f} MB, dense {4 * np.prod(X.shape) / 1e6:.1f} MB")

# %%
# Train
# -----
# The vectorizer and the network are one pipeline, which takes text. With more columns than rows, a network fits the
# training rows soon, so that a tenth of them decides on the epoch. The network is float32, as the matrix is.

from sklearn.metrics import classification_report
from sklearn.pipeline import make_pipeline

from multilayer import MLPClassifier

network = MLPClassifier(
    (32,), max_iter=60, learning_rate_init=0.005, early_stopping=True, early_stopping_metric="loss", random_state=0
)
model = make_pipeline(vectorizer, network).fit(texts, y)
print(f"{network.n_iter_} epochs, weights of {network.parameters_.dtype}")
print(classification_report(y_test, model.predict(test_texts), digits=3))

# %%
# The sparse matrix and the same numbers in a dense array give the same network, up to the rounding of sums.

from sklearn.base import clone

dense = clone(network).fit(X.toarray(), y)
answers = [each.predict_proba(part) for each, part in ((network, X), (dense, X.toarray()))]
print(f"largest difference of a probability: {np.abs(answers[0] - answers[1]).max():.0e}")

# %%
# Words that decide
# -----------------
# ``input_gradient`` is the change of an output with each input. Its mean over the test messages shows which words speak
# for a department.

import matplotlib.pyplot as plt

gradient = network.input_gradient(vectorizer.transform(test_texts[:300]), of="Z").mean(axis=0)
words = vectorizer.get_feature_names_out()
fig, axes = plt.subplots(1, 4, figsize=(9.6, 3.4), layout="constrained", sharex=True)
for k, (ax, department) in enumerate(zip(axes, network.classes_, strict=True)):
    order = np.argsort(gradient[k])[-8:]
    ax.barh(words[order], gradient[k, order], color="#0072B2")
    ax.set_title(department)
fig.suptitle("Words that speak for a department")
_ = fig.supxlabel("mean derivative of the weighted sum")

# %%
# What to take away
# -----------------
# The sparse matrix needs 0.20 MB instead of 9.0 MB, and gives the probabilities of the dense one within 2e-07. The
# network finds the department of 85 % of the new messages (accuracy 0.849). Sparse matrices work in ``fit``,
# ``partial_fit`` and ``predict``; embeddings of numbers (:doc:`/how-to/options`) need dense arrays.
