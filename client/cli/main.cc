// `semel`: the conversation with semeld, by hand.

#include "client/cli/command_line.h"

int main(int argc, char** argv) { return semel::cli::CommandLine().Run(argc, argv); }
