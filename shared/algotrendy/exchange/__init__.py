"""The one set of matching rules, and the paper exchange that stands on them."""
