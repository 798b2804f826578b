"""Age estimation by similarity-aware adversarial metric learning, without any user interface.

Import from the modules: this file stays empty so that `import sadal_core.errors` costs nothing.
"""

__version__ = "0.1.0"  # as in pyproject.toml
