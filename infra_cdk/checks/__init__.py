"""Hold the house rules that a synth refuses to break."""
