"""Training: models, losses, optimisers, the loop, checkpoints, evaluation.

`session.train` is the whole of ``trmpipe train``, `inference` opens what it wrote. Nothing is re-exported here, so that
importing this package does not import torch.
"""
