"""Hold the shapes that capabilities are built from: function, queue, schedule, saga, API."""
