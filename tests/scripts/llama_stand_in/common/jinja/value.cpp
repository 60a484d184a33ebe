int jinja() { return 0; }
