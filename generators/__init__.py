"""The puzzles: tasks, their Numba kernels, augmenters and randomness. No I/O, no Dask, no torch."""
