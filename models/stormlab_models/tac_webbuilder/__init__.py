"""The analysed application tac-webbuilder: as found, each proposed change, and what was claimed."""
