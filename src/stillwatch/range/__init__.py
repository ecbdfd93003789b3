"""The range room."""
