"""What a training asks of its process: the device, memory, an end to what takes too long."""
