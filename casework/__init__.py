"""The desk where reports of non-consensual intimate imagery are handled."""

__version__ = "0.1.0"
