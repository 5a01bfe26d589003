"""What stormlab is measured against: programs written by hand, each for one storm.

| file | what it is |
|---|---|
| `restart.cpp` | C++: the scenario of `benchmarks/fleet_speed.py`; equal counts under every seed |
| `build.py` | compiles it into `build/programs/`, runs it, and runs the scripts |

The scripts import nothing of stormlab: they are what an engineer writes in an afternoon.
"""
