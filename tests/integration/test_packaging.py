"""What `pip install trmpipe` brings: all rooms and what commands write from, and neither tests nor examples."""

import tarfile
import zipfile

from tests.packages import build_wheel, checkout
from trmpipe.cli.new_task import _FILES
from trmpipe.studies import shipped


def test_wheel_and_sdist_hold_what_they_have_to(tmp_path):
    wheel = build_wheel(checkout(tmp_path / "repository"), tmp_path / "out", from_sdist=True)
    names = zipfile.ZipFile(wheel).namelist()
    for source in _FILES.values():
        assert f"trmpipe/cli/starter/{source}" in names
    assert "trmpipe/generators/testing/rules.py" in names
    for study in shipped():
        assert f"trmpipe/studies/plans/{study}.toml" in names
    assert {f"trmpipe/reports/page/assets/{name}" for name in ("page.js", "live.js", "page.css")} <= set(names)
    assert {name.split("/")[0] for name in names} == {"trmpipe", "trmpipe-0.1.0.dist-info"}
    (sdist,) = (tmp_path / "out").glob("*.tar.gz")
    assert not [name for name in tarfile.open(sdist).getnames() if "/examples/" in name or "/tests/" in name]
