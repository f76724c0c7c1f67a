"""A broker to begin from: copy this folder."""
