"""Reports: figures and pages that people read, made from the files of corpora, runs and studies alone."""
