"""The tester tested: planted faults, whether they are found, and whether their repairs pass.

:mod:`.planted` says what a planted fault is and finds the installed ones; :mod:`.hunt` looks for
them as ``stormlab check`` would; :mod:`.words` writes the table of discovery.
"""
