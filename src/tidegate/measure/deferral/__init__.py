"""What a cascade of a cheap score and a dear judge is worth: which items to defer, and what is lost by it."""

from tidegate.measure.deferral.band import Band, best_band, symmetric_band
from tidegate.measure.deferral.blend import Blend, fit_blend
from tidegate.measure.deferral.curve import CURVE, curve, f1_of

__all__ = ["CURVE", "Band", "Blend", "best_band", "curve", "f1_of", "fit_blend", "symmetric_band"]
