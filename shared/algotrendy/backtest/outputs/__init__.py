"""Give a run to others: figures in words, JSON and tables for Parquet."""
