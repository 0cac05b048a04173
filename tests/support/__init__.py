"""What several lanes share."""
