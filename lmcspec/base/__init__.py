"""Ids, steps, random streams and errors with positions: what every other package rests on."""
