"""From a config to parts that run: how they are built, what they weigh, in which dtype they compute."""
