"""The vocabulary that every room speaks: values, ids, time, events, errors."""
