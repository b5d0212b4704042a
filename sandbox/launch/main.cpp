#include "sandbox/launch/launcher_main.hpp"

int main(int argc, char** argv) { return bulkhead::sandbox::launcher_main(argc, argv); }
