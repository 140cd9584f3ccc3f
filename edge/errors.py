"""Every error a user can meet, as one tree; each leaf has its own exit code.

    MienError
    ├── InputError
    │   ├── CameraMissingError     10   no such camera
    │   ├── FileUnreadableError    11   missing, empty or unreadable file
    │   ├── NotAPictureError       12   the file is there but holds no video or image
    │   └── NoImagesError          13   a folder without images
    ├── ModelError
    │   ├── ModelMissingError      20   no such model
    │   ├── ModelCorruptError      21   truncated, altered or foreign model
    │   └── QuantisationError      26   a model loses too much as integers
    ├── ConfigError                30   unknown key or unusable value
    ├── OutputError                40   a port in use, a file that cannot be written
    ├── DependencyError            50   an optional package is not installed
    └── DataError                  60   a data set is missing or half-copied

0 is success, 1 an unexpected fault or a failed check, 2 a wrong command line.
"""

from __future__ import annotations


class MienError(Exception):
    """One line: what is wrong and what to do about it."""

    exit_code = 1


class InputError(MienError):
    """Something to look at that cannot be looked at."""


class CameraMissingError(InputError):
    exit_code = 10


class FileUnreadableError(InputError):
    exit_code = 11


class NotAPictureError(InputError):
    exit_code = 12


class NoImagesError(InputError):
    exit_code = 13


class ModelError(MienError):
    """A model that cannot be run."""


class ModelMissingError(ModelError):
    exit_code = 20


class ModelCorruptError(ModelError):
    exit_code = 21


class QuantisationError(ModelError):
    exit_code = 26


class ConfigError(MienError):
    exit_code = 30


class OutputError(MienError):
    exit_code = 40


class DependencyError(MienError):
    exit_code = 50


class DataError(MienError):
    exit_code = 60
