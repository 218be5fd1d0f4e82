"""Detection: what a file is and what it says about itself. Bytes or paths in, frozen dataclasses out.

A library of its own: it knows no web framework, reads no settings and no environment.
``python -m detection FILE...`` works without the web application.
"""
