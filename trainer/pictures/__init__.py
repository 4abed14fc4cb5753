"""Pictures of runs and puzzles, by matplotlib; what `trmpipe solve` shows."""
