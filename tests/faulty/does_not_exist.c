/* Only there to link missing_dep against; never in a package. */
__attribute__((visibility("default"))) int faulty_does_not_exist(void);
int faulty_does_not_exist(void) { return 0; }
