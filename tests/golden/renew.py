"""Write all golden files anew: ``python -m tests.golden.renew``. Say in CHANGELOG.md why they changed."""

from importlib import import_module
from pathlib import Path


def main() -> None:
    """Call `renew` of every golden test module."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        import_module(f"tests.golden.{path.stem}").renew()
        print(f"renewed {path.stem}")


if __name__ == "__main__":
    main()
