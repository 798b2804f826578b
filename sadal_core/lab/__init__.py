"""A small training of SADAL that is looked at step by step: in the page, a notebook, a command."""
