"""The actors room."""
