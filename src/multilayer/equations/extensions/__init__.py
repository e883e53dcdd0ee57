"""What goes beyond the textbook's core.

Chosen costs, custom activations and costs with their checks, dropout, layer normalisation, penalties, step options,
schedules of the step size, the gradient by the inputs, and a trace of all quantities of one pass.
:mod:`multilayer.equations` exports the public names.
"""
