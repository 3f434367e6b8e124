"""Puts the gate before the record of deployments, whichever door somebody comes through."""

from governance.promotion.services import deployment_take
from registry.deployments.doors import recorder_use

recorder_use(deployment_take)
