"""``python -m trmpipe``: the command, for a Python whose scripts are not on the path."""

from trmpipe.cli.main import main

# Processes that are started anew import this file under another name.
if __name__ == "__main__":
    main()
