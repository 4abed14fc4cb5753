"""Suites that every plug-in of a kind passes; their authors run them too."""
