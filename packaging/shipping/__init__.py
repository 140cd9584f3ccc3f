"""From the repository to what devices install: Debian packages, and archives for machines without dpkg."""
