"""plot_diagnosis: a mark for each unit, silent units highlighted, captions and findings."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer import MLPClassifier
from multilayer.exceptions import InputError
from multilayer.plots import plot_diagnosis
from multilayer.plots._style import NEGATIVE


def network(moons, sizes=(8, 6), **options):
    return MLPClassifier(sizes, max_iter=30, n_iter_no_change=np.inf, random_state=0, **options).fit(*moons)


def test_units_are_drawn_at_their_response_and_silent_ones_are_highlighted(moons):
    model = network(moons)
    model.intercepts_[0][:5] = -100
    diagnosis = model.diagnose(*moons)
    ax = plot_diagnosis(diagnosis)
    (points, silent) = ax.collections[:2]
    heights = np.concatenate([points.get_offsets()[:, 1], silent.get_offsets()[:, 1]])
    assert np.array_equal(np.sort(heights), np.sort(diagnosis.layers[0].responding))
    n = int(diagnosis.layers[0].silent.sum())
    assert len(silent.get_offsets()) == n >= 5
    from matplotlib.colors import to_hex

    assert to_hex(silent.get_facecolors()[0]).upper() == NEGATIVE
    assert f"{n} of 8 silent" in ax.get_xticklabels()[0].get_text()


def test_captions_and_title_contain_the_findings(moons):
    diagnosis = network(moons).diagnose(*moons)
    ax = plot_diagnosis(diagnosis)
    ax.figure.canvas.draw()
    n = int(diagnosis.layers[0].silent.sum())
    silent = f"{n} of 8 silent\n" if n else ""
    captions = [label.get_text() for label in ax.get_xticklabels()]
    assert captions[0] == f"hidden layer 1, relu\n{silent}update {diagnosis.layers[0].update_ratio:.0e}"
    assert len(captions) == 2
    assert ax.get_title(loc="left") == "Diagnosis"
    listed = ax.figure.get_supxlabel().replace("\n", " ")
    assert all(finding.heading in listed for finding in diagnosis.findings[:6])


def test_l_bfgs_has_no_update_ratio(moons):
    model = MLPClassifier((4,), solver="lbfgs", max_iter=1000, random_state=0).fit(*moons)
    ax = plot_diagnosis(model.diagnose(*moons))
    assert ax.get_xticklabels()[0].get_text().splitlines()[-1] in ("hidden layer 1, relu", "1 of 4 silent")


def test_a_network_without_hidden_layers_raises_an_error(moons):
    with pytest.raises(InputError, match="no hidden layer"):
        plot_diagnosis(network(moons, ()).diagnose(*moons))


def test_an_estimator_instead_of_a_diagnosis_raises_an_error(moons):
    with pytest.raises(InputError, match=r"expected a Diagnosis, got MLPClassifier\. Pass model\.diagnose"):
        plot_diagnosis(network(moons))
