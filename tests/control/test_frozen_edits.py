"""Edits by the bundled model come out as they were written down before the search was made faster.

The tokens in `frozen_edits.json` are those of the search as it was when it worked out every continuation of
every hypothesis (2,160 edits of held-out measures were the same then, of which these are the examples').
They are of the bundled `folk`, and have to be written anew with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arvae_music import load_model, read
from arvae_music.control.model import Model
from arvae_music.measures import measures

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
FROZEN = json.loads(Path(__file__).with_name("frozen_edits.json").read_text())


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("folk")


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda frozen: f"{frozen['file']} {frozen['asked']}")
def test_an_edit_is_the_same_as_before(model: Model, frozen: dict[str, Any]) -> None:
    edit = model.edit(read(EXAMPLES / frozen["file"]), **frozen["asked"])
    tokens = [row.tokens.tolist() for row in measures(edit.tune.melody) if row.tokens is not None]
    assert tokens == frozen["tokens"]
