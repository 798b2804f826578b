"""What the documentation site is made with, besides its texts; `mkdocs.yml` names the hooks."""
