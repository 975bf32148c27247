// The entry of a compiled job. It lies in the runtime's archive and is taken from there because the job's object has no
// `main` of its own; the object brings flow_program_v1.
#include "runtime/program/run_job.h"

int main(int argc, char** argv) { return flow::runtime::run_job(flow_program_v1, argc, argv); }
