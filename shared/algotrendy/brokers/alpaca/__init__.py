"""Trade at Alpaca through alpaca-py: its session, its headers, its stream.

alpaca-py loads pandas, which takes a second: nothing here imports it before the first request.
"""
