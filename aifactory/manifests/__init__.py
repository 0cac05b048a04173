"""From a plan to a Bundle: the ordered Kubernetes objects of one cell, as plain data."""
