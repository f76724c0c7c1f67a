"""Say in public what works: components, incidents, and how it was in the last 90 days."""
