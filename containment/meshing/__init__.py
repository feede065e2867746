"""Geometry to mesh: the axisymmetric section, from a recipe or from a user's own file, tagged and checked."""
