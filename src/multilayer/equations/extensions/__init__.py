"""Extensions of the textbook's core.

They are: chosen costs, checks of custom activations and costs, dropout, embeddings, encodings of columns, layer
normalisation, penalties, step options, schedules of the step size, the gradient with respect to the inputs and its
integral, and a trace of all quantities of one pass.
:mod:`multilayer.equations` exports the public names.
"""
