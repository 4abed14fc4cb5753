"""What may be set of a run, and how it is said: the config, `--set`, the curriculum, what a user asks for."""
