"""Which models there are, and what is no model."""

from pathlib import Path

import pytest

from arvae_music.control.model import bundled, load_model
from arvae_music.errors import ArvaeError
from arvae_music.training.checkpoint import Checkpoint, save_checkpoint


def test_a_file_and_the_folder_of_a_run(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "best.safetensors", checkpoint)
    for name in (tmp_path, tmp_path / "best.safetensors", str(tmp_path)):
        model = load_model(name)
        assert model.name == str(name)
        assert model.checkpoint.settings == checkpoint.settings
        assert model.vocabulary.span == 47


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ArvaeError, match=r"there is no model 'polka': take .*a checkpoint file"):
        load_model("polka")
    with pytest.raises(ArvaeError, match=r"no best\.safetensors in this folder"):
        load_model(tmp_path)
    (tmp_path / "x.safetensors").write_bytes(b"no weights")
    with pytest.raises(ArvaeError, match=r"not a usable checkpoint: it is no \.safetensors file") as caught:
        load_model(tmp_path / "x.safetensors")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", bundled())
def test_a_bundled_model_edits(name: str) -> None:
    from arvae_music.formats.tune import Tune
    from tests.music import Part, melody_of

    model = load_model(name)
    assert model.name == name
    scale = Part("4/4", 0, 24, {3 * i: pitch for i, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72))})
    edit = model.edit(Tune(Path("scale.mid"), melody_of([scale])), density="+2")
    assert len(edit.tune.melody.notes) == 10
    assert model.reconstruct(Tune(Path("scale.mid"), melody_of([scale]))).count == 1


def test_a_run_that_was_stopped_early_says_so(tmp_path: Path) -> None:
    (tmp_path / "state.safetensors").write_bytes(b"")
    with pytest.raises(ArvaeError, match="this run has no model yet: go on with it by train --resume"):
        load_model(tmp_path)
