"""The rate: how far the posterior is from the prior."""

from __future__ import annotations

from torch import Tensor

from arvae_music.model.encoder import Posterior


def divergence(posterior: Posterior) -> Tensor:
    """KL(q(z|x) || N(0, I)) per measure and dimension in nats, `[batch, latent]`.

    Kingma & Welling 2014, appendix B.
    """
    mean, log_std = posterior
    return 0.5 * (mean.square() + (2 * log_std).exp() - 1.0) - log_std
