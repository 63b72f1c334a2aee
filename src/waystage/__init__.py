"""Waystage: which training sequence carries a multilingual encoder best across languages?"""

__version__ = "0.1.0"
