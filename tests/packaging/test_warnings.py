"""The public names work where every warning is an error, those of other libraries too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys
from pathlib import Path
from arvae_music import ArvaeError, Meter, Note, UsageError, attributes, by, load_model, read, to

folder = Path(sys.argv[1])
tune = read("data/examples/jig.abc")
assert [row.values for row in attributes(tune)]
for suffix in (".mid", ".abc", ".musicxml", ".mxl"):
    assert read(tune.write(folder / f"new{suffix}")).melody.notes
model = load_model("folk")
edit = model.edit(tune, density="+2", contour=by(-3))
edit.tune.write(folder / "edited.abc")
model.steps(tune, 2, density="+2")
model.generate(measures=2, meter="6/8", key="D", density=to(6), seed=1)
model.decode(model.encode(tune))
model.reconstruct(tune)
try:
    read(folder / "none.mid")
except ArvaeError as error:
    assert "none.mid does not exist" in str(error)
"""


def test_no_warning_comes_of_the_public_names(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
