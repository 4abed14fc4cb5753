"""Puzzles put to a network, and what its answers are worth: scores, restarts, votes, searches, intervals."""
