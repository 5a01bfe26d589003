"""The compiled engine for fleets; needs Numba (``pip install 'stormlab[fleet]'``)."""
