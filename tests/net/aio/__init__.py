"""What only asyncio has: cancellation, tasks, coroutines as handlers, one loop for everything."""
