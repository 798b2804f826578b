"""Age estimation by similarity-aware adversarial metric learning, without any user interface.

Import from the modules: nothing is imported here, so that `import sadal_core.errors` costs nothing.
"""

__version__ = "0.1.0"  # the only place; pyproject.toml reads it here
