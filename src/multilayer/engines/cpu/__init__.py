"""The CPU engine: kernels compiled by Numba, matrix products by BLAS."""
