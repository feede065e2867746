"""From the opening of a seal to gas flow, and from gas flow to the size of particle that could follow it."""
