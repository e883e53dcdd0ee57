"""The fit of a table model on a dataset that is larger than memory.

The way of the data::

    survey.py        first pass: labels, a sample, validation rows, and summaries for the encoders
    preparing.py     encoders and surroundings from them
    encoding.py      second pass: files of encoded rows
    networks.py      training of each kind of network by windows of these rows
    fit.py           all of it in order, then weights, calibration and scores as for a table in memory
"""
