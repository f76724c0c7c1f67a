"""AlgoTrendy: algorithmic trading in your own AWS account, and whole on a laptop."""
