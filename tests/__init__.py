"""Tests, by lane."""
