"""What the authors of the method published, to stand beside one's own figures."""

from __future__ import annotations

SOURCE = (
    "Pati & Lerch 2020 (arXiv 2004.05485), read off the published figures: means over ten seeds, "
    "on the authors' own data and split"
)

PUBLISHED: dict[str, dict[str, dict[str, float]]] = {
    "folk": {
        "ar_vae": {
            "interpretability": 0.961,
            "mig": 0.478,
            "modularity": 0.872,
            "sap": 0.523,
            "spearman": 0.987,
            "ticks": 0.994,
        },
        "beta_vae": {
            "interpretability": 0.205,
            "mig": 0.033,
            "modularity": 0.866,
            "sap": 0.100,
            "spearman": 0.440,
            "ticks": 0.9975,
        },
    },
    "bach": {
        "ar_vae": {
            "interpretability": 0.957,
            "mig": 0.163,
            "modularity": 0.683,
            "sap": 0.315,
            "spearman": 0.976,
            "ticks": 0.961,
        },
        "beta_vae": {
            "interpretability": 0.118,
            "mig": 0.028,
            "modularity": 0.715,
            "sap": 0.076,
            "spearman": 0.377,
            "ticks": 0.991,
        },
    },
}
"""By corpus, model and metric."""

PUBLISHED_IMAGES: dict[str, dict[str, float]] = {
    "sprites": {
        "interpretability": 0.846,
        "mig": 0.688,
        "modularity": 0.961,
        "sap": 0.846,
        "spearman": 0.886,
    },
    "morpho-mnist": {
        "interpretability": 0.850,
        "mig": 0.135,
        "modularity": 0.842,
        "sap": 0.544,
        "spearman": 0.956,
    },
}
"""AR-VAE on images by data set and metric, from the same figures; of all their attributes, shape and
orientation of sprites among them."""
