"""Studies: plans of many runs, their execution, and the table that answers a question."""
