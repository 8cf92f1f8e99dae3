"""Evaluation: pure functions on arrays."""

from arvae_music.evaluation.control import correlations, share_in_key, weighted_mean
from arvae_music.evaluation.reconstruction import ReconstructionScores, reconstruction_scores

__all__ = ["ReconstructionScores", "correlations", "reconstruction_scores", "share_in_key", "weighted_mean"]
