"""A broker adapter to copy: the smallest that the acceptance suite takes.

docs/brokers/adding-a-broker.md goes through it. Nothing of the product uses it; a test puts it
through the suite.
"""
