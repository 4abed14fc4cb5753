"""A trained run in use: opened, evaluated, asked for answers, listed with its scores."""
