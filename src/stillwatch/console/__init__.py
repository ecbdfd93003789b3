"""The console: the pages on which analysts look at findings and decide cases."""
