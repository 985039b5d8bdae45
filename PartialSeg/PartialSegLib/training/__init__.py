"""Trainings and their curves."""
