"""The nodes as processes: started, watched over DDS, and recorded."""
