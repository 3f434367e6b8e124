"""What happens at sources, told to the apps above."""

from django.dispatch import Signal

# source, run, model_ids: a source was read; `model_ids` names the models that were, None for all.
source_synced = Signal()
