"""Cards and alerts: what a run has to tell people, whom, and how it reaches them."""
