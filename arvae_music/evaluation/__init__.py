"""Evaluation: pure functions on arrays."""

from arvae_music.evaluation.reconstruction import ReconstructionScores, reconstruction_scores

__all__ = ["ReconstructionScores", "reconstruction_scores"]
