"""`make security`: attack a real platform of its own, and look through the code and templates."""
