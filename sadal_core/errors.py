"""The errors a caller can act on; each message names the thing and the remedy."""


class SadalError(Exception):
    """Base of every error that this package raises on purpose."""


class UnreadableImageError(SadalError):
    """Bytes that are no picture, or a picture that is too large to open safely."""


class NoFaceError(SadalError):
    """A readable picture in which no face was found."""


class WeightsError(SadalError):
    """Weights that are missing, damaged, or of another model."""


class DataError(SadalError):
    """A data set that is missing, malformed, or too small for what was asked."""


class ConfigError(SadalError):
    """A setting that makes no sense."""


class LabError(SadalError):
    """A training in the lab that cannot go on."""


class ProcessLostError(SadalError):
    """A process that has ended in the middle of a training of several."""
