"""Evidence packs: one archive that proves an approval."""
