"""Every error a user can meet, as one tree; each leaf has its own exit code.

    MienError
    ├── InputError
    │   ├── CameraMissingError     10   no such camera
    │   ├── FileUnreadableError    11   missing, empty or unreadable file
    │   ├── NotAPictureError       12   the file is there but holds no video or image
    │   ├── NoImagesError          13   a folder without images
    │   └── NotABenchmarkError     14   the file holds no results of `mien bench`, or of another version
    ├── ModelError
    │   ├── ModelMissingError      20   no such model
    │   ├── ModelCorruptError      21   truncated, altered or foreign model
    │   ├── SignatureError         22   unsigned, altered since, or signed by nobody who is trusted
    │   ├── ModelUnfitError        23   a sound model, but not for this device
    │   ├── StoreError             24   the model store is in use, or refuses
    │   ├── DownloadError          25   a model or an index that cannot be fetched
    │   └── QuantisationError      26   a model loses too much as integers
    ├── ConfigError                30   unknown key or unusable value
    ├── OutputError                40   a port in use, a file that cannot be written
    ├── DependencyError            50   an optional package is not installed
    ├── DataError                  60   a data set is missing or half-copied
    ├── PackagingError             70   a package for devices that cannot be built
    ├── BrokerError                80   the fleet's broker is away, or refuses
    └── RolloutError
        ├── RolloutStoppedError    81   a model was rolled back on too many devices, and was withdrawn
        └── RolloutStuckError      82   too few devices took a model in time; its share stays

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


class NotABenchmarkError(InputError):
    exit_code = 14


class ModelError(MienError):
    """A model that cannot be run."""


class ModelMissingError(ModelError):
    exit_code = 20


class ModelCorruptError(ModelError):
    exit_code = 21


class SignatureError(ModelError):
    exit_code = 22


class ModelUnfitError(ModelError):
    exit_code = 23


class StoreError(ModelError):
    exit_code = 24


class DownloadError(ModelError):
    exit_code = 25


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


class PackagingError(MienError):
    exit_code = 70


class ImageError(MienError):
    exit_code = 71


class BrokerError(MienError):
    exit_code = 80


class RolloutError(MienError):
    """A model that did not get through the fleet."""


class RolloutStoppedError(RolloutError):
    exit_code = 81


class RolloutStuckError(RolloutError):
    exit_code = 82


def error_of(exit_code: int) -> type[MienError]:
    """The class of an exit code; MienError itself for one that none has."""
    kinds = [MienError]
    for kind in kinds:
        if kind.exit_code == exit_code:
            return kind
        kinds += kind.__subclasses__()
    return MienError
