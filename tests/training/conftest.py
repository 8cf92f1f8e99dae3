"""A corpus that trains in a second."""

import pytest

from arvae_music.training.run import TrainingData
from tests.training.small import some_measures


@pytest.fixture
def data() -> TrainingData:
    """Fifty measures to learn from, twelve to validate on."""
    return TrainingData(some_measures(50, 0), some_measures(12, 1), "made-up", "f00d", {"name": "made-up"})
