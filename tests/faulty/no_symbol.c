/* A shared library, but no plugin. */
__attribute__((visibility("default"))) int faulty_no_symbol(void);
int faulty_no_symbol(void) { return 42; }
