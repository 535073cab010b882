"""The one exception of the generator: its text is for the person who wrote the manifest or the patch."""


class GenerationError(Exception):
    pass
