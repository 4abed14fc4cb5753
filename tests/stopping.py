"""A generation that is stopped when all of its units are written, before its catalog is."""


class StopError(Exception):
    """All units are written."""


class StopBeforeTheCatalog:
    """A `Progress` that stops there."""

    def start(self, stage, total):
        self.stage = stage

    def advance(self, done):
        pass

    def finish(self):
        if self.stage == "writing variants":
            raise StopError
