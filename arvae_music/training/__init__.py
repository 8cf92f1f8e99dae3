"""Training: settings, the loop, checkpoints, the state to resume from."""
