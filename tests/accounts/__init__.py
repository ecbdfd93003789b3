"""Tests of the accounts room."""
