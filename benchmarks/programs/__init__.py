"""What stormlab is measured against: programs written by hand, and their storms.

| file | what it is |
|---|---|
| `restart.cpp` | C++: the scenario of `stormlab_models.bench`; equal counts under every seed |
| `restart_events.cpp` | the same, tuned, but with a record per socket and events at the service |
| `restart_plain.cpp` | the same as one writes it in an afternoon, on `std::priority_queue` |
| `restart.hpp` | what the three share |
| `restart_simpy.py` | the same as a plain SimPy script: as many attempts, within chance |
| `storm_a_simpy.py` | a second storm, which any simulator can express, in plain SimPy |
| `storm_a.py` | that storm as a scenario of stormlab, for both engines; what differs |
| `build.py` | compiles them into `build/programs/`, runs them, and the scripts |

The scripts named `_simpy` import nothing of stormlab: they are what an engineer writes in an
afternoon. All programs take a size and a seed and print lines of a name and a number.
"""
