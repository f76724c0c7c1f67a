"""The examples of the API's document: asked of the real apps, over stores in memory."""
