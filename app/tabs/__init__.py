"""The views, one file each: `build(services)` lays one out and wires it."""
