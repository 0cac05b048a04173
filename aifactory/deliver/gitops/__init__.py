"""GitOps trees on disk: as text, written so that a kill leaves no half tree, compared with what is there."""
