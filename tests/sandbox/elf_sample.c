/* A small shared library for elf_check_test.cpp to break. The long name leaves room in its string
 * table. */
#define JOIN_(a, b, c, d, e, f) a##b##c##d##e##f
#define JOIN(a, b, c, d, e, f) JOIN_(a, b, c, d, e, f)
#define R20 rrrrrrrrrrrrrrrrrrrr
__attribute__((visibility("default"))) int JOIN(R20, R20, R20, R20, R20, R20)(void);
int JOIN(R20, R20, R20, R20, R20, R20)(void) { return 42; }

static int started;
__attribute__((constructor)) static void start(void) { started = 1; }
__attribute__((visibility("default"))) int bulkhead_elf_sample(void) { return started; }
