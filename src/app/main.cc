#include "app/verbs.h"

int main(int argc, char** argv) { return inquest::app::run_command_line(argc, argv); }
