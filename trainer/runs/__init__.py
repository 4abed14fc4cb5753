"""A run on disk: what its folder holds, how it is named, opened and gone on with, what it was trained on."""
