"""What a change does to running work: one pure rule a kind of disruption."""
