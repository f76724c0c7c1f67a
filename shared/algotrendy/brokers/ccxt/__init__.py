"""Trade spot pairs at a crypto exchange through ccxt, whichever exchange it is.

ccxt loads every exchange that it knows, which takes seconds: nothing here imports it before
``CcxtBroker.open``, and then in a thread.
"""
