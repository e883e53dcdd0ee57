"""The pictures of commands: what their colours, numbers and metadata say."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from multilayer.cli.output.page import Section, html_report
from multilayer.cli.output.pictures import class_pictures, draw_pictures, surely_at_least

ROWS = {"a": 300, "b": 40, "c": 1}


def pictures():
    actual = np.repeat([0, 1, 2], list(ROWS.values()))
    predicted = actual.copy()
    predicted[:20] = 1
    return {
        each.name: each for each in class_pictures(actual, {"model": np.eye(3)[predicted]}, np.arange(3), list(ROWS))
    }


def test_a_class_of_one_row_is_paler_than_one_of_many_in_the_confusion():
    ax = pictures()["confusion"].draw()
    shades = np.asarray(ax.images[0].get_array())
    assert shades[0, 0] > 0.85 > 0.5 > shades[2, 2] > 0
    written = {text.get_text() for text in ax.texts}
    assert {"93%\n280", "7%\n20", "100%\n40", "100%\n1"} <= written
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a\n300", "b\n40", "c\n1"]


@pytest.mark.parametrize(("count", "n", "end"), [(1, 1, 0.207), (100, 100, 0.963), (0, 10, 0.0), (5, 10, 0.237)])
def test_the_end_of_the_interval_is_that_of_wilson(count, n, end):
    from scipy.stats import binomtest

    assert surely_at_least(np.array(count), np.array(n)) == pytest.approx(end, abs=1e-3)
    interval = binomtest(count, n).proportion_ci(0.95, method="wilson")
    assert surely_at_least(np.array(count), np.array(n)) == pytest.approx(interval.low, abs=1e-6)


def test_calibration_counts_the_rows_of_each_range_of_probabilities():
    ax = pictures()["calibration"].draw()
    below = ax.figure.axes[1]
    assert sum(bar.get_height() for bar in below.patches) == sum(ROWS.values())
    assert "341" in {text.get_text() for text in below.texts}


def test_captions_are_the_alternative_texts_of_reports_and_files():
    shown = list(pictures().values())
    drawn = dict(draw_pictures(shown))
    page = html_report("title", [], [Section("heading", pictures=shown)], drawn)
    for picture in shown:
        assert Image.open(io.BytesIO(drawn[picture.name])).text["Description"] == picture.caption
        assert f'alt="{picture.caption.replace(chr(39), "&#x27;")}"' in page
