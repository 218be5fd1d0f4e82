"""HTML doors: the public form, the status page, the panel of a case, the page of API keys."""
