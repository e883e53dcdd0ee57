"""Runs: networks in training that can be stepped, rewound and branched exactly, and taken along."""
