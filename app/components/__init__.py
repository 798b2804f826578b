"""Fragments of the page: plain data to HTML, or small groups of Gradio parts."""
