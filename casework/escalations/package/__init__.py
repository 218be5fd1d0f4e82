"""The evidence package: from frozen facts to a signed, canonical archive. Nothing here reads the database."""
