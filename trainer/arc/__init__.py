"""ARC predictions scored: mapped back, voted on, and compared with the solutions; usable with any model's predictions.

`score` is all that most need. Nothing here imports torch at import time.
"""

from .score import KS, ArcScores, InputScore, TaskScore, score
from .votes import Answer

__all__ = ["KS", "Answer", "ArcScores", "InputScore", "TaskScore", "score"]
