"""When runs are meant, whether they came, when they may write, and how the operating system is told to start them."""
