"""Age estimation by similarity-aware adversarial metric learning, without any user interface.

Import from the modules: this file stays empty so that `import sadal_core.errors` costs nothing.
"""
