"""Reports on runs: what their files say, what their networks answer, and the sections that show it."""
