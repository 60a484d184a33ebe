int json() { return 0; }
