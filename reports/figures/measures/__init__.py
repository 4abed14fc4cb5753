"""Charts of the measures of an analysis, by what they look like; `reports.figures.of_analysis` says which is whose."""
