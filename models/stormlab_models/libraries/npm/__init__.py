"""The npm packages that the lab runs unmodified, each at one version, and the bundler for them.

``package-lock.json`` names no registry: npm fetches from the one that it is set up with, and checks
every file against the lock's hash. To renew: change ``package.json``, run ``npm install
--package-lock-only`` in this folder, then rewrite ``LICENCES.md`` (``licences.py``).
"""
