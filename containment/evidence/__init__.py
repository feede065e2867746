"""Evidence: published tests and flights, the PyMC models that learn from them, the gate their posteriors must pass.

The only user of PyMC and ArviZ. Start at `infer.infer`.
"""
