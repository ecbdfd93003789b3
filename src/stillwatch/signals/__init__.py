"""The signals room."""
