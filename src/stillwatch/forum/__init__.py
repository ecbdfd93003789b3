"""The forum: what one lab may tell another, by rules that are code, over STIX and TAXII."""
