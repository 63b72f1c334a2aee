"""What the tasks of multiple choice share."""

from __future__ import annotations

from waystage.tasks.task import TrainingDefaults

# XTREME-R's hyperparameters for SocialIQA, COPA and XCOPA.
CHOICE_TRAINING = TrainingDefaults(epochs=5.0, learning_rate=2e-5, batch_size=32, max_tokens=128)
# Those of the intermediate tasks of Phang et al. (2020).
INTERMEDIATE_TRAINING = TrainingDefaults(
    epochs=2.0, learning_rate=1e-5, batch_size=32, max_tokens=256, warmup_fraction=0.1, weight_decay=0.01
)
