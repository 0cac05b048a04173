"""What every object of a factory has to be like: rules of security and order, and written exceptions to them."""
