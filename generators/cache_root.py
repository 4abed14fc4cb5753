"""Where what trmpipe compiles or puts together once is kept: `$TRMPIPE_CACHE_DIR`, by default `~/.cache/trmpipe`."""

import os
from pathlib import Path


def cache_root() -> Path | None:
    """The folder, which may not be there yet; None where there is no home and the variable is not set."""
    try:
        return Path(os.environ.get("TRMPIPE_CACHE_DIR") or Path.home() / ".cache" / "trmpipe")
    except RuntimeError:  # No HOME, and a user whom the system does not know, as in a container.
        return None
