"""The seeds' worked example: the Payments application in the UK and Germany on test hosts."""
