"""Heat in the vehicle: charring shield in one dimension, soak of the whole section in two."""
