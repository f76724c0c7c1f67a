"""The bar engine, parameter sweeps, and the report that a person looks at."""
