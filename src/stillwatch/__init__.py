"""Stillwatch finds who is distilling a model provider's models through its API."""
