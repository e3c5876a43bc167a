"""Probability and information theory for machine learning, as the course teaches it."""
