"""Training: optimizers, schedules, the loop with its checkpoints, and what it shows."""
