"""Describe AlgoTrendy's AWS account as code: one app, three stages."""
