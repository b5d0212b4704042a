// The keeper of one command: a process of its own, which no host's end reaches. It starts the
// command once, writes down what it prints, ends it in time, and writes the end sentinel. When it
// is killed the command dies with it.
#pragma once

namespace bulkhead::sandbox {

// `bulkhead-launcher keep FOLDER`, run by the host in that folder (the argument is for those who
// read `ps`): standard input is the encoded KeepRequest, standard output a pipe for the KeepReport.
// Returns the exit status of a process that nobody waits for; the one that was started ends at
// once.
int keeper_main();

}  // namespace bulkhead::sandbox
