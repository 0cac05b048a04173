"""Facts with source and date: systems, releases. Data is YAML; models give it types."""
