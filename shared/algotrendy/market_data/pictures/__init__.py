"""Pictures of market data, as SVG: what is stored, how prices are adjusted, what a stream tells."""
