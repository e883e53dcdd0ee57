"""Colours and markers distinguish classes, also for colour-blind readers."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from multilayer.plots._style import LINE_COLORS, N_STYLES, NEGATIVE, OKABE_ITO, POSITIVE, lighten, style

# Machado, Oliveira and Fernandes (2009), full severity, on linear RGB.
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(color, vision):
    """Return CIE L*a*b* of `color` as seen with `vision`, a matrix on linear RGB."""
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    t = TO_XYZ @ np.clip(vision @ linear, 0, 1) / TO_XYZ.sum(axis=1)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", [np.eye(3), DEUTERANOPIA, PROTANOPIA], ids=["full", "deuteranopia", "protanopia"])
def test_eight_colours_are_distinguishable(vision):
    # A difference of 10 is clear; a difference of 2.3 is just noticeable.
    distances = {
        pair: np.linalg.norm(lab(pair[0], vision) - lab(pair[1], vision)) for pair in combinations(OKABE_ITO, 2)
    }
    assert min(distances.values()) > 10, min(distances, key=distances.__getitem__)
    assert distances[POSITIVE, NEGATIVE] > 60


def test_first_eight_classes_differ_in_colour_and_marker():
    looks = [style(k) for k in range(8)]
    assert len({look.color for look in looks}) == 8
    assert len({look.marker for look in looks}) == 8


def test_all_pairs_of_colour_and_marker_differ():
    assert len({(style(k).color, style(k).marker) for k in range(N_STYLES)}) == N_STYLES == 64
    assert len({(style(k, LINE_COLORS).color, style(k, LINE_COLORS).marker) for k in range(56)}) == 56


def test_lines_are_never_yellow():
    assert OKABE_ITO[7] not in {style(k, LINE_COLORS).color for k in range(56)}


def test_lighten_goes_from_white_to_the_colour():
    assert lighten("#123456", 0.0) == "#ffffff"
    assert lighten("#123456", 1.0) == "#123456"
