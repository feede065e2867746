"""Statics of shell and vessels, and the landing: chains of crushable masses, explicit finite elements, seams."""
