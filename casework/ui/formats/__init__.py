"""How dates and times read where nothing else is said, a package a language."""
