"""Published checkpoints: read, made into runs, written again."""
