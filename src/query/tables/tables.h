/// The tables: one function each, which describes it.
#pragma once

#include <memory>
#include <vector>

#include "query/table.h"

namespace inquest::query {

// Of the heap.
std::unique_ptr<Table> blocks_table();
std::unique_ptr<Table> refs_table();
std::unique_ptr<Table> strings_table();
std::unique_ptr<Table> arenas_table();
std::unique_ptr<Table> heap_faults_table();
// Of the threads.
std::unique_ptr<Table> threads_table();
std::unique_ptr<Table> frames_table();
std::unique_ptr<Table> variables_table();
// Of the address space.
std::unique_ptr<Table> modules_table();
std::unique_ptr<Table> symbols_table();
std::unique_ptr<Table> regions_table();
std::unique_ptr<Table> areas_table();
// Of the answer.
std::unique_ptr<Table> process_table();
std::unique_ptr<Table> findings_table();
std::unique_ptr<Table> evidence_table();
std::unique_ptr<Table> warnings_table();
// Of what the blocks are (typed/): only where objects/typing.h is implemented.
std::unique_ptr<Table> objects_table();
std::unique_ptr<Table> fields_table();
std::unique_ptr<Table> types_table();

/// All, in the order of the documentation.
std::vector<std::unique_ptr<Table>> all_tables();

}  // namespace inquest::query
