"""Futoshiki for trmpipe: Latin squares with signs between neighbours that say which of the two is smaller."""
