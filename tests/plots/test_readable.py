"""make_readable: commas in large numbers, fonts for all characters, and escapes for those that no font has."""

from __future__ import annotations

import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.font_manager import fontManager

from multilayer.plots import make_readable, plot_cost, plot_data, plot_network
from multilayer.plots.readable import _characters, _fonts_with

LACKING = "\U000e0fff"  # assigned to no character
GEORGIAN = "ქალაქი"


def drawn_without_warnings(figure):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.canvas.draw()


def test_names_without_a_font_are_escapes_everywhere_and_stay_so(monkeypatch):
    """Not boxes: in labels of axes, ticks, legends and beside units, with one warning each time."""
    monkeypatch.setattr("multilayer.plots.readable._fonts_with", lambda wanted: ((), wanted))
    with pytest.warns(UserWarning, match=r"no installed font has 2 of the characters, such as \\u4e2d"):
        ax = plot_data([[0, 0], [1, 1]], ["中文", "b"], feature_names=["中", "US$ to A$"])
    drawn_without_warnings(ax.figure)
    assert ax.get_xlabel() == r"\u4e2d"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["b", r"\u4e2d\u6587"]
    with pytest.warns(UserWarning, match="no installed font"):
        ax = plot_network([np.ones((1, 3))], feature_names=["中", "b"])
    assert r"\u4e2d" in {text.get_text() for text in ax.texts}
    figure, ax = plt.subplots()
    ax.barh([0, 1], [1, 2])
    ax.set_yticks([0, 1], ["中文", "b"])
    with pytest.warns(UserWarning, match="Install a font for this script"):
        make_readable(figure)
    drawn_without_warnings(figure)
    assert [label.get_text() for label in ax.get_yticklabels()] == [r"\u4e2d\u6587", "b"]


def test_a_font_that_has_the_characters_follows_the_one_that_lacks_them():
    with matplotlib.rc_context({"font.family": "STIXGeneral"}):  # which has no Georgian; DejaVu Sans has
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ax = plot_cost({GEORGIAN: [2.0, 1.0], "b": [2.0, 1.5]})
        first, second = ax.get_legend().get_texts()
    assert first.get_text() == GEORGIAN
    assert first.get_fontfamily()[0] == "STIXGeneral"
    assert len(first.get_fontfamily()) > 1
    assert second.get_fontfamily() == ["STIXGeneral"]
    drawn_without_warnings(ax.figure)


def test_fonts_that_are_chosen_have_the_characters():
    found, lacking = _fonts_with(frozenset(GEORGIAN + LACKING))
    assert lacking == {LACKING}
    files = [font.fname for font in fontManager.ttflist if font.name in found]
    assert set(GEORGIAN) <= set().union(*map(_characters, files))


def test_text_in_the_characters_of_the_font_is_left_alone():
    ax = plot_data([[0, 0], [1, 1]], ["größer ≥ 2", "×"])
    assert ax.get_legend().get_texts()[0].get_fontfamily() == matplotlib.rcParams["font.family"]


def test_axes_of_other_kinds_keep_their_numbers():
    figure, (left, right) = plt.subplots(1, 2)
    left.set_xlim(1e3, 1e6)
    left.set_xscale("log")
    right.bar(["a", "b"], [1, 30_000])
    make_readable(figure)
    figure.canvas.draw()
    assert "10^{4}" in "".join(label.get_text() for label in left.get_xticklabels())
    assert [label.get_text() for label in right.get_xticklabels()] == ["a", "b"]
    assert "10,000" in {label.get_text() for label in right.get_yticklabels()}
