"""One figure per file, from arrays; no gradio, no torch."""
