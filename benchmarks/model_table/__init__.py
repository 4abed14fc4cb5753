"""All models in one table, on 6x6 Sudoku: at equal training FLOPs and at equal time, each tuned by the same effort.

    python -m benchmarks.model_table --out runs/table        # an hour and a half on two cores; goes on where it was

Every entry gets six tries on another corpus (two variants of it, three learning rates), judged by puzzles kept aside
from training; the choice is then trained from several seeds, once for the same seconds and once for the same FLOPs as
the reference, and scored on held-out puzzles. Two runs go side by side, of one thread each.
"""
