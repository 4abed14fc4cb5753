"""Plain-Python references of the kernels: slow, obvious, and written from the definitions."""
