"""Curves of model selection: what more rows, more units, more regularisation and another seed change."""
