"""The algotrendy command."""
