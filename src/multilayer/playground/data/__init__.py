"""The rows that a network of the playground learns from: shapes of points, and the user's table."""
