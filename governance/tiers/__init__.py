"""Risk tiers: a questionnaire, its score, and the tier that follows."""
