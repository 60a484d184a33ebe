int unicode() { return 0; }
