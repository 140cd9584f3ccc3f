"""The models on this device: installed, switched and rolled back whole, whatever happens meanwhile."""
