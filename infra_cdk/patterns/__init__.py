"""Hold the shapes that every capability is built from: function, queue, schedule, saga, service, API."""
