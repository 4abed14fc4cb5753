"""Packages as a user has them: built into a wheel, installed into an environment of their own, and run there."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

LAUNCHER = "#!{python}\nfrom trmpipe.cli.main import main\nmain()\n"


class Environment:
    """A fresh virtual environment that sees what this one has installed, trmpipe among it.

    Args:
        folder: where it is made.
    """

    def __init__(self, folder):
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        call([sys.executable, "-m", "venv", "--without-pip", folder])
        self.python = self.bin / "python"
        (site,) = folder.glob("lib/python*/site-packages")
        # Not a plain line: what is installed for development lies behind .pth files of its own.
        (site / "outer.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
        launcher = self.bin / "trmpipe"
        launcher.write_text(LAUNCHER.format(python=self.python))
        launcher.chmod(0o755)

    def install(self, wheel):
        """Install a wheel, without what it depends on: nothing is looked for on the network."""
        pip = [sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check", "install"]
        call([*pip, "--quiet", "--no-deps", "--no-index", wheel])

    def run(self, *command, cwd):
        """What a command prints; its first word is found in this environment, and it has to end well."""
        path = os.pathsep.join([str(self.bin), os.environ["PATH"]])
        return call([self.bin / command[0], *command[1:]], cwd=cwd, env=os.environ | {"PATH": path})


def build_wheel(source, out, *, from_sdist=False):
    """Build a wheel of a package without the network, and without a trace in its folder.

    Args:
        source: the folder of the package; it is copied first.
        out: where the wheel goes.
        from_sdist: whether a source distribution is made first, and the wheel from that.
    """
    copy = out / "source"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    kind = [] if from_sdist else ["--wheel"]
    call([sys.executable, "-m", "build", "--no-isolation", *kind, "--outdir", out, copy])
    (wheel,) = out.glob("*.whl")
    return wheel


def call(command, **options):
    """What a command prints, to both streams; it has to end well."""
    done = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, **options
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout[-4000:]}"
    return done.stdout


def checkout(target):
    """A copy of all files of this repository that git would take along."""
    root = Path(__file__).parents[1]
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, call(listed, cwd=root).split("\0")):
        if (root / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, target / name, follow_symlinks=False)
    return target
