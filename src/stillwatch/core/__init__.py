"""The ground floor: the words everyone speaks, the error tree, settings and keyed pseudonyms."""
