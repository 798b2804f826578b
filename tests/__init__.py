"""The suite, and what checks the annotations of the package while it runs (see pyproject.toml)."""

from beartype import BeartypeConf, beartype

# As everywhere in Python's type system, an int will do where a float is asked for.
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
